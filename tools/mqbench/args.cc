#include "mqbench/args.h"

#include <string>

#include <CLI/CLI.hpp>

#include "mqbench/run_command.h"

namespace mq {
namespace {

// A command of the program; the usage line, the summary and, for --help, further text.
CLI::App& add(CLI::App& program, const std::string& name, const std::string& description,
              const std::string& footer = "") {
  CLI::App& command = *program.add_subcommand(name);
  command.description(description);
  command.footer(footer);
  command.set_help_flag("");
  return command;
}

}  // namespace

void declare(CLI::App& program, BenchArgs& args) {
  program.description(
      "COMMAND [OPTION]...\n\n"
      "Loads an MQTT broker, measures it, and says whether the figures can be believed.");
  program.require_subcommand(1);

  CLI::App& run = add(program, "run",
                      "[OPTION]...\n\n"
                      "Publishes at a planned rate and receives in the same process; reports "
                      "latency from the planned send time, and accounts for every message.",
                      "Examples:\n"
                      "  mqbench run --pubs 10 --subs 10 --rate 10k -q 1 -d 10s\n"
                      "  mqbench run --pattern fanout --subs 100 --rate 1k -s 64\n"
                      "  mqbench run --rate max --inflight 100 --json=result.json");
  declare(run, args.run);
  run.callback([&args] { args.command = [&args] { return run_load(args.run); }; });

  CLI::App& sink = add(program, "sink",
                       "[OPTION]...\n\n"
                       "A server that passes messages on and no more, with a known capacity and "
                       "known faults: to test a load tester against.",
                       "Examples:\n"
                       "  mqbench sink -p 1884\n"
                       "  mqbench sink -p 1884 --capacity 10k --drop 1000");
  declare(sink, args.sink);
  sink.callback([&args] { args.command = [&args] { return run_sink(args.sink); }; });
}

}  // namespace mq
