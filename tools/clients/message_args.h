// The options of mqpub and mqrr for the message that is sent.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "codec/version.h"

namespace CLI {
class App;
}

namespace mq {

// What was typed.
struct MessageArgs {
  std::optional<std::string> topic;
  std::vector<std::string> messages;
  std::vector<std::string> files;
  uint32_t stdin_file = 0;
  uint32_t null_message = 0;
  std::optional<Qos> qos;  // without: what the URL says, or 0

  // How many times it was said what to send.
  size_t given() const { return messages.size() + files.size() + stdin_file + null_message; }
};

void declare(CLI::App& app, MessageArgs& args);

// The payload; reads the file. REQUIRES: given() == 1
Result<std::string> read_payload(const MessageArgs& args);

}  // namespace mq
