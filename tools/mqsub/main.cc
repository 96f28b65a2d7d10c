// mqsub: prints the messages of subscriptions.
#include "common/run.h"
#include "mqsub/args.h"
#include "mqsub/subscriber.h"

int main(int argc, char** argv) {
  mq::SubArgs args;
  return mq::run_program({
                             .name = "mqsub",
                             .stands_in_for = "mosquitto_sub",
                             .declare = [&args](CLI::App& app) { mq::declare(app, args); },
                             .run = [&args]() -> mq::Result<int> {
                               if (args.probe) {
                                 MQ_TRY(mq::ProbeOptions probed, mq::resolve_probe(args));
                                 return mq::probe(std::move(probed));
                               }
                               MQ_TRY(mq::SubscriberOptions options, mq::resolve(args));
                               return mq::subscribe(std::move(options));
                             },
                         },
                         argc, argv);
}
