// mqrr's command line.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "clients/message_args.h"
#include "clients/output_args.h"
#include "common/connect_args.h"
#include "mqrr/requester.h"

namespace CLI {
class App;
}

namespace mq {

// What was typed.
struct RequestArgs {
  RequestArgs() { connect.version = Version::kV5; }

  ConnectArgs connect;
  MessageArgs message;
  OutputArgs output;
  std::optional<std::string> response_topic;
  bool latency = false;
  bool no_retained = false;
  bool retain_as_published = false;
  std::optional<RetainHandling> retain_handling;
  std::optional<Duration> timeout;
};

void declare(CLI::App& app, RequestArgs& args);
// What it means; reads the file that is to be sent.
Result<RequesterOptions> resolve(const RequestArgs& args);

}  // namespace mq
