// mqbroker: an MQTT broker.
#include <unistd.h>

#include <string>

#include "common/console.h"
#include "common/exit_code.h"
#include "common/run.h"
#include "mqbroker/args.h"
#include "mqbroker/serve.h"

int main(int argc, char** argv) {
  mq::BrokerArgs args;
  return mq::run_program({
                             .name = "mqbroker",
                             .declare = [&args](CLI::App& app) { mq::declare(app, args); },
                             .run = [&args]() -> mq::Result<int> {
                               for (const std::string& warning : args.warnings) {
                                 mq::Console().warning(warning);
                               }
                               MQ_TRY(mq::ServeOptions options, mq::resolve(args));
                               mq::write_all(STDOUT_FILENO, args.printed);
                               if (args.check_config || args.print_config) return mq::kExitOk;
                               return mq::serve(options);
                             },
                         },
                         argc, argv);
}
