// The client session's messages from the server, and how it acknowledges them.
#include <fmt/core.h>

#include "client/client_session.h"
#include "codec/decode.h"

namespace mq {

ClientSession::Received ClientSession::on_publish(const Frame& frame) {
  auto decoded = decode_publish(frame, options_.version, Side::kServer);
  if (!decoded) return fail_with(decoded.error(), frame.type());
  Publish& publish = *decoded;
  if (publish.topic_alias != 0) MQ_CHECK(resolve_alias(publish));
  if (publish.qos == Qos::kAtMostOnce) return MessageArrived{publish};

  if (held_ != nullptr && is_held(publish)) return std::nullopt;
  const bool qos2 = publish.qos == Qos::kExactlyOnce;
  if (qos2 && !inbound_qos2_.insert(publish.packet_id)) {  // [MQTT-4.3.3-10]
    MQ_CHECK(answer(PacketType::kPubrec, publish.packet_id));
    return std::nullopt;
  }
  // In 3.x the limit is what there are identifiers.
  const uint32_t owed_max = options_.enforce_receive_maximum
                                ? options_.receive_maximum.value_or(kReceiveMaximumDefault)
                                : kReceiveMaximumDefault;
  if (++connection_.owed > owed_max) {
    return fail_with(ReasonCode::kReceiveMaximumExceeded,
                     "the server sent more unacknowledged messages than our Receive Maximum");
  }
  if (held_ != nullptr) return take_held(publish);
  // [MQTT-4.3.2-4] [MQTT-4.3.3-8] [MQTT-4.5.0-2]
  MQ_CHECK(answer(qos2 ? PacketType::kPubrec : PacketType::kPuback, publish.packet_id));
  return MessageArrived{publish};
}

ClientSession::Received ClientSession::take_held(const Publish& publish) {
  if (held_->size() >= kHeldMax) {
    return fail_with(ReasonCode::kReceiveMaximumExceeded,
                     "the server sent more messages than can wait to be passed on");
  }
  return MessageArrived{publish, held_->add(publish.packet_id, publish.qos)};
}

// Whether the message has come before, and is not acknowledged yet.
bool ClientSession::is_held(const Publish& publish) {
  const bool may_be = publish.qos == Qos::kExactlyOnce ? inbound_qos2_.contains(publish.packet_id)
                                                       : publish.dup && held_->unowed() > 0;
  if (!may_be) return false;
  bool came_again = false;
  const HeldAcks::Entry* const entry =
      held_->find_again(publish.packet_id, publish.qos, came_again);
  if (entry == nullptr) return false;
  if (came_again) ++connection_.owed;
  release_held();
  return true;
}

void ClientSession::acknowledge(uint32_t receipt) {
  held_->done(receipt);
  if (state_ == State::kConnected) release_held();
}

// No more than have come on this connection, so there is room for them.
void ClientSession::release_held() {
  while (const auto entry = held_->take()) {
    queue_ack(entry->qos == Qos::kExactlyOnce ? PacketType::kPubrec : PacketType::kPuback,
              entry->packet_id, ReasonCode::kSuccess);
  }
}

// Section 3.3.4.
Result<void> ClientSession::resolve_alias(Publish& publish) {
  if (publish.topic_alias > options_.topic_alias_maximum.value_or(0)) {  // [MQTT-3.1.2-26]
    return fail_with(ReasonCode::kTopicAliasInvalid,
                     fmt::format("the server sent topic alias {}, we allow {}", publish.topic_alias,
                                 options_.topic_alias_maximum.value_or(0)));
  }
  if (!publish.topic.empty()) {
    connection_.aliases_in.set(publish.topic_alias, publish.topic);
    return {};
  }
  publish.topic = connection_.aliases_in.find(publish.topic_alias);
  if (publish.topic.empty()) {
    return fail_with(
        ReasonCode::kProtocolError,
        fmt::format("the server sent topic alias {} without having set it", publish.topic_alias));
  }
  return {};
}

// [MQTT-4.3.3-11]
ClientSession::Received ClientSession::on_pubrel(const Frame& frame) {
  const auto pubrel = decode_ack(frame, options_.version);
  if (!pubrel) return fail_with(pubrel.error(), frame.type());
  const bool known = inbound_qos2_.erase(pubrel->packet_id);
  MQ_CHECK(answer(PacketType::kPubcomp, pubrel->packet_id,
                  known ? ReasonCode::kSuccess : ReasonCode::kPacketIdentifierNotFound));
  return std::nullopt;
}

// Queues an acknowledgement that the server made us owe.
Result<void> ClientSession::answer(PacketType type, uint16_t packet_id, ReasonCode reason) {
  if (connection_.queued_acks >= kQueuedAcksMax) {
    return fail_with(ReasonCode::kQuotaExceeded, "the server does not read acknowledgements");
  }
  queue_ack(type, packet_id, reason);
  return {};
}

void ClientSession::queue_ack(PacketType type, uint16_t packet_id, ReasonCode reason) {
  ++connection_.queued_acks;
  out_.push_ack(type, packet_id, reason);
}

}  // namespace mq
