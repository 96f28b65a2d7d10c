// The command line of mqbench: its commands.
#pragma once

#include <functional>

#include "base/result.h"
#include "mqbench/run_args.h"
#include "mqbench/sink_command.h"

namespace CLI {
class App;
}

namespace mq {

// What was typed for each command, and which it was.
struct BenchArgs {
  RunArgs run;
  SinkArgs sink;
  // Carries out the command that was chosen; gives the exit code.
  std::function<Result<int>()> command;
};

void declare(CLI::App& program, BenchArgs& args);

}  // namespace mq
