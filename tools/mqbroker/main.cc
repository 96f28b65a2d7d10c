// mqbroker: an MQTT broker.
#include <unistd.h>

#include <span>
#include <string>

#include "common/console.h"
#include "common/exit_code.h"
#include "common/run.h"
#include "mqbroker/args.h"
#include "mqbroker/serve.h"

int main(int argc, char** argv) {
  mq::BrokerArgs args;
  return mq::run_program(
      {
          .name = "mqbroker",
          .declare = [&args](CLI::App& app) { mq::declare(app, args); },
          .run = [&args, argc, argv]() -> mq::Result<int> {
            if (args.passwd.chosen) return mq::run_passwd(args.passwd);
            for (const std::string& warning : args.warnings) {
              mq::Console().warning(warning);
            }
            MQ_TRY(mq::ServeOptions options, mq::resolve(args));
            mq::write_all(STDOUT_FILENO, args.printed);
            if (args.print_config) return mq::kExitOk;
            if (args.check_config) return mq::check_files(options);
            const auto words = std::span(argv, static_cast<size_t>(argc)).subspan(1);
            return mq::serve(options, [words] { return mq::read_settings(words); });
          },
      },
      argc, argv);
}
