// `mqbench run`.
#pragma once

#include <vector>

#include "base/result.h"
#include "mqbench/record.h"
#include "mqbench/run_args.h"

namespace mq {

// Runs it and prints the report; gives the exit code. An error is one of usage.
Result<int> run_load(const RunArgs& args);

// What the conditions say of a record. An error when one is about something that was not measured.
Result<std::vector<Threshold>> evaluate(const std::vector<Condition>& conditions,
                                        const Record& record);

}  // namespace mq
