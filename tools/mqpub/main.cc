// mqpub: publishes messages.
#include "common/run.h"
#include "mqpub/args.h"
#include "mqpub/publisher.h"

int main(int argc, char** argv) {
  mq::PubArgs args;
  return mq::run_program({
                             .name = "mqpub",
                             .stands_in_for = "mosquitto_pub",
                             .declare = [&args](CLI::App& app) { mq::declare(app, args); },
                             .run = [&args]() -> mq::Result<int> {
                               MQ_TRY(mq::PublisherOptions options, mq::resolve(args));
                               return mq::publish(std::move(options));
                             },
                         },
                         argc, argv);
}
