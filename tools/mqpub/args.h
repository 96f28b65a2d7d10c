// mqpub's command line.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "clients/message_args.h"
#include "clients/notation.h"
#include "codec/version.h"
#include "common/connect_args.h"
#include "mqpub/publisher.h"

namespace CLI {
class App;
}

namespace mq {

enum class PayloadFill : uint8_t { kRandom, kZero, kSequence };

// What was typed.
struct PubArgs {
  ConnectArgs connect;
  MessageArgs message;
  std::vector<std::string> to;
  uint32_t lines = 0;
  bool retain = false;

  bool null_records = false;
  std::optional<std::string> delimiter;
  bool keep_newline = false;
  bool skip_empty = false;
  std::optional<std::string> topic_separator;
  bool json_lines = false;
  std::optional<Notation> encode;
  bool fill_template = false;
  bool stamp = false;
  std::optional<uint64_t> payload_size;
  PayloadFill payload_fill = PayloadFill::kRandom;

  std::optional<uint32_t> repeat;
  Duration repeat_delay{};
  bool forever = false;
  std::optional<std::string> rate;
  std::optional<Duration> interval;
  bool replay = false;
  double speed = 1;

  std::optional<std::string> spool;
  uint64_t spool_size = SpoolOptions().size_max;
  uint32_t queue_max = 1000;
  bool ignore_denied = false;
  bool require_subscriber = false;
};

void declare(CLI::App& app, PubArgs& args);

// What it means; reads the file that is to be sent.
Result<PublisherOptions> resolve(const PubArgs& args);

}  // namespace mq
