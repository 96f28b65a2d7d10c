// The command line of mqbench: its commands.
#pragma once

#include <functional>

#include "base/result.h"
#include "mqbench/quick_command.h"
#include "mqbench/result_commands.h"
#include "mqbench/run_args.h"
#include "mqbench/scenario_command.h"
#include "mqbench/search_command.h"
#include "mqbench/side_commands.h"
#include "mqbench/sink_command.h"
#include "mqbench/storm_args.h"

namespace CLI {
class App;
}

namespace mq {

// What was typed for each command, and which it was.
struct BenchArgs {
  QuickArgs quick;
  RunArgs run;
  SearchArgs search;
  SideArgs conn{SideArgs::Kind::kConn}, pub{SideArgs::Kind::kPub}, sub{SideArgs::Kind::kSub};
  StormArgs storm;
  ScenarioArgs scenario;
  ReportArgs report, merge;
  CompareArgs compare;
  AbArgs ab;
  SinkArgs sink;
  // Carries out the command that was chosen; gives the exit code.
  std::function<Result<int>()> command;
};

void declare(CLI::App& program, BenchArgs& args);

}  // namespace mq
