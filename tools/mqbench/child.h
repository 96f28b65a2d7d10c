// mqbench run by mqbench: a run of its own, with nothing left over from the one before.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace mq {

struct ChildResult {
  int exit_code = 0;
  std::string output;  // standard output
};

// Standard error stays what it is.
Result<ChildResult> run_self(const std::vector<std::string>& arguments);

}  // namespace mq
