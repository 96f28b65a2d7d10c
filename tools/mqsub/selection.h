// Which of the messages that arrive are wanted.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/string_map.h"
#include "base/time.h"
#include "clients/text_pattern.h"
#include "codec/packet.h"

namespace mq {

struct SelectionOptions {
  bool no_retained = false;
  std::vector<std::string> filter_out = {};         // topic filters
  std::vector<TextPattern> found_in_topic = {};     // every one of them
  std::vector<TextPattern> found = {}, not_found = {};  // every one of them, none of them
  bool on_change = false;
  Duration sample{};  // at most one message of a topic in so much time
};

// Topics are remembered for on_change and sample only, and no more than kTopicsMax: then all of
// them are forgotten, and each next message is wanted again.
class Selection {
 public:
  static constexpr size_t kTopicsMax = 1'000'000;

  explicit Selection(SelectionOptions options) : options_(std::move(options)) {}
  bool takes(const Publish& publish, Now now);

 private:
  struct Last {
    size_t size = 0;
    size_t hash = 0;  // of the payload
    Time taken{};
  };

  bool takes_after_last(const Publish& publish, Now now);

  SelectionOptions options_;
  StringMap<Last> topics_;
};

}  // namespace mq
