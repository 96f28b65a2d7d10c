// Queues the packets that are sent too rarely to have a queue entry of their own.
#pragma once

#include <type_traits>

#include "broker/broker.h"
#include "codec/encode.h"

namespace mq {

// Encodes `packet` for the connection. When it exceeds the client's Maximum Packet Size, it goes
// without its properties, which are a Reason String [MQTT-3.14.2-3] (but for those of AUTH, which
// is made of them); when it still exceeds it, nothing is sent [MQTT-3.1.2-24] and the answer is
// false.
template <class Packet>
bool Broker::send_control(Connection& c, const Packet& packet) {
  scratch_.clear();
  encode(packet, c.version, scratch_);
  if constexpr (requires { packet.properties; } && !std::is_same_v<Packet, Auth>) {
    if (scratch_.size() > c.packet_max && !packet.properties.empty()) {
      Packet bare = packet;
      bare.properties = {};
      scratch_.clear();
      encode(bare, c.version, scratch_);
    }
  }
  if (scratch_.size() > c.packet_max) return false;
  c.out.push_control([&](Buffer& to) { to.append(scratch_.bytes()); });
  mark_dirty(c);
  return true;
}

}  // namespace mq
