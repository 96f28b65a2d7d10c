// `mqbench doctor`.
#pragma once

#include "base/result.h"

namespace mq {

// Prints what of this machine limits a load test, and what to do about it; gives the exit code.
Result<int> run_doctor();

}  // namespace mq
