// Which topics a bridge carries, which way, and what they are called at the other end.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "codec/packet.h"

namespace mq {

enum class BridgeEnd : uint8_t { kLocal, kRemote };

constexpr BridgeEnd other(BridgeEnd end) {
  return end == BridgeEnd::kLocal ? BridgeEnd::kRemote : BridgeEnd::kLocal;
}

enum class BridgeDirection : uint8_t { kOut, kIn, kBoth };

// As `topic PATTERN DIRECTION QOS LOCAL-PREFIX REMOTE-PREFIX` says it.
struct BridgeTopic {
  std::string pattern;
  BridgeDirection direction = BridgeDirection::kOut;
  Qos qos = Qos::kAtMostOnce;
  std::string local_prefix = {}, remote_prefix = {};
};

class TopicMap {
 public:
  struct Filter {
    std::string filter;
    Qos qos;
  };

  TopicMap() = default;
  // Prefixes have no wildcards, and an empty pattern stands for one topic that both prefixes name.
  // The prefix of the end that messages come from may begin with $share/NAME/.
  static Result<TopicMap> make(const std::vector<BridgeTopic>& topics);

  // What to subscribe to at an end, each filter once.
  std::vector<Filter> subscriptions(BridgeEnd at) const;
  // What is only published there, and may have been subscribed to by an earlier configuration.
  std::vector<std::string> only_published(BridgeEnd at) const;

  // Of the first topic that it matches; false when none does, or when nothing would be left of it.
  bool map(BridgeEnd from, std::string_view topic, std::string& to) const;

 private:
  struct Side {
    std::string filter;  // to subscribe to, $share/NAME/ included
    std::string match;   // without
    std::string prefix;
  };
  struct Rule {
    bool out = false, in = false;
    Qos qos = Qos::kAtMostOnce;
    Side local, remote;

    bool comes_from(BridgeEnd end) const { return end == BridgeEnd::kLocal ? out : in; }
    const Side& at(BridgeEnd end) const { return end == BridgeEnd::kLocal ? local : remote; }
  };

  static Result<Side> side(const BridgeTopic& topic, const std::string& prefix, bool subscribes,
                           bool publishes);

  std::vector<Rule> rules_;
};

}  // namespace mq
