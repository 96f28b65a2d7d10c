// mqrr: sends a request and prints the response.
#include "common/run.h"
#include "mqrr/args.h"
#include "mqrr/requester.h"

int main(int argc, char** argv) {
  mq::RequestArgs args;
  return mq::run_program(
      {
          .name = "mqrr",
          .stands_in_for = "mosquitto_rr",
          .declare = [&args](CLI::App& app) { mq::declare(app, args); },
          .run = [&args]() -> mq::Result<int> {
            MQ_TRY(mq::RequestOrRespond options, mq::resolve(args));
            if (auto* responder = std::get_if<mq::ResponderOptions>(&options)) {
              return mq::respond(std::move(*responder));
            }
            return mq::request(std::get<mq::RequesterOptions>(std::move(options)));
          },
      },
      argc, argv);
}
