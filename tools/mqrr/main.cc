// mqrr: sends a request and prints the response.
#include "common/run.h"
#include "mqrr/args.h"
#include "mqrr/requester.h"

int main(int argc, char** argv) {
  mq::RequestArgs args;
  return mq::run_program({
                             .name = "mqrr",
                             .stands_in_for = "mosquitto_rr",
                             .declare = [&args](CLI::App& app) { mq::declare(app, args); },
                             .run = [&args]() -> mq::Result<int> {
                               MQ_TRY(mq::RequesterOptions options, mq::resolve(args));
                               return mq::request(std::move(options));
                             },
                         },
                         argc, argv);
}
