// mqbroker: an MQTT broker.
#include "common/run.h"
#include "mqbroker/args.h"
#include "mqbroker/serve.h"

int main(int argc, char** argv) {
  mq::BrokerArgs args;
  return mq::run_program({
                             .name = "mqbroker",
                             .declare = [&args](CLI::App& app) { mq::declare(app, args); },
                             .run = [&args]() -> mq::Result<int> {
                               MQ_TRY(mq::ServeOptions options, mq::resolve(args));
                               return mq::serve(options);
                             },
                         },
                         argc, argv);
}
