// mqrr's command line.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "base/result.h"
#include "clients/message_args.h"
#include "clients/output_args.h"
#include "common/connect_args.h"
#include "mqrr/requester.h"
#include "mqrr/responder.h"

namespace CLI {
class App;
}

namespace mq {

// What was typed.
struct RequestArgs {
  RequestArgs() { connect.version = Version::kV5; }

  ConnectArgs connect;
  MessageArgs message;
  PrintingArgs output;
  std::optional<std::string> response_topic;
  bool latency = false;
  uint32_t lines = 0;
  std::optional<uint32_t> repeat;
  Duration repeat_delay{};
  std::optional<std::string> responder;
  uint32_t jobs_max = 1;
  uint64_t response_max = 1 << 20;
  bool no_retained = false;
  bool retain_as_published = false;
  std::optional<RetainHandling> retain_handling;
  std::optional<Duration> timeout;
};

void declare(CLI::App& app, RequestArgs& args);
// What it means; reads the file that is to be sent. --responder makes it the other end.
using RequestOrRespond = std::variant<RequesterOptions, ResponderOptions>;
Result<RequestOrRespond> resolve(const RequestArgs& args);

}  // namespace mq
