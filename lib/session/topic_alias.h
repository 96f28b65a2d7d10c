// Topic Aliases of one connection, one class for each direction (section 3.3.2.3.4).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/string_map.h"

namespace mq {

// Aliases that the peer set. Memory follows the aliases in use, not the maximum; bytes() is there
// to be limited.
class InboundAliases {
 public:
  // Remembers it. REQUIRES: 1 <= alias <= the maximum we announced
  void set(uint16_t alias, std::string_view topic) {
    std::string& kept = topics_[alias];
    bytes_ += topic.size() - kept.size();
    kept = topic;
  }
  // The topic, empty when the alias was not set.
  std::string_view find(uint16_t alias) const {
    const auto it = topics_.find(alias);
    return it == topics_.end() ? std::string_view() : it->second;
  }
  size_t bytes() const { return bytes_; }
  void clear() {
    std::unordered_map<uint16_t, std::string>().swap(topics_);
    bytes_ = 0;
  }

 private:
  std::unordered_map<uint16_t, std::string> topics_;
  size_t bytes_ = 0;
};

// Aliases that we set: first come, first served up to the peer's maximum, or to as many as may
// take memory here.
class OutboundAliases {
 public:
  static constexpr size_t kBytesMax = 1 << 20;  // of topics
  struct Use {
    uint16_t alias = 0;  // 0: none, send the topic
    bool known = false;  // the peer has it: the topic can be left out
  };

  void set_maximum(uint16_t maximum) { maximum_ = maximum; }
  uint16_t maximum() const { return maximum_; }

  // What to send with this topic. An alias that is not known yet counts only once learned().
  Use find(std::string_view topic) const {
    if (maximum_ == 0) return {};
    if (const auto it = aliases_.find(topic); it != aliases_.end()) return {it->second, true};
    if (aliases_.size() == maximum_ || bytes_ + topic.size() > kBytesMax) return {};
    return {static_cast<uint16_t>(aliases_.size() + 1), false};
  }
  // The packet that carries the alias find() proposed has been written.
  void learned(std::string_view topic) {
    aliases_.emplace(topic, static_cast<uint16_t>(aliases_.size() + 1));
    bytes_ += topic.size();
  }
  // Every connection starts without any [MQTT-3.3.2-7].
  void clear() {
    aliases_.clear();
    maximum_ = 0;
    bytes_ = 0;
  }

 private:
  StringMap<uint16_t> aliases_;
  uint16_t maximum_ = 0;
  size_t bytes_ = 0;
};

}  // namespace mq
