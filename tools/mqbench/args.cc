#include "mqbench/args.h"

#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "mqbench/doctor_command.h"
#include "mqbench/run_command.h"
#include "mqbench/storm_command.h"

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

// What is not an option: names of files, which the usage line tells of.
void take_files(CLI::App& command, std::vector<std::string>& files) {
  command.add_option("FILE", files)->required()->type_name("FILE")->group("");
}

}  // namespace

void declare(CLI::App& program, BenchArgs& args) {
  program.description(
      "[OPTION]...\nCOMMAND [OPTION]...\n\n"
      "Loads an MQTT broker, measures it, and says whether the figures can be believed.");
  program.require_subcommand(1);

  CLI::App& quick = add(program, "quick",
                        "[OPTION]...\n\n"
                        "A look at a broker in about ten seconds: latency, throughput, fan-out, "
                        "connections. What mqbench does without a command.");
  declare(quick, args.quick);
  quick.callback([&args] { args.command = [&args] { return run_quick(args.quick); }; });

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

  const auto add_side = [&](const char* name, SideArgs& side, const char* summary,
                            const char* example) {
    CLI::App& command = add(program, name, std::string("[OPTION]...\n\n") + summary,
                            std::string("Examples:\n  ") + example);
    declare(command, side);
    command.callback([&] { args.command = [&] { return run_side(side); }; });
  };
  add_side("conn", args.conn, "Connects clients and holds the connections.",
           "mqbench conn -c 10000 -R 1000 -d 60");
  add_side("pub", args.pub, "Publishes, with emqtt-bench's options.",
           "mqbench pub -c 100 -I 10 -t 'x/%i' -s 256 -L 100000");
  add_side("sub", args.sub, "Subscribes and counts what comes, with emqtt-bench's options.",
           "mqbench sub -c 10 -t 'x/#' -q 1");

  CLI::App& search =
      add(program, "search",
          "[OPTION]...\n\n"
          "Finds the highest rate at which the broker does what is asked of it.",
          "Examples:\n"
          "  mqbench search\n"
          "  mqbench search --slo 'p99<5ms' --slo 'loss<=0' -q 1 --pubs 10 --subs 10");
  declare(search, args.search);
  search.callback([&args] { args.command = [&args] { return run_search(args.search); }; });

  CLI::App& storm = add(
      program, "storm",
      "[OPTION]...\n\n"
      "Many connections at once: how long the clients take to connect, or to come back, and "
      "what that does to messages meanwhile.",
      "Examples:\n"
      "  mqbench storm -c 10000\n"
      "  mqbench storm --mode reconnect -c 5000 --percent 80 --reconnect-delay 1,30 --within 60\n"
      "  mqbench storm --mode churn --conn-rate 500 -d 30");
  declare(storm, args.storm);
  storm.callback([&args] { args.command = [&args] { return run_storm(args.storm); }; });

  CLI::App& scenario =
      add(program, "scenario",
          "FILE [OPTION]...\n--preset NAME [OPTION]...\n\n"
          "Carries out what a file of YAML or JSON describes: groups of clients that publish and "
          "subscribe to different things at the same time.",
          "Examples:\n"
          "  mqbench scenario plant.yaml -h broker --fail-if 'sensors:p99>50ms'\n"
          "  mqbench scenario --preset telemetry --print > plant.yaml");
  scenario.add_option("FILE", args.scenario.files)->expected(0, 1)->type_name("FILE")->group("");
  declare(scenario, args.scenario);
  scenario.callback([&args] { args.command = [&args] { return run_scenario(args.scenario); }; });

  CLI::App& ab = add(program, "ab",
                     "--a OPTIONS --b OPTIONS [OPTION]...\n\n"
                     "Compares two brokers, or two ways to use one, by runs of each in turn.",
                     "Examples:\n"
                     "  mqbench ab --a '-p 1883' --b '-p 1884' --run '--rate 5k -d 5 -q 1'");
  declare(ab, args.ab);
  ab.callback([&args] { args.command = [&args] { return run_ab(args.ab); }; });

  CLI::App& compare = add(program, "compare",
                          "FILE FILE [OPTION]...\n\n"
                          "Compares the results in two files of JSON, a line for each run.");
  take_files(compare, args.compare.files);
  declare(compare, args.compare);
  compare.callback([&args] { args.command = [&args] { return run_compare(args.compare); }; });

  CLI::App& merge = add(program, "merge",
                        "FILE... [OPTION]...\n\n"
                        "Adds up the results of shards, or histogram logs, exactly. Finds results "
                        "among other lines, too; - is standard input.",
                        "Examples:\n"
                        "  mqbench merge shard0.json shard1.json --fail-if 'p99>20ms'");
  take_files(merge, args.merge.files);
  declare(merge, args.merge);
  merge.callback([&args] { args.command = [&args] { return run_merge(args.merge); }; });

  CLI::App& report = add(program, "report",
                         "FILE [OPTION]...\n\n"
                         "Shows a result that was stored as JSON, in any of the forms; or what a "
                         "histogram log adds up to.",
                         "Examples:\n"
                         "  mqbench report result.json --html result.html");
  take_files(report, args.report.files);
  declare(report, args.report);
  report.callback([&args] { args.command = [&args] { return run_report(args.report); }; });

  CLI::App& doctor =
      add(program, "doctor", "\n\nShows what of this machine limits a load test, and what helps.");
  doctor.callback([&args] { args.command = run_doctor; });

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
