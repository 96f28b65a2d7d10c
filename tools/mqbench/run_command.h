// `mqbench run`.
#pragma once

#include "base/result.h"
#include "mqbench/run_args.h"

namespace mq {

// Runs it and prints the report; gives the exit code. An error is one of usage.
Result<int> run_load(const RunArgs& args);

}  // namespace mq
