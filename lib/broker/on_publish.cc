// PUBLISH: what is accepted, and who gets it.
#include <algorithm>

#include "broker/broker.h"
#include "broker/send_control.h"
#include "codec/decode.h"

namespace mq {
namespace {

// What the Message of a PUBLISH will take, to the byte or a little more.
uint64_t memory_of(const Publish& packet) {
  return sizeof(Message) + packet.topic.size() + packet.properties.encoded().size() +
         packet.payload.size() + 6;
}

}  // namespace

void Broker::on_publish(Connection& c, const Frame& frame, Now now) {
  auto decoded = decode_publish(frame, c.version, Side::kClient);
  if (!decoded) return fail(c, decoded.error(), now);
  Publish& packet = *decoded;
  ++counters_.publishes_received;
  counters_.publish_bytes_received += packet.payload.size();

  if (packet.qos > c.listener->options.qos_max) {
    return fail(c, ReasonCode::kQosNotSupported, "the QoS is over the Maximum QoS", now);
  }
  if (packet.retain && !options_.retain_available) {
    return fail(c, ReasonCode::kRetainNotSupported, "retained messages are not available", now);
  }
  if (packet.topic_alias != 0) {
    if (const ReasonCode reason = resolve_alias(c, packet); is_error(reason)) {
      return fail(c, reason, "the Topic Alias cannot be used", now);
    }
  }
  if (packet.qos == Qos::kExactlyOnce && c.session->inbound_qos2.contains(packet.packet_id)) {
    // Answered again, not delivered again [MQTT-4.3.3-10].
    c.out.push_ack(PacketType::kPubrec, packet.packet_id, ReasonCode::kSuccess);
    return mark_dirty(c);
  }
  // A QoS 1 message is answered at once, but counts while it comes on top of others. 3.x clients
  // cannot be told of the limit.
  if (packet.qos != Qos::kAtMostOnce && c.version == Version::kV5 &&
      c.received_qos2 >= receive_maximum(c)) {
    hit(&Counters::limit_receive_maximum);
    return fail(c, ReasonCode::kReceiveMaximumExceeded, "more than Receive Maximum in flight", now);
  }
  answer_publish(c, packet, accept_publish(c, packet, now), now);
}

ReasonCode Broker::resolve_alias(Connection& c, Publish& packet) {
  if (packet.topic_alias > c.listener->options.topic_alias_maximum) {
    return ReasonCode::kTopicAliasInvalid;
  }
  if (c.aliases_in == nullptr) c.aliases_in = std::make_unique<InboundAliases>();
  if (packet.topic.empty()) {
    packet.topic = c.aliases_in->find(packet.topic_alias);
    return packet.topic.empty() ? ReasonCode::kProtocolError : ReasonCode::kSuccess;
  }
  c.aliases_in->set(packet.topic_alias, packet.topic);
  if (c.aliases_in->bytes() <= kAliasBytesMax) return ReasonCode::kSuccess;
  hit(&Counters::limit_alias_bytes);
  return ReasonCode::kQuotaExceeded;
}

// Routes and retains the message, or says why not.
ReasonCode Broker::accept_publish(Connection& c, const Publish& packet, Now now) {
  const std::string_view topic = mount(c, packet.topic);
  if (topic_name_fault(topic, options_.topic_levels_max) != nullptr) {
    hit(&Counters::limit_topic_levels);
    return ReasonCode::kTopicNameInvalid;
  }
  if (is_reserved_topic(packet.topic, c.session->client_id, c.inside) ||
      is_reserved_topic(topic, c.session->client_id, c.inside) ||
      !access_.may_publish(identity(c), topic)) {
    return ReasonCode::kNotAuthorized;
  }
  if (packet.payload.size() >
      limit(&BrokerOptions::payload_max, &ListenerOptions::payload_max, c.listener->id)) {
    hit(&Counters::limit_payload);
    return ReasonCode::kImplementationSpecificError;
  }
  if (Message::alive_bytes() + memory_of(packet) > options_.message_bytes_max) {
    hit(&Counters::limit_message_bytes);
    return ReasonCode::kQuotaExceeded;
  }
  MessageFields fields;
  fields.topic = topic;
  fields.payload = packet.payload;
  fields.properties = packet.properties;
  fields.qos = packet.qos;
  fields.retain = packet.retain;
  if (packet.expiry_s) fields.expires = add(now.mono, std::chrono::seconds(*packet.expiry_s));

  hits_.clear();
  if (subscriptions_.match(fields.topic, c.session, hits_)) choose_members(fields);
  // 5.0 clients are told; others wait for their acknowledgement until the store can write again,
  // and so do bridges, which have nobody to tell.
  if (store_state_.failing && c.version == Version::kV5 && !c.inside && must_store(c, fields)) {
    return ReasonCode::kQuotaExceeded;
  }
  Ref<const Message> message;
  if (fields.retain) {
    const ReasonCode reason = retain_message(fields, *c.session, message);
    if (is_error(reason)) return reason;
  }
  feeder_ = &c;
  for (const Hit& hit : hits_) deliver(hit, fields, message);
  feeder_ = nullptr;
  if (full_ != nullptr) wait_for(c, *std::exchange(full_, nullptr));
  return hits_.empty() ? ReasonCode::kNoMatchingSubscribers : ReasonCode::kSuccess;
}

void Broker::answer_publish(Connection& c, const Publish& packet, ReasonCode reason, Now now) {
  if (is_error(reason)) {
    ++counters_.publishes_dropped;
    log_denied(c, "publish_refused", reason, packet.topic);
    // 3.x has no way to refuse a message; pretending would be a lie, except where the standard
    // asks for it [MQTT-3.3.5-2 of 3.1.1]. A payload that is too long would come again and again.
    if (c.version != Version::kV5 && packet.qos != Qos::kAtMostOnce &&
        reason != ReasonCode::kNotAuthorized &&
        reason != ReasonCode::kImplementationSpecificError) {
      return fail(c, reason, text(reason), now);
    }
  }
  if (packet.qos == Qos::kAtMostOnce) {
    // There is nothing to hold back but the publisher itself: see wants_pause().
    if (!store_state_.behind || !packet.retain) return;
    hold(c);
    return mark_dirty(c);
  }
  const PacketType type =
      packet.qos == Qos::kAtLeastOnce ? PacketType::kPuback : PacketType::kPubrec;
  // After a refusal the identifier is free again [MQTT-4.3.3-9].
  if (packet.qos == Qos::kExactlyOnce && (!is_error(reason) || c.version != Version::kV5)) {
    c.session->inbound_qos2.insert(packet.packet_id);
    ++c.received_qos2;
    if (c.session->stored) change().put_inbound(c.session->client_id, packet.packet_id);
  }
  // A refusal says nothing of the store, and must not wait for one that fails.
  if (!is_error(reason) || c.version != Version::kV5) hold(c);
  c.out.push_ack(type, packet.packet_id, c.version == Version::kV5 ? reason : ReasonCode::kSuccess);
  mark_dirty(c);
}

ReasonCode Broker::retain_message(const MessageFields& fields, const Session& from,
                                  Ref<const Message>& message) {
  if (fields.payload.empty()) {
    retained_.remove(fields.topic);  // [MQTT-3.3.1-6] [MQTT-3.3.1-7]
    if (store_ != nullptr) change().drop_retained(fields.topic);
    return ReasonCode::kSuccess;
  }
  message = Message::make(fields);
  const Message* old = retained_.find(fields.topic);
  const uint64_t bytes = retained_.bytes() - (old != nullptr ? old->memory() : 0);
  // Our own topics do not use up what clients may have.
  const size_t others = retained_.size() - sys_topics_.size();
  if ((old == nullptr && others >= options_.retained_messages_max) ||
      bytes + message->memory() > options_.retained_bytes_max) {
    hit(&Counters::limit_retained);
    return ReasonCode::kQuotaExceeded;
  }
  Time expires = message->expires();
  if (options_.retain_expiry_max_s) {
    const std::chrono::seconds longest(*options_.retain_expiry_max_s);
    expires = std::min(expires, add(now_.mono, longest));
  }
  std::unique_ptr<Retained::Source> source;
  if (options_.check_retain_source && access_.restricts_reading()) {
    source = std::make_unique<Retained::Source>();
    *source = {from.client_id, from.user_name, from.listener, from.grant};
  }
  retained_.set(message, expires, std::move(source));
  if (store_ != nullptr) change().put_retained(message, to_wall(expires));
  return ReasonCode::kSuccess;
}

uint32_t Broker::route(const MessageFields& fields, const Session* from) {
  hits_.clear();
  if (subscriptions_.match(fields.topic, from, hits_)) choose_members(fields);
  Ref<const Message> message;
  for (const Hit& hit : hits_) deliver(hit, fields, message);
  return static_cast<uint32_t>(hits_.size());
}

// `message` is made when the first receiver needs it and shared by all of them.
void Broker::deliver(const Hit& hit, const MessageFields& fields, Ref<const Message>& message) {
  Session& session = *hit.session;
  if (access_.restricts_reading() && !access_.may_read(identity(session), fields.topic)) return;
  // [MQTT-3.8.4-8], unless the user wants it otherwise.
  const Qos qos = options_.upgrade_qos ? hit.qos : std::min(fields.qos, hit.qos);
  if (qos == Qos::kAtMostOnce && session.connection == nullptr && !options_.queue_qos0) return;
  if (!message) message = Message::make(fields);

  // [MQTT-3.3.1-12] [MQTT-3.3.1-13]
  const bool retain = fields.retain && hit.retain_as_published;
  const uint8_t first_byte = publish_byte(qos, retain);
  if (hit.more_ids.empty()) {
    if (has_queue_room(session, *message)) {
      enqueue(session, {message, hit.subscription_id, first_byte, hit.share_tag});
    }
    return;
  }
  // Several Subscription Identifiers: this receiver gets a copy that holds them all. Rare enough
  // that everything behind it may go without knowing lists.
  std::vector<uint32_t> ids = hit.more_ids;
  ids.insert(ids.begin(), hit.subscription_id);
  MessageFields with_ids = fields;
  with_ids.subscription_ids = ids;
  Ref<const Message> copy = Message::make(with_ids);
  if (has_queue_room(session, *copy)) {
    enqueue(session, {std::move(copy), 0, first_byte, hit.share_tag});
  }
}

}  // namespace mq
