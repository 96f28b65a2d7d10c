// Shared subscriptions: which member of a group gets a message (section 4.8.2).
#include <algorithm>

#include "broker/broker.h"

namespace mq {

// Whether a member takes a message: now, once it is back, or not at all.
ShareGroup::Fit Broker::fit(const Subscriber& member, const SharedMessage& message) const {
  const Session& session = *member.session;
  const Qos qos =
      options_.upgrade_qos ? member.options.qos : std::min(message.qos, member.options.qos);
  if (session.connection == nullptr && qos == Qos::kAtMostOnce) return ShareGroup::Fit::kNot;
  if (access_.restricts_reading() && !access_.may_read(identity(session), message.topic)) {
    return ShareGroup::Fit::kNot;
  }
  // Where publishers wait for who is full with a message, it is full without it.
  const uint64_t more = options_.slow_consumer == SlowConsumer::kBlock ? 2 : 1;
  if (!has_nothing_queued(session) && queue_limit(session, more, message.bytes) != nullptr) {
    return ShareGroup::Fit::kNot;
  }
  return session.connection != nullptr ? ShareGroup::Fit::kNow : ShareGroup::Fit::kLater;
}

// The groups' members in `hits_` are those whose turn it is. One that may not read the message, or
// has no room for it, is passed over where another has. Where nobody has, it stays: what is
// dropped is dropped, and counted, in its queue.
void Broker::choose_members(const MessageFields& fields) {
  const SharedMessage message{fields.topic, fields.qos,
                              sizeof(Message) + fields.topic.size() +
                                  fields.properties.encoded().size() + fields.payload.size()};
  for (Hit& hit : hits_) {
    if (hit.group == nullptr) continue;
    const Subscriber turn{hit.session,
                          0,
                          hit.subscription_id,
                          {hit.qos, false, hit.retain_as_published},
                          hit.share_tag};
    // Later is soon enough: it was chosen because nobody is connected.
    if (fit(turn, message) != ShareGroup::Fit::kNot) continue;
    const Subscriber* other = Subscriptions::pick(
        *hit.group, [&](const Subscriber& member) { return fit(member, message); });
    if (other != nullptr) hit = Subscriptions::hit(*hit.group, *other);
  }
}

// A message that has not reached the member that it was for goes to another one.
bool Broker::pass_on(const Session& from, const Ref<const Message>& message, uint8_t tag) {
  if (tag == 0 || !message) return false;
  const SubscriptionRef* ref = Subscriptions::find_shared(from, tag, message->topic());
  if (ref == nullptr) return false;
  const SharedMessage shared{message->topic(), message->qos(), message->memory()};
  const Subscriber* other = Subscriptions::pick(*ref->group, [&](const Subscriber& member) {
    return member.session == &from ? ShareGroup::Fit::kNot : fit(member, shared);
  });
  if (other == nullptr) return false;
  const Qos qos = std::min(message->qos(), other->options.qos);
  const bool retain = message->retain_flag() && other->options.retain_as_published;
  enqueue(*other->session,
          {message, other->subscription_id, publish_byte(qos, retain), other->share_tag});
  return true;
}

// Messages of shared subscriptions that have not reached the leaving member go to another one. A
// QoS 2 message whose delivery had begun does not [MQTT-4.8.2-5], nor does what was refused
// [MQTT-4.8.2-6].
void Broker::reassign_shared(Session& session) {
  if (session.share_tags == 0) return;
  for (uint32_t i = 0; i < session.inflight.size(); ++i) {
    const InflightEntry& entry = session.inflight[i];
    if (entry.state != InflightEntry::State::kPublishSent) continue;
    if (entry.qos() == Qos::kExactlyOnce && entry.sent) continue;
    pass_on(session, entry.message, entry.share_tag);
  }
  for (uint32_t i = 0; i < session.waiting.size(); ++i) {
    const WaitingMessage& item = session.waiting[i];
    pass_on(session, item.message, item.share_tag);
  }
}

}  // namespace mq
