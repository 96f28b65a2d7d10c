// What a bridge carries from broker to broker, and what it says about itself.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bridge/topic_map.h"

namespace mq {

struct BridgeOptions {
  std::string name;
  std::string via;  // what our own broker is called on the way of a message (session/via.h)
  TopicMap topics;

  bool outgoing_retain = true;      // else RETAIN is taken off what the remote broker is sent
  bool attempt_unsubscribe = true;  // there, from what goes only the other way
  // Where "1" and "0" say, retained, whether both ends are connected. Empty: nowhere.
  std::string notification_topic;
  bool notify_remote = true;

  // Memory of messages that wait to be sent to one end before the other is not read. Of QoS 1 and
  // 2 no more than the windows of both can wait anyway.
  uint64_t queued_bytes_max = 1 << 20;
};

}  // namespace mq
