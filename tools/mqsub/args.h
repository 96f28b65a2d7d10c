// mqsub's command line.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "codec/packet.h"
#include "common/connect_args.h"
#include "mqsub/subscriber.h"

namespace CLI {
class App;
}

namespace mq {

// What was typed.
struct SubArgs {
  ConnectArgs connect;
  std::vector<std::string> topics;
  std::vector<std::string> unsubscribe;
  std::vector<std::string> filter_out;
  Qos qos = Qos::kAtMostOnce;
  bool verbose = false;
  bool no_newline = false;
  std::optional<std::string> format;
  std::optional<uint64_t> count;
  std::optional<Duration> timeout;
  bool exit_after_subscribe = false;
  bool no_retained = false;
  bool retained_only = false;
  bool retain_as_published = false;
  std::optional<RetainHandling> retain_handling;
};

void declare(CLI::App& app, SubArgs& args);
Result<SubscriberOptions> resolve(const SubArgs& args);

}  // namespace mq
