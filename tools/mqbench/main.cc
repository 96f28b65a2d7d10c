// mqbench: loads an MQTT broker and measures it.
#include "common/exit_code.h"
#include "common/run.h"
#include "mqbench/args.h"

int main(int argc, char** argv) {
  mq::BenchArgs args;
  return mq::run_program(
      {
          .name = "mqbench",
          .usage_error = mq::kExitUsage,
          .declare = [&args](CLI::App& app) { mq::declare(app, args); },
          .run = [&args] { return args.command(); },
      },
      argc, argv);
}
