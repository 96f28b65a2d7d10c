// The skeleton of every tool: declare, parse, resolve, run.
#pragma once

#include <functional>
#include <string_view>

#include "base/result.h"
#include "common/argv.h"

namespace CLI {
class App;
}

namespace mq {

struct Program {
  std::string_view name;
  // The program of mosquitto whose options file is read when there is none of ours; empty when no
  // options file is.
  std::string_view stands_in_for = {};
  OptionAdvice advice = nullptr;  // on options that it does not have
  int usage_error = 1;            // exit code of a command line that cannot be used
  // Declares the options, bound to the arguments that `run` reads.
  std::function<void(CLI::App&)> declare;
  // Resolves the arguments and does the work; gives the exit code. An error is one of usage.
  std::function<Result<int>()> run;
};

// main(). Adds --help and --version, and ends with 0 after them. Writing to a closed pipe is an
// error like any other, and not a signal.
int run_program(const Program& program, int argc, char** argv);

}  // namespace mq
