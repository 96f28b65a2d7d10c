// From a Frame to a packet: checks everything that can be checked without a session.
//
// No function allocates; all views are into frame.body. Flags, reserved bits, lengths, UTF-8,
// property rules, allowed reason codes and topic syntax are checked here. What depends on the
// state of the connection (topic alias known? receive maximum?) is the session's.
#pragma once

#include <optional>

#include "codec/decode_error.h"
#include "codec/packet.h"
#include "codec/version.h"

namespace mq {

// The protocol level byte of what looks like a CONNECT, bridge bit removed, when its protocol
// name is one of ours: lets a server answer kUnsupportedProtocolVersion in the peer's own format
// [MQTT-3.1.2-2].
std::optional<uint8_t> peek_level(const Frame& frame);

Decoded<Connect> decode_connect(const Frame& frame);
Decoded<Connack> decode_connack(const Frame& frame, Version version);
// `from` matters: a client must not send Subscription Identifiers [MQTT-3.3.4-6]. The number of
// levels of the topic is the receiver's to limit.
Decoded<Publish> decode_publish(const Frame& frame, Version version, Side from);
// PUBACK, PUBREC, PUBREL, PUBCOMP.
Decoded<Ack> decode_ack(const Frame& frame, Version version);
// Filters are UTF-8 and not empty; their wildcards are left to topic_filter_fault(), because a
// server answers a filter that it does not take in SUBACK and not by closing.
Decoded<Subscribe> decode_subscribe(const Frame& frame, Version version);
Decoded<Suback> decode_suback(const Frame& frame, Version version);
Decoded<Unsubscribe> decode_unsubscribe(const Frame& frame, Version version);
Decoded<Unsuback> decode_unsuback(const Frame& frame, Version version);
Decoded<Pingreq> decode_pingreq(const Frame& frame);
Decoded<Pingresp> decode_pingresp(const Frame& frame);
Decoded<Disconnect> decode_disconnect(const Frame& frame, Version version, Side from);
Decoded<Auth> decode_auth(const Frame& frame, Version version);

// Any of them, by the type in the frame. Types that `from` never sends are kProtocolError, types
// that do not exist kMalformedPacket.
Decoded<Packet> decode(const Frame& frame, Version version, Side from);

}  // namespace mq
