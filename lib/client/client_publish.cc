// The client session's messages to the server, and what acknowledges them.
#include <algorithm>
#include <cassert>

#include <fmt/core.h>

#include "base/utf8.h"
#include "client/client_session.h"
#include "codec/decode.h"
#include "codec/topic.h"
#include "codec/varint.h"
#include "session/publish_frame.h"

namespace mq {
namespace {

constexpr uint8_t kDup = 0x08;
// What an emptied buffer of ready packets may keep of its memory.
constexpr size_t kFramesKept = 4 * 1024;
// Topic Alias property, and what the lengths in front of it can grow by.
constexpr uint64_t kAliasCostMax = 3 + 2;

uint8_t publish_byte(const Message& message) {
  return static_cast<uint8_t>(static_cast<uint8_t>(PacketType::kPublish) << 4 |
                              static_cast<uint8_t>(message.qos()) << 1 | message.retain_flag());
}

// Remaining Length.
uint64_t body_size(const PublishRequest& request, Version version) {
  const size_t properties = request.properties.encoded().size();
  return 2 + request.topic.size() + (request.qos == Qos::kAtMostOnce ? 0 : 2) +
         (version == Version::kV5 ? varint_size(static_cast<uint32_t>(properties)) + properties
                                  : 0) +
         request.payload.size();
}

// What the server said about a message that it has taken.
ReasonCode pubrec_reason(const InflightEntry& entry) {
  return entry.unmatched ? ReasonCode::kNoMatchingSubscribers : ReasonCode::kSuccess;
}

Result<void> check_topic(std::string_view topic) {
  if (topic.size() > kTopicMax) {  // [MQTT-4.7.3-3]
    return fail(ErrorCode::kInvalidArgument, "the topic is longer than 65535 bytes");
  }
  if (is_plain_topic_name(topic)) return {};
  if (!is_utf8(topic)) {  // [MQTT-3.3.2-1]
    return fail(ErrorCode::kInvalidArgument, "the topic is not UTF-8 or contains U+0000");
  }
  if (const char* fault = topic_name_fault(topic, UINT32_MAX)) {  // [MQTT-3.3.2-2]
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("topic '{}' cannot be published to: {}", topic, fault));
  }
  return {};
}

}  // namespace

Result<void> ClientSession::publish(const PublishRequest& request, Now) {
  if (request.topic != valid_topic_ || request.topic.empty()) {
    MQ_CHECK(check_topic(request.topic));
    valid_topic_ = request.topic;
  }
  const bool v5 = options_.version == Version::kV5;
  if (v5 && !request.properties.empty()) {
    if (const auto fault = check_properties(request.properties.encoded(), PropertiesIn::kPublish)) {
      return fail(ErrorCode::kInvalidArgument, fault->what);
    }
  }
  if (queued_bytes_ >= options_.queued_bytes_max) {
    return fail(ErrorCode::kFull, fmt::format("{} bytes of messages are queued", queued_bytes_));
  }
  if (body_size(request, options_.version) > kVarintMax) {
    return fail(ErrorCode::kTooLarge, "the message is larger than an MQTT packet can be");
  }
  if (publish_frame(request)) return {};
  Ref<const Message> message = Message::make({.topic = request.topic,
                                              .payload = request.payload,
                                              .properties = v5 ? request.properties : Properties(),
                                              .qos = request.qos,
                                              .retain = request.retain});
  if (state_ == State::kConnected) {
    const auto reason = refusal(*message);
    if (reason == ReasonCode::kPacketTooLarge) {
      return fail(ErrorCode::kTooLarge,
                  fmt::format("the server takes packets of up to {} bytes, and the message "
                              "needs {}",
                              connection_.server_packet_max, body_size(request, options_.version)));
    }
    if (reason) {
      return fail(ErrorCode::kProtocol,
                  fmt::format("the server does not take the message: {}", text(*reason)));
    }
  }
  queued_bytes_ += message->memory();
  const uint8_t first_byte = publish_byte(*message);
  OutEntry entry{std::move(message), 0, first_byte, OutEntry::Kind::kPublish, request.token};
  if (!nothing_waits() || !send_now(entry)) waiting_.push_back(std::move(entry));
  return {};
}

// Whether a new message may be sent at once, as far as those before it go.
bool ClientSession::nothing_waits() const {
  return state_ == State::kConnected && connection_.resend_left == 0 && waiting_.empty();
}

// At QoS 0 most messages leave in the turn in which they came: those become bytes at once, without
// the memory of a message and the two queues on its way (a line of mqpub takes 825 instructions
// instead of 1,305). False for one that has to wait, that is worth referencing instead of copying,
// or that may get a topic alias.
bool ClientSession::publish_frame(const PublishRequest& request) {
  if (request.qos != Qos::kAtMostOnce || !nothing_waits() ||
      connection_.aliases_out.maximum() != 0 || (request.retain && !connection_.server_retains)) {
    return false;
  }
  const auto body = static_cast<uint32_t>(body_size(request, options_.version));
  const uint32_t size = 1 + static_cast<uint32_t>(varint_size(body)) + body;
  if (size > std::min<uint32_t>(OutBatch::kCopyMax, connection_.server_packet_max)) return false;
  // Those are not the owner's to set, and a Message leaves them out.
  const Properties& given = request.properties;
  if (!given.empty() && (given.number(PropertyId::kTopicAlias) ||
                         given.number(PropertyId::kSubscriptionIdentifier))) {
    return false;
  }
  const Bytes properties = given.encoded();

  uint8_t* at = frames_.grow(size);
  *at++ = static_cast<uint8_t>(PacketType::kPublish) << 4 | (request.retain ? 1 : 0);
  at = store_varint(at, body);
  store_be16(at, static_cast<uint16_t>(request.topic.size()));
  at = copy_to(at + 2, to_bytes(request.topic));
  if (options_.version == Version::kV5) {
    at = store_varint(at, static_cast<uint32_t>(properties.size()));
    at = copy_to(at, properties);
  }
  copy_to(at, request.payload);
  frame_tokens_.push_back(request.token);
  out_.push_frame(size);
  queued_bytes_ += size;
  ++queued_qos0_;
  return true;
}

bool ClientSession::produce_frames(OutBatch& to) {
  const OutEntry& next = out_.front();
  if (!to.has_room(next.aux)) return false;
  to.append(frames_.bytes().first(next.aux));
  frames_.consume(next.aux);
  if (frames_.empty() && frames_.capacity() > kFramesKept) frames_.release();
  frame_tokens_.pop_front(next.packet_id);
  queued_bytes_ -= next.aux;
  queued_qos0_ -= next.packet_id;
  produced_qos0_ += next.packet_id;
  out_.pop_front();
  return true;
}

// The first packets of frames_ have to wait after all: they become messages.
void ClientSession::take_back_frames(uint32_t count, Ring<OutEntry>& to) {
  for (; count > 0; --count) {
    FrameReader reader;
    Bytes in = frames_.bytes();
    const auto frame = reader.next(in);
    const auto publish = decode_publish(**frame, options_.version, Side::kClient);
    assert(publish);
    Ref<const Message> message = Message::make({.topic = publish->topic,
                                                .payload = publish->payload,
                                                .properties = publish->properties,
                                                .retain = publish->retain});
    const size_t size = frames_.size() - in.size();
    queued_bytes_ += message->memory() - size;
    const uint8_t first_byte = publish_byte(*message);
    to.push_back(
        {std::move(message), 0, first_byte, OutEntry::Kind::kPublish, frame_tokens_.front()});
    frame_tokens_.pop_front();
    frames_.consume(size);
  }
  if (frames_.empty()) frames_.release();
}

// Why the present server cannot be sent the message. [MQTT-3.2.2-11] [MQTT-3.2.2-14]
// [MQTT-3.2.2-15]
std::optional<ReasonCode> ClientSession::refusal(const Message& message) const {
  if (message.qos() > connection_.server_qos_max) return ReasonCode::kQosNotSupported;
  if (message.retain_flag() && !connection_.server_retains) {
    return ReasonCode::kRetainNotSupported;
  }
  // publish() saw to it that the packet is within the protocol's own limit.
  if (connection_.server_packet_max < kPacketMax &&
      publish_size(message, {.first_byte = publish_byte(message)}, options_.version) >
          connection_.server_packet_max) {
    return ReasonCode::kPacketTooLarge;
  }
  return std::nullopt;
}

uint32_t ClientSession::window_left() const {
  return waiting_.empty() ? window_room() : 0;
}

uint32_t ClientSession::window_room() const {
  if (state_ != State::kConnected || connection_.outstanding >= connection_.send_quota) return 0;
  return std::min(connection_.send_quota - connection_.outstanding, inflight_.room());
}

// Moves on what waits, as far as the window is open [MQTT-3.3.4-7] [MQTT-4.9.0-2]: what is to be
// sent again first, then new messages in the order of publish().
void ClientSession::fill_window() {
  if (state_ != State::kConnected) return;
  while (connection_.resend_left > 0 && connection_.outstanding < connection_.send_quota) {
    const uint16_t id = connection_.resend_next;
    connection_.resend_next = Inflight::id_after(id);
    --connection_.resend_left;
    InflightEntry* const entry = inflight_.find(id);
    if (entry == nullptr || entry->state != InflightEntry::State::kPublishSent) continue;
    if (const auto reason = refusal(*entry->message)) {
      refused_.push_back(finish(id, *entry, *reason));
    } else {
      send_publish(id, *entry);
    }
  }
  if (connection_.resend_left > 0) return;
  for (; !waiting_.empty(); waiting_.pop_front()) {
    OutEntry& next = waiting_.front();
    const Message& message = *next.message;
    if (const auto reason = refusal(message)) {
      queued_bytes_ -= message.memory();
      refused_.push_back({next.aux, 0, message.qos(), *reason, {}});
    } else if (!send_now(next)) {
      return;
    }
  }
}

// Takes the message; false when the window is closed for it.
bool ClientSession::send_now(OutEntry& next) {
  if (next.message->qos() == Qos::kAtMostOnce) {
    out_.push_publish(std::move(next.message), next.first_byte, 0, next.aux);
    ++queued_qos0_;
    return true;
  }
  const uint32_t room = window_room();
  if (room == 0) return false;
  if (next.message->qos() == Qos::kExactlyOnce && held_ids_.may_hold(inflight_.next_id())) {
    release_ids(std::clamp<uint32_t>(waiting_.size(), 1, room));
    return false;
  }
  // [MQTT-4.3.2-1] [MQTT-4.3.3-1]
  const uint16_t id = inflight_.add(
      {std::move(next.message), next.aux, next.first_byte, InflightEntry::State::kPublishSent});
  send_publish(id, *inflight_.find(id));
  return true;
}

// Asks the server to be done with the next identifiers, for so many messages. They are sent when it
// has answered.
void ClientSession::release_ids(uint32_t count) {
  if (held_ids_.asked() > 0) return;
  for (uint16_t id = inflight_.next_id(); count > 0; --count, id = Inflight::id_after(id)) {
    if (!held_ids_.may_hold(id)) continue;
    held_ids_.ask(id);
    queue_ack(PacketType::kPubrel, id, ReasonCode::kSuccess);
  }
}

void ClientSession::send_publish(uint16_t packet_id, InflightEntry& entry) {
  entry.counted = true;
  ++connection_.outstanding;
  out_.push_publish(entry.message, entry.first_byte, packet_id, entry.aux);
}

bool ClientSession::produce_publish(OutBatch& to, Now now) {
  const OutEntry& next = out_.front();
  InflightEntry* entry = nullptr;
  PublishHead head{.first_byte = next.first_byte, .packet_id = next.packet_id};
  if (next.packet_id != 0) {
    entry = inflight_.find(next.packet_id);
    // Acknowledged before it was sent again: it must not be [MQTT-4.3.3-6] [MQTT-4.4.0-2].
    if (entry == nullptr || entry->message != next.message ||
        entry->state != InflightEntry::State::kPublishSent) {
      out_.pop_front();
      return true;
    }
    if (entry->sent) head.first_byte |= kDup;  // [MQTT-3.3.1-1]
  }
  const Message& message = *next.message;
  OutboundAliases& aliases = connection_.aliases_out;
  bool learned = false;
  if (aliases.maximum() != 0 && publish_size(message, head, options_.version) + kAliasCostMax <=
                                    connection_.server_packet_max) {
    const OutboundAliases::Use use = aliases.find(message.topic());
    head.topic_alias = use.alias;
    head.omit_topic = use.known;
    learned = use.alias != 0 && !use.known;
  }
  if (!append_publish(next.message, head, options_.version, now.mono, to)) return false;
  if (learned) aliases.learned(message.topic());
  if (entry != nullptr) {
    entry->sent = true;
  } else {
    --queued_qos0_;
    ++produced_qos0_;
    queued_bytes_ -= message.memory();
  }
  out_.pop_front();
  return true;
}

// The server has the session: what it did not acknowledge is sent again under the old identifiers
// and in the original order [MQTT-4.4.0-1] [MQTT-4.6.0-1]. Each PUBREL at once [MQTT-3.3.4-8];
// fill_window() sends the PUBLISH packets, as far as this server's window allows.
void ClientSession::resume() {
  connection_.resend_left = inflight_.size();
  if (!inflight_.empty()) connection_.resend_next = inflight_.id_at(0);
  inflight_.for_each([this](uint16_t id, InflightEntry& entry) {
    if (entry.state != InflightEntry::State::kPubrelSent) return;
    entry.counted = true;
    ++connection_.outstanding;
    queue_ack(PacketType::kPubrel, id, ReasonCode::kSuccess);
  });
}

// The server has no session: ours is forgotten [MQTT-3.2.2-5], its messages are new ones.
void ClientSession::start_over() {
  Ring<OutEntry> anew;
  inflight_.for_each([&](uint16_t id, InflightEntry& entry) {
    if (entry.state == InflightEntry::State::kPubrelSent && !entry.message) {
      // PUBREC was the server's word that it has the message: once more would be twice.
      refused_.push_back(finish(id, entry, pubrec_reason(entry)));
    } else {
      anew.push_back(
          {std::move(entry.message), 0, entry.first_byte, OutEntry::Kind::kPublish, entry.aux});
    }
  });
  if (!anew.empty()) {
    for (; !waiting_.empty(); waiting_.pop_front()) anew.push_back(std::move(waiting_.front()));
    waiting_ = std::move(anew);
  }
  inflight_.clear();
  inbound_qos2_.clear();
  if (held_ != nullptr) held_->clear();
}

// Takes an entry out of the window.
Acked ClientSession::finish(uint16_t packet_id, InflightEntry& entry, ReasonCode reason,
                            Properties properties) {
  const Acked acked{entry.aux, packet_id, entry.qos(), reason, properties};
  if (entry.message) queued_bytes_ -= entry.message->memory();
  if (entry.counted) --connection_.outstanding;
  inflight_.finish(entry);
  return acked;
}

ClientSession::Received ClientSession::on_ack(const Frame& frame) {
  const auto ack = decode_ack(frame, options_.version);
  if (!ack) return fail_with(ack.error(), frame.type());
  if (ack->type == PacketType::kPubcomp && held_ids_.answered(ack->packet_id)) {
    fill_window();
    return std::nullopt;
  }
  InflightEntry* const entry = inflight_.find(ack->packet_id);
  if (entry == nullptr) {
    // A server that lost track, or one whose answer was overtaken by a reconnect: not a reason to
    // give up the connection.
    if (ack->type == PacketType::kPubrec) {
      MQ_CHECK(answer(PacketType::kPubrel, ack->packet_id, ReasonCode::kPacketIdentifierNotFound));
    }
    return std::nullopt;
  }
  const Qos qos = ack->type == PacketType::kPuback ? Qos::kAtLeastOnce : Qos::kExactlyOnce;
  if (!entry->is_publish() || !entry->sent || entry->qos() != qos) {
    // RabbitMQ before 3.13 does that.
    if (entry->is_publish() && entry->sent && ack->type == PacketType::kPuback) {
      return fail_with(ReasonCode::kProtocolError,
                       "the server answered a message of QoS 2 with PUBACK, as one of QoS 1: it "
                       "does not seem to know QoS 2");
    }
    return fail_with(ReasonCode::kProtocolError,
                     fmt::format("the server sent {} for packet {}, which does not ask for it",
                                 name(ack->type), ack->packet_id));
  }
  if (ack->type == PacketType::kPubrec && !is_error(ack->reason)) {
    return on_received(*ack, *entry);
  }
  ReasonCode reason = ack->reason;
  if (ack->type == PacketType::kPubcomp) {
    if (entry->state != InflightEntry::State::kPubrelSent) {
      return fail_with(ReasonCode::kProtocolError, "the server sent PUBCOMP before PUBREC");
    }
    // The fate of the message was told in PUBREC. Packet Identifier not found only says that the
    // server had finished before the connection was lost (section 3.7.2.1).
    reason = pubrec_reason(*entry);
  }
  // [MQTT-4.4.0-2]
  const Acked acked = finish(ack->packet_id, *entry, reason, ack->properties);
  fill_window();
  return acked;
}

// PUBREC: the server owns the message now [MQTT-4.3.3-4]. One that is repeated gets its PUBREL
// again.
ClientSession::Received ClientSession::on_received(const Ack& pubrec, InflightEntry& entry) {
  if (entry.state == InflightEntry::State::kPublishSent) {
    if (!options_.repeat_unfinished_qos2) {
      queued_bytes_ -= entry.message->memory();
      entry.message = nullptr;
    }
    entry.state = InflightEntry::State::kPubrelSent;
    entry.unmatched = pubrec.reason == ReasonCode::kNoMatchingSubscribers;
    if (!entry.counted) {  // not sent again yet, and now it will not be
      entry.counted = true;
      ++connection_.outstanding;
    }
  }
  MQ_CHECK(answer(PacketType::kPubrel, pubrec.packet_id));
  return std::nullopt;
}

}  // namespace mq
