#include "sim/wire_tap.h"

#include <algorithm>
#include <functional>

#include <fmt/core.h>

#include "sim/failure.h"

namespace mq::sim {

void WireTap::fail(const std::string& what) const {
  throw Failure(fmt::format("on the wire, {}: {}", name_, what));
}

std::optional<Frame> WireTap::next(FrameReader& reader, Bytes& bytes) {
  const auto frame = reader.next(bytes);
  if (!frame) fail(fmt::format("no packet: {}", frame.error().what));
  return *frame;
}

Packet WireTap::read(const Frame& frame, Side from) {
  if (frame.type() == PacketType::kConnect) {
    const auto connect = decode_connect(frame);
    if (!connect) fail(fmt::format("faulty CONNECT: {}", connect.error().what));
    version_ = connect->version;
  }
  auto packet = decode(frame, version_, from);
  if (!packet) fail(fmt::format("faulty {}: {}", name(frame.type()), packet.error().what));
  if (auto* publish = std::get_if<Publish>(&*packet)) {
    resolve(*publish, from == side_ ? aliases_out_ : aliases_in_);
  }
  return *packet;
}

void WireTap::resolve(Publish& publish, Aliases& aliases) {
  if (publish.topic_alias == 0) return;
  if (publish.topic_alias > aliases.maximum) {  // [MQTT-3.3.2-9] [MQTT-3.3.2-10]
    fail(fmt::format("topic alias {} is over the maximum {}", publish.topic_alias,
                     aliases.maximum));
  }
  std::string& topic = aliases.topics[publish.topic_alias];
  if (!publish.topic.empty()) topic = publish.topic;
  if (topic.empty()) fail(fmt::format("topic alias {} was not set", publish.topic_alias));
  publish.topic = topic;
}

void WireTap::check_sent(const Packet& packet, size_t size) {
  // [MQTT-3.1.2-24] [MQTT-3.2.2-15]
  if (size > peer_packet_max_) {
    fail(fmt::format("a packet of {} bytes is over the maximum of {}", size, peer_packet_max_));
  }
  if (said_goodbye_) fail("a packet after DISCONNECT or a refusal");  // [MQTT-3.14.4-1]
  const bool opening = side_ == Side::kClient ? std::holds_alternative<Connect>(packet)
                                              : std::holds_alternative<Connack>(packet);
  // [MQTT-3.1.0-1] [MQTT-3.1.0-2] [MQTT-3.2.0-1] [MQTT-3.2.0-2]
  if (opening == first_sent_) fail("CONNECT or CONNACK is not the first packet, or comes twice");
  first_sent_ = true;

  if (const auto* connect = std::get_if<Connect>(&packet)) {
    aliases_in_.maximum =
        connect->properties.number(PropertyId::kTopicAliasMaximum).value_or(0);
    keeps_session_without_flag_ = connect->version == Version::kV31 && !connect->clean_start;
    const auto expiry = connect->properties.number(PropertyId::kSessionExpiryInterval);
    keeps_session_ =
        connect->version == Version::kV5 ? expiry.value_or(0) > 0 : !connect->clean_start;
  } else if (const auto* connack = std::get_if<Connack>(&packet)) {
    aliases_in_.maximum =
        connack->properties.number(PropertyId::kTopicAliasMaximum).value_or(0);
    said_goodbye_ = is_error(connack->reason);  // [MQTT-3.2.2-7]
  } else if (const auto* publish = std::get_if<Publish>(&packet)) {
    check_publish(*publish);
  } else if (const auto* ack = std::get_if<Ack>(&packet)) {
    check_ack(*ack);
  } else if (const auto* suback = std::get_if<Suback>(&packet)) {
    expect_next(subacks_due_, suback->packet_id, "SUBACK");
  } else if (const auto* unsuback = std::get_if<Unsuback>(&packet)) {
    expect_next(unsubacks_due_, unsuback->packet_id, "UNSUBACK");
  } else if (std::holds_alternative<Pingresp>(packet)) {
    if (pingresps_due_-- == 0) fail("PINGRESP without PINGREQ");
  } else if (std::holds_alternative<Disconnect>(packet)) {
    said_goodbye_ = true;
  }
}

void WireTap::check_publish(const Publish& publish) {
  if (publish.qos == Qos::kAtMostOnce) return;
  const uint16_t id = publish.packet_id;
  const size_t payload = std::hash<std::string_view>{}(to_string_view(publish.payload));
  const auto known = sent_messages_->entries.find(id);
  if (publish.qos == Qos::kExactlyOnce && asked_.contains(id)) {
    fail(fmt::format("packet {} is still asked for", id));
  }
  if (known == sent_messages_->entries.end()) {
    // [MQTT-3.3.1-1] [MQTT-4.3.2-2] [MQTT-4.3.3-2]
    if (publish.dup) fail(fmt::format("packet {} is new and has DUP", id));
    sent_messages_->entries[id] = {publish.qos, payload};
  } else {
    const SentMessages::Entry& entry = known->second;
    if (!publish.dup) fail(fmt::format("packet {} is sent again without DUP", id));
    if (entry.released) fail(fmt::format("packet {} is sent again after PUBREC", id));
    if (entry.payload != payload || entry.qos != publish.qos) {
      fail(fmt::format("packet identifier {} is in use", id));
    }
    // [MQTT-4.4.0-1]
    if (sent_here_.contains(id)) fail(fmt::format("packet {} is sent twice", id));
  }
  sent_here_.insert(id);
  on_the_way_.insert(id);
  if (on_the_way_.size() > peer_receive_maximum_) {  // [MQTT-3.3.4-7] [MQTT-3.3.4-9]
    fail(fmt::format("{} messages on the way, Receive Maximum is {}", on_the_way_.size(),
                     peer_receive_maximum_));
  }
}

void WireTap::expect_next(std::deque<uint16_t>& due, uint16_t id, const char* what) {
  // Acknowledgements keep the order of what they acknowledge: [MQTT-4.6.0-2] to [MQTT-4.6.0-4].
  if (due.empty() || due.front() != id) {
    fail(fmt::format("{} {} is not the one that is due", what, id));
  }
  due.pop_front();
}

void WireTap::check_ack(const Ack& ack) {
  switch (ack.type) {
    case PacketType::kPuback: return expect_next(pubacks_due_, ack.packet_id, "PUBACK");
    case PacketType::kPubrec: return expect_next(pubrecs_due_, ack.packet_id, "PUBREC");
    case PacketType::kPubcomp: return expect_next(pubcomps_due_, ack.packet_id, "PUBCOMP");
    default: break;
  }
  if (!pubrels_due_.empty() && std::ranges::count(pubrels_due_, ack.packet_id) > 0) {
    return expect_next(pubrels_due_, ack.packet_id, "PUBREL");
  }
  // Without a PUBREC on this connection it takes up an exchange of the session [MQTT-4.4.0-1].
  const auto known = sent_messages_->entries.find(ack.packet_id);
  if (known == sent_messages_->entries.end() && sent_messages_->anothers) {
    // Of a client before this one: the identifier is made free before it is used.
    asked_.insert(ack.packet_id);
    return;
  }
  if (known == sent_messages_->entries.end() || !known->second.released) {
    fail(fmt::format("PUBREL {} without PUBREC", ack.packet_id));
  }
}

void WireTap::note_received(const Packet& packet) {
  if (const auto* connect = std::get_if<Connect>(&packet)) {
    peer_receive_maximum_ = connect->properties.number(PropertyId::kReceiveMaximum)
                                .value_or(kReceiveMaximumDefault);
    peer_packet_max_ =
        connect->properties.number(PropertyId::kMaximumPacketSize).value_or(kPacketMax);
    aliases_out_.maximum =
        connect->properties.number(PropertyId::kTopicAliasMaximum).value_or(0);
  } else if (const auto* connack = std::get_if<Connack>(&packet)) {
    peer_receive_maximum_ = connack->properties.number(PropertyId::kReceiveMaximum)
                                .value_or(kReceiveMaximumDefault);
    peer_packet_max_ =
        connack->properties.number(PropertyId::kMaximumPacketSize).value_or(kPacketMax);
    aliases_out_.maximum =
        connack->properties.number(PropertyId::kTopicAliasMaximum).value_or(0);
    if (connack->reason == ReasonCode::kSuccess) note_session(*connack);
  } else if (const auto* publish = std::get_if<Publish>(&packet)) {
    if (publish->qos == Qos::kAtLeastOnce) pubacks_due_.push_back(publish->packet_id);
    if (publish->qos == Qos::kExactlyOnce) pubrecs_due_.push_back(publish->packet_id);
  } else if (const auto* ack = std::get_if<Ack>(&packet)) {
    note_ack(*ack);
  } else if (const auto* subscribe = std::get_if<Subscribe>(&packet)) {
    subacks_due_.push_back(subscribe->packet_id);
  } else if (const auto* unsubscribe = std::get_if<Unsubscribe>(&packet)) {
    unsubacks_due_.push_back(unsubscribe->packet_id);
  } else if (std::holds_alternative<Pingreq>(packet)) {
    ++pingresps_due_;
  }
}

void WireTap::note_session(const Connack& connack) {
  const bool present = connack.session_present || keeps_session_without_flag_;
  if (!present || !sent_messages_->kept) {
    sent_messages_->entries.clear();  // [MQTT-3.2.2-5]
    sent_messages_->anothers = present;
  }
  const auto expiry = connack.properties.number(PropertyId::kSessionExpiryInterval);
  sent_messages_->kept = expiry ? *expiry > 0 : keeps_session_;
}

void WireTap::note_ack(const Ack& ack) {
  if (ack.type == PacketType::kPubrel) return pubcomps_due_.push_back(ack.packet_id);
  if (ack.type == PacketType::kPubcomp && asked_.erase(ack.packet_id) > 0) return;
  const bool received = ack.type == PacketType::kPubrec && !is_error(ack.reason);
  if (received) pubrels_due_.push_back(ack.packet_id);
  const auto known = sent_messages_->entries.find(ack.packet_id);
  if (known == sent_messages_->entries.end()) return;
  if (received) {
    known->second.released = true;
    return;
  }
  sent_messages_->entries.erase(known);
  sent_here_.erase(ack.packet_id);
  on_the_way_.erase(ack.packet_id);
}

}  // namespace mq::sim
