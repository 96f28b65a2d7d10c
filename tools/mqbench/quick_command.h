// `mqbench` and `mqbench quick`.
#pragma once

#include "base/result.h"
#include "mqbench/run_args.h"

namespace CLI {
class App;
}

namespace mq {

struct QuickArgs {
  RunArgs run;
};

void declare(CLI::App& app, QuickArgs& args);

// About ten seconds; gives the exit code. An error is one of usage.
Result<int> run_quick(const QuickArgs& args);

}  // namespace mq
