#include "codec/decode.h"

#include "base/utf8.h"
#include "codec/body_reader.h"
#include "codec/topic.h"

namespace mq {
namespace {

using enum ReasonCode;

// Every decoder fills its result in place and has one return at its end, so that no packet is
// copied on the way out: a quarter of the instructions for a small PUBLISH.

// [MQTT-2.1.3-1]
void check_flags(BodyReader& in, const Frame& frame, uint8_t wanted = 0) {
  if (frame.flags() != wanted) in.fail_at(0, kMalformedPacket, "fixed header flags are wrong");
}

// PUBREL, SUBSCRIBE and UNSUBSCRIBE [MQTT-3.6.1-1] [MQTT-3.8.1-1] [MQTT-3.10.1-1]. In 3.1 they are
// messages of QoS 1, and one that is sent again has DUP set.
void check_qos1_flags(BodyReader& in, const Frame& frame, Version version) {
  constexpr uint8_t kDup = 0x08;
  if (version == Version::kV31 && frame.flags() == (0x02 | kDup)) return;
  check_flags(in, frame, 0x02);
}

Properties v5_properties(BodyReader& in, Version version, PropertiesIn where) {
  return version == Version::kV5 ? in.properties(where) : Properties();
}

// A Reason Code that the standard lists for the packet, as [MQTT-3.4.2-1] and its like ask.
ReasonCode reason_code(BodyReader& in, ReasonIn packet) {
  const uint32_t at = in.offset();
  const auto code = static_cast<ReasonCode>(in.u8());
  if (!is_allowed(code, packet)) {
    in.fail_at(at, kMalformedPacket, "reason code is not one of this packet");
  }
  return code;
}

// The codes of SUBACK and UNSUBACK: the rest of the packet. 3.x has a single one for failure.
Bytes reason_codes(BodyReader& in, Version version, ReasonIn packet) {
  const uint32_t at = in.offset();
  const Bytes codes = in.rest();
  if (codes.empty()) in.fail_at(at, kMalformedPacket, "no reason code");
  for (const uint8_t& code : codes) {
    if (!is_allowed(static_cast<ReasonCode>(code), packet) ||
        (version != Version::kV5 && code > 0x80)) {
      in.fail_at(in.offset_of({&code, 1}), kMalformedPacket,
                 "reason code is not one of this packet");
    }
  }
  return codes;
}

// An empty topic has no counterpart among the Reason Codes of topics.
ReasonCode empty_topic_reason(Version version) {
  return version == Version::kV5 ? kProtocolError : kMalformedPacket;
}

// The closer look at a topic that is not plain, at its place in a packet. An empty one is left to
// the caller.
void check_topic_name(BodyReader& in, uint32_t at, std::string_view topic) {
  if (topic.empty()) return;
  const size_t error = utf8_error(topic);
  if (error != topic.size()) {  // [MQTT-3.3.2-1] [MQTT-3.1.3-11]
    in.fail_at(static_cast<uint32_t>(at + error), kMalformedPacket,
               "topic is not UTF-8 or contains U+0000");
  } else if (const char* fault = topic_name_fault(topic, UINT32_MAX)) {  // [MQTT-3.3.2-2]
    in.fail_at(at, kTopicNameInvalid, fault);
  }
}

constexpr std::string_view kName31 = "MQIsdp";
constexpr std::string_view kName = "MQTT";
constexpr uint8_t kBridgeBit = 0x80;

namespace connect_flags {
constexpr uint8_t kReserved = 0x01, kCleanStart = 0x02, kWill = 0x04, kWillQos = 0x18,
                  kWillRetain = 0x20, kPassword = 0x40, kUserName = 0x80;
}

void check_connect_flags(BodyReader& in, uint32_t at, uint8_t flags, Version version) {
  using namespace connect_flags;
  const auto fail = [&in, at](const char* what) { in.fail_at(at, kMalformedPacket, what); };
  // [MQTT-3.1.2-3]; 3.1 calls the bit unused.
  if ((flags & kReserved) != 0 && version != Version::kV31) fail("reserved connect flag is set");
  // [MQTT-3.1.2-11] [MQTT-3.1.2-13]
  if ((flags & kWill) == 0 && (flags & (kWillQos | kWillRetain)) != 0) {
    fail("will QoS or will retain without a will");
  }
  if ((flags & kWillQos) == kWillQos) fail("will QoS is 3");  // [MQTT-3.1.2-12]
  // [MQTT-3.1.2-22] of 3.1.1; 5.0 dropped the rule.
  if ((flags & kPassword) != 0 && (flags & kUserName) == 0 && version != Version::kV5) {
    fail("password without a user name");
  }
}

Will read_will(BodyReader& in, uint8_t flags, Version version) {
  Will will;
  will.qos = static_cast<Qos>((flags & connect_flags::kWillQos) >> 3);
  will.retain = (flags & connect_flags::kWillRetain) != 0;
  will.properties = v5_properties(in, version, PropertiesIn::kWill);
  const uint32_t topic_at = in.offset() + 2;
  will.topic = to_string_view(in.binary());
  if (will.topic.empty()) {
    in.fail_at(topic_at, empty_topic_reason(version), "will topic is empty");  // [MQTT-4.7.3-1]
  }
  if (!is_plain_topic_name(will.topic)) check_topic_name(in, topic_at, will.topic);
  will.payload = in.binary();
  return will;
}

// Picks out what every receiver of a PUBLISH asks for.
void read_publish_properties(BodyReader& in, Side from, Publish& packet) {
  packet.properties = in.properties(PropertiesIn::kPublish);
  if (packet.properties.empty()) return;
  for (auto it = packet.properties.begin(); it != packet.properties.end(); ++it) {
    if (it->id == PropertyId::kTopicAlias) {
      packet.topic_alias = static_cast<uint16_t>(it->number);
    } else if (it->id == PropertyId::kMessageExpiryInterval) {
      packet.expiry_s = it->number;
    } else if (it->id == PropertyId::kSubscriptionIdentifier) {
      packet.has_subscription_id = true;
      if (from == Side::kClient) {  // [MQTT-3.3.4-6]
        in.fail_at(in.offset_of(it.encoded()), kProtocolError,
                   "subscription identifier from a client");
      }
    }
  }
}

// The filters of SUBSCRIBE (with options) and UNSUBSCRIBE: the rest of the packet.
FilterList read_filters(BodyReader& in, Version version, bool with_options) {
  const uint32_t start = in.offset();
  // [MQTT-3.8.3-2] [MQTT-3.10.3-2]
  if (in.at_end()) in.fail_at(start, kProtocolError, "no topic filter");
  while (!in.at_end()) {
    const uint32_t at = in.offset();
    const std::string_view filter = in.utf8();
    if (filter.empty()) {  // [MQTT-4.7.3-1]
      in.fail_at(at, kProtocolError, "topic filter is empty");
    }
    if (!with_options) continue;
    const uint32_t options_at = in.offset();
    const uint8_t byte = in.u8();
    const auto fail = [&in, options_at](ReasonCode reason, const char* what) {
      in.fail_at(options_at, reason, what);
    };
    // [MQTT-3.8.3-5]; [MQTT-3.8.3-4] of 3.1.1, where a QoS of 3 is malformed, too.
    const bool v5 = version == Version::kV5;
    if ((byte & (v5 ? 0xC0 : 0xFC)) != 0) fail(kMalformedPacket, "reserved options are set");
    if ((byte & 0x03) == 3) fail(v5 ? kProtocolError : kMalformedPacket, "requested QoS is 3");
    if ((byte & 0x30) == 0x30) fail(kProtocolError, "retain handling is 3");
    if ((byte & 0x04) != 0 && is_shared(filter)) {  // [MQTT-3.8.3-4]
      fail(kProtocolError, "no local on a shared subscription");
    }
  }
  return {in.since(start), with_options};
}

// The "Sent by" column of table 3-10.
bool may_disconnect_with(ReasonCode code, Side side) {
  switch (code) {
    case kDisconnectWithWill: return side == Side::kClient;
    case kNotAuthorized:
    case kServerBusy:
    case kServerShuttingDown:
    case kKeepAliveTimeout:
    case kSessionTakenOver:
    case kTopicFilterInvalid:
    case kRetainNotSupported:
    case kQosNotSupported:
    case kUseAnotherServer:
    case kServerMoved:
    case kSharedSubscriptionsNotSupported:
    case kConnectionRateExceeded:
    case kMaximumConnectTime:
    case kSubscriptionIdentifiersNotSupported:
    case kWildcardSubscriptionsNotSupported: return side == Side::kServer;
    default: return true;
  }
}

// [MQTT-3.14.2-2]
void check_server_disconnect(BodyReader& in, const Properties& properties) {
  for (auto it = properties.begin(); it != properties.end(); ++it) {
    if (it->id == PropertyId::kSessionExpiryInterval) {
      in.fail_at(in.offset_of(it.encoded()), kProtocolError,
                 "session expiry interval from a server");
    }
  }
}

struct AckPlaces {
  ReasonIn reason;
  PropertiesIn properties;
};

AckPlaces ack_places(PacketType type) {
  switch (type) {
    case PacketType::kPubrec: return {ReasonIn::kPubrec, PropertiesIn::kPubrec};
    case PacketType::kPubrel: return {ReasonIn::kPubrel, PropertiesIn::kPubrel};
    case PacketType::kPubcomp: return {ReasonIn::kPubcomp, PropertiesIn::kPubcomp};
    default: return {ReasonIn::kPuback, PropertiesIn::kPuback};
  }
}

tl::unexpected<DecodeError> wrong_type(ReasonCode reason, const char* what) {
  return tl::unexpected(DecodeError{reason, 0, what});
}

}  // namespace

std::optional<uint8_t> peek_level(const Frame& frame) {
  BodyReader in(frame.body);
  const std::string_view name = in.utf8();
  const uint8_t level = in.u8();
  if (frame.type() != PacketType::kConnect || !in.ok() || (name != kName && name != kName31)) {
    return std::nullopt;
  }
  return static_cast<uint8_t>(level & ~kBridgeBit);
}

Decoded<Connect> decode_connect(const Frame& frame) {
  BodyReader in(frame.body);
  Decoded<Connect> result;
  Connect& packet = *result;
  check_flags(in, frame);
  const std::string_view name = in.utf8();
  const uint32_t level_at = in.offset();
  const uint8_t level = in.u8();
  const uint8_t plain_level = level & static_cast<uint8_t>(~kBridgeBit);
  packet.bridge = level != plain_level;
  if (name == kName31 && plain_level == 3) {
    packet.version = Version::kV31;
  } else if (name == kName && plain_level == 4) {
    packet.version = Version::kV311;
  } else if (name == kName && level == 5) {
    packet.version = Version::kV5;
  } else {  // [MQTT-3.1.2-1] [MQTT-3.1.2-2]
    in.fail_at(level_at, kUnsupportedProtocolVersion, "protocol name or level is not supported");
  }
  const Version version = packet.version;

  const uint32_t flags_at = in.offset();
  const uint8_t flags = in.u8();
  check_connect_flags(in, flags_at, flags, version);
  packet.clean_start = (flags & connect_flags::kCleanStart) != 0;
  packet.keep_alive_s = in.be16();
  packet.properties = v5_properties(in, version, PropertiesIn::kConnect);

  // [MQTT-3.1.3-1]: the payload's fields and their order.
  packet.client_id = in.utf8();
  if ((flags & connect_flags::kWill) != 0) packet.will = read_will(in, flags, version);
  // 3.1 (section 3.1): the Remaining Length takes precedence over the flags of user name and
  // password, for clients that are older than both.
  const bool may_be_missing = version == Version::kV31;
  const auto follows = [&](uint8_t flag) {
    return (flags & flag) != 0 && !(may_be_missing && in.at_end());
  };
  if (follows(connect_flags::kUserName)) packet.user_name = in.utf8();
  if (follows(connect_flags::kPassword)) packet.password = in.binary();
  if (!in.finish()) result = in.error();
  return result;
}

Decoded<Connack> decode_connack(const Frame& frame, Version version) {
  BodyReader in(frame.body);
  Decoded<Connack> result;
  Connack& packet = *result;
  check_flags(in, frame);
  const uint8_t flags = in.u8();
  if (version != Version::kV31) {  // which had no flags in this byte
    if (flags > 1) in.fail_at(0, kMalformedPacket, "reserved flags are set");  // [MQTT-3.2.2-1]
    packet.session_present = (flags & 1) != 0;
  }
  if (version == Version::kV5) {
    packet.reason = reason_code(in, ReasonIn::kConnack);  // [MQTT-3.2.2-8]
    packet.properties = in.properties(PropertiesIn::kConnack);
  } else {
    const uint8_t return_code = in.u8();
    if (return_code > 5) in.fail_at(1, kMalformedPacket, "return code is reserved");
    packet.reason = from_v3_connack(return_code);
  }
  if (packet.session_present && packet.reason != kSuccess) {  // [MQTT-3.2.2-6]
    in.fail_at(0, kProtocolError, "session present in a refusal");
  }
  if (!in.finish()) result = in.error();
  return result;
}

Decoded<Publish> decode_publish(const Frame& frame, Version version, Side from) {
  BodyReader in(frame.body);
  Decoded<Publish> result;
  Publish& packet = *result;
  const uint8_t qos = (frame.flags() >> 1) & 3;
  packet.dup = (frame.flags() & 0x08) != 0;
  packet.qos = static_cast<Qos>(qos);
  packet.retain = (frame.flags() & 0x01) != 0;
  if (qos == 3) in.fail_at(0, kMalformedPacket, "QoS is 3");                    // [MQTT-3.3.1-4]
  if (packet.dup && qos == 0) in.fail_at(0, kMalformedPacket, "DUP at QoS 0");  // [MQTT-3.3.1-2]

  packet.topic = to_string_view(in.binary());
  if (!is_plain_topic_name(packet.topic)) check_topic_name(in, 2, packet.topic);
  if (qos != 0) packet.packet_id = in.packet_id();  // [MQTT-2.2.1-2]
  if (version == Version::kV5) read_publish_properties(in, from, packet);
  if (packet.topic.empty() && packet.topic_alias == 0) {  // section 3.3.2.1
    in.fail_at(0, empty_topic_reason(version), "topic is empty");
  }
  packet.payload = in.rest();
  if (!in.finish()) result = in.error();
  return result;
}

Decoded<Ack> decode_ack(const Frame& frame, Version version) {
  BodyReader in(frame.body);
  Decoded<Ack> result;
  Ack& packet = *result;
  packet.type = frame.type();
  if (packet.type == PacketType::kPubrel) {
    check_qos1_flags(in, frame, version);
  } else {
    check_flags(in, frame);
  }
  packet.packet_id = in.packet_id();
  if (version == Version::kV5 && !in.at_end()) {
    const AckPlaces places = ack_places(packet.type);
    packet.reason = reason_code(in, places.reason);
    if (!in.at_end()) packet.properties = in.properties(places.properties);
  }
  if (!in.finish()) result = in.error();
  return result;
}

Decoded<Subscribe> decode_subscribe(const Frame& frame, Version version) {
  BodyReader in(frame.body);
  Decoded<Subscribe> result;
  Subscribe& packet = *result;
  check_qos1_flags(in, frame, version);
  packet.packet_id = in.packet_id();
  packet.properties = v5_properties(in, version, PropertiesIn::kSubscribe);
  packet.filters = read_filters(in, version, true);
  if (!in.finish()) result = in.error();
  return result;
}

Decoded<Suback> decode_suback(const Frame& frame, Version version) {
  BodyReader in(frame.body);
  Decoded<Suback> result;
  Suback& packet = *result;
  check_flags(in, frame);
  packet.packet_id = in.packet_id();
  packet.properties = v5_properties(in, version, PropertiesIn::kSuback);
  packet.codes = reason_codes(in, version, ReasonIn::kSuback);
  if (!in.finish()) result = in.error();
  return result;
}

Decoded<Unsubscribe> decode_unsubscribe(const Frame& frame, Version version) {
  BodyReader in(frame.body);
  Decoded<Unsubscribe> result;
  Unsubscribe& packet = *result;
  check_qos1_flags(in, frame, version);
  packet.packet_id = in.packet_id();
  packet.properties = v5_properties(in, version, PropertiesIn::kUnsubscribe);
  packet.filters = read_filters(in, version, false);
  if (!in.finish()) result = in.error();
  return result;
}

Decoded<Unsuback> decode_unsuback(const Frame& frame, Version version) {
  BodyReader in(frame.body);
  Decoded<Unsuback> result;
  Unsuback& packet = *result;
  check_flags(in, frame);
  packet.packet_id = in.packet_id();
  if (version == Version::kV5) {
    packet.properties = in.properties(PropertiesIn::kUnsuback);
    packet.codes = reason_codes(in, version, ReasonIn::kUnsuback);
  }
  if (!in.finish()) result = in.error();
  return result;
}

Decoded<Pingreq> decode_pingreq(const Frame& frame) {
  BodyReader in(frame.body);
  check_flags(in, frame);
  if (!in.finish()) return in.error();
  return Pingreq{};
}

Decoded<Pingresp> decode_pingresp(const Frame& frame) {
  BodyReader in(frame.body);
  check_flags(in, frame);
  if (!in.finish()) return in.error();
  return Pingresp{};
}

Decoded<Disconnect> decode_disconnect(const Frame& frame, Version version, Side from) {
  BodyReader in(frame.body);
  Decoded<Disconnect> result;
  Disconnect& packet = *result;
  check_flags(in, frame);  // [MQTT-3.14.1-1]
  if (version == Version::kV5 && !in.at_end()) {
    packet.reason = reason_code(in, ReasonIn::kDisconnect);  // [MQTT-3.14.2-1]
    if (!may_disconnect_with(packet.reason, from)) {
      in.fail_at(0, kProtocolError, "reason code is the other side's");
    }
    if (!in.at_end()) packet.properties = in.properties(PropertiesIn::kDisconnect);
    if (from == Side::kServer) check_server_disconnect(in, packet.properties);
  }
  if (!in.finish()) result = in.error();
  return result;
}

Decoded<Auth> decode_auth(const Frame& frame, Version version) {
  if (version != Version::kV5) return wrong_type(kMalformedPacket, "packet type is reserved");
  BodyReader in(frame.body);
  Decoded<Auth> result;
  Auth& packet = *result;
  check_flags(in, frame);  // [MQTT-3.15.1-1]
  // Section 3.15.2.1: both are omitted or none.
  if (!in.at_end()) {
    packet.reason = reason_code(in, ReasonIn::kAuth);  // [MQTT-3.15.2-1]
    packet.properties = in.properties(PropertiesIn::kAuth);
  }
  if (!in.finish()) result = in.error();
  return result;
}

Decoded<Packet> decode(const Frame& frame, Version version, Side from) {
  const auto out_of_place = [] {
    return wrong_type(kProtocolError, "packet is the other side's to send");
  };
  const bool client = from == Side::kClient;
  const bool v5 = version == Version::kV5;
  switch (frame.type()) {
    case PacketType::kConnect:
      if (!client) return out_of_place();
      return decode_connect(frame);
    case PacketType::kConnack:
      if (client) return out_of_place();
      return decode_connack(frame, version);
    case PacketType::kPublish: return decode_publish(frame, version, from);
    case PacketType::kPuback:
    case PacketType::kPubrec:
    case PacketType::kPubrel:
    case PacketType::kPubcomp: return decode_ack(frame, version);
    case PacketType::kSubscribe:
      if (!client) return out_of_place();
      return decode_subscribe(frame, version);
    case PacketType::kSuback:
      if (client) return out_of_place();
      return decode_suback(frame, version);
    case PacketType::kUnsubscribe:
      if (!client) return out_of_place();
      return decode_unsubscribe(frame, version);
    case PacketType::kUnsuback:
      if (client) return out_of_place();
      return decode_unsuback(frame, version);
    case PacketType::kPingreq:
      if (!client) return out_of_place();
      return decode_pingreq(frame);
    case PacketType::kPingresp:
      if (client) return out_of_place();
      return decode_pingresp(frame);
    case PacketType::kDisconnect:
      if (!client && !v5) return out_of_place();
      return decode_disconnect(frame, version, from);
    case PacketType::kAuth: return decode_auth(frame, version);
  }
  return wrong_type(kMalformedPacket, "packet type is reserved");
}

}  // namespace mq
