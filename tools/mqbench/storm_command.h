// `mqbench storm`.
#pragma once

#include "base/result.h"
#include "mqbench/storm_args.h"

namespace mq {

// Runs it and prints the report; gives the exit code. An error is one of usage.
Result<int> run_storm(const StormArgs& args);

}  // namespace mq
