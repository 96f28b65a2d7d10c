// mqbench: loads an MQTT broker and measures it.
#include <string>
#include <string_view>
#include <vector>

#include "common/exit_code.h"
#include "common/run.h"
#include "mqbench/args.h"
#include "mqbench/emqtt_advice.h"

namespace {

// Options of the program itself; with any other, or none, the command is `quick`.
bool is_of_program(std::string_view word) {
  return word == "--help" || word == "--version" || word == "--generate";
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<char*> words(argv, argv + argc);
  std::string quick = "quick";
  if (argc == 1 || (argv[1][0] == '-' && !is_of_program(argv[1]))) {
    words.insert(words.begin() + 1, quick.data());
  }
  mq::BenchArgs args;
  return mq::run_program({
                             .name = "mqbench",
                             .advice = mq::emqtt_advice,
                             .usage_error = mq::kExitUsage,
                             .declare = [&args](CLI::App& app) { mq::declare(app, args); },
                             .run = [&args] { return args.command(); },
                         },
                         static_cast<int>(words.size()), words.data());
}
