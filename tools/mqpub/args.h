// mqpub's command line.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "codec/version.h"
#include "common/connect_args.h"
#include "mqpub/publisher.h"

namespace CLI {
class App;
}

namespace mq {

// What was typed.
struct PubArgs {
  ConnectArgs connect;
  std::optional<std::string> topic;
  std::vector<std::string> messages;
  std::vector<std::string> files;
  uint32_t stdin_file = 0;
  uint32_t stdin_lines = 0;
  uint32_t null_message = 0;
  Qos qos = Qos::kAtMostOnce;
  bool retain = false;
  std::optional<uint32_t> repeat;
  Duration repeat_delay{};
  uint32_t queue_max = 1000;
  bool ignore_denied = false;
};

void declare(CLI::App& app, PubArgs& args);

// What it means; reads the file that is to be sent.
Result<PublisherOptions> resolve(const PubArgs& args);

}  // namespace mq
