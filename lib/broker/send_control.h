// Queues the packets that are sent too rarely to have a queue entry of their own.
#pragma once

#include "broker/broker.h"
#include "codec/encode.h"

namespace mq {

// Encodes `packet` for the connection. When it exceeds the client's Maximum Packet Size, it goes
// without its properties (reason strings are the first to leave out); when it still exceeds it,
// the connection cannot be served and ends [MQTT-3.1.2-24].
template <class Packet>
void Broker::send_control(Connection& c, const Packet& packet) {
  scratch_.clear();
  encode(packet, c.version, scratch_);
  if constexpr (requires { packet.properties; }) {
    if (scratch_.size() > c.packet_max && !packet.properties.empty()) {
      Packet bare = packet;
      bare.properties = {};
      scratch_.clear();
      encode(bare, c.version, scratch_);
    }
  }
  mark_dirty(c);
  if (scratch_.size() > c.packet_max) {
    c.state = Connection::State::kClosing;
    return;
  }
  c.out.push_control([&](Buffer& to) { to.append(scratch_.bytes()); });
}

}  // namespace mq
