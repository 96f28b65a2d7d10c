// From a session's queues to the bytes of its connection.
#include <algorithm>
#include <cassert>

#include "broker/broker.h"
#include "codec/varint.h"
#include "session/publish_frame.h"

namespace mq {
namespace {

constexpr uint8_t kDup = 0x08;

Qos qos_of(uint8_t first_byte) { return static_cast<Qos>((first_byte >> 1) & 3); }

}  // namespace

// Drops what has expired at the head of those that wait [MQTT-3.3.2-5]; true when there was any.
// Their numbers, and so their packet identifiers, are used up as if they had been sent.
bool Broker::drop_expired(Session& session) {
  bool any = false;
  while (!session.waiting.empty() && session.waiting.front().message->expired(now_.mono) &&
         session.resend_left == 0 && !session.inflight.full()) {
    InflightEntry entry;
    entry.message = std::move(session.waiting.front().message);
    entry.state = InflightEntry::State::kPublishSent;
    session.waiting.pop_front();
    forget(session, session.inflight.add(std::move(entry)));
    any = true;
  }
  return any;
}

// Whether one more PUBLISH may be on its way to the client.
bool Broker::has_window(const Connection& c, const Session& session) const {
  return session.outstanding < c.send_quota &&
         session.outstanding_bytes < options_.inflight_bytes_max;
}

// The message of an entry in flight is not needed any more.
void Broker::release_bytes(Session& session, InflightEntry& entry) {
  session.queued_bytes -= entry.message->memory();
  if (entry.counted) session.outstanding_bytes -= entry.message->memory();
  entry.message = nullptr;
}

// Takes the message into the session: to the connection at once where the window allows it.
void Broker::enqueue(Session& session, WaitingMessage item) {
  Connection* const c = session.connection;
  // With queue_qos0 what comes behind something that waits, waits: order is kept.
  const bool may_wait = options_.queue_qos0 && (c == nullptr || !session.waiting.empty());
  if (qos_of(item.first_byte) == Qos::kAtMostOnce && !may_wait) {
    if (c == nullptr) return;
    c->out.push_publish(std::move(item.message), item.first_byte, 0, item.aux);
    return mark_dirty(*c);
  }
  session.queued_bytes += item.message->memory();
  if (session.stored) {
    change().put_queued({session.client_id,
                         session.first_sequence + session.inflight.size() + session.waiting.size(),
                         item.message, to_wall(item.message->expires()), item.aux,
                         item.first_byte, item.share_tag});
  }
  if (c != nullptr && session.waiting.empty() && session.resend_left == 0 &&
      has_window(*c, session) && !session.inflight.full()) {
    return send_tracked(*c, std::move(item), session.stored);
  }
  session.waiting.push_back(std::move(item));
}

void Broker::send_tracked(Connection& c, WaitingMessage item, bool fresh) {
  Session& session = *c.session;
  InflightEntry entry;
  entry.message = item.message;
  entry.aux = item.aux;
  entry.first_byte = item.first_byte;
  entry.state = InflightEntry::State::kPublishSent;
  entry.counted = true;
  entry.share_tag = item.share_tag;
  if (fresh) {
    entry.awaited = true;
    entry.batch = open_batch_ & 0xF;
    ++awaited_;
    ++awaited_open_;
  }
  ++session.outstanding;
  session.outstanding_bytes += item.message->memory();
  const uint16_t id = session.inflight.add(std::move(entry));
  c.out.push_publish(std::move(item.message), item.first_byte, id, item.aux);
  mark_dirty(c);
}

// Sends on while the client takes more [MQTT-4.9.0-2]: first what a broken connection left
// unacknowledged, in its old order and under its old identifiers, then what waited.
void Broker::fill_window(Connection& c) {
  Session& session = *c.session;
  while (session.resend_left > 0 && has_window(c, session)) {
    const uint32_t i = session.inflight.size() - session.resend_left;
    --session.resend_left;
    InflightEntry& entry = session.inflight[i];
    if (entry.state != InflightEntry::State::kPublishSent) continue;
    entry.counted = true;
    ++session.outstanding;
    session.outstanding_bytes += entry.message->memory();
    const uint8_t dup = entry.sent ? kDup : uint8_t{0};  // [MQTT-3.3.1-1]
    c.out.push_publish(entry.message, static_cast<uint8_t>(entry.first_byte | dup),
                       session.inflight.id_at(i), entry.aux);
    mark_dirty(c);
  }
  while (!session.waiting.empty() && session.resend_left == 0 &&
         has_window(c, session) && !session.inflight.full()) {
    WaitingMessage item = std::move(session.waiting.front());
    session.waiting.pop_front();
    if (qos_of(item.first_byte) == Qos::kAtMostOnce) {
      send_waited_qos0(c, std::move(item));
    } else {
      send_tracked(c, std::move(item), false);
    }
  }
}

// Its number, and so a packet identifier, is used up as if there was an acknowledgement.
void Broker::send_waited_qos0(Connection& c, WaitingMessage item) {
  Session& session = *c.session;
  InflightEntry entry;
  entry.message = item.message;
  entry.state = InflightEntry::State::kPublishSent;
  forget(session, session.inflight.add(std::move(entry)));
  // A right may be lost while a message waits.
  const bool denied =
      access_.restricts_reading() && !access_.may_read(identity(session), item.message->topic());
  if (denied) {
    ++counters_.publishes_dropped;
    return;
  }
  c.out.push_publish(std::move(item.message), item.first_byte, 0, item.aux);
  mark_dirty(c);
}

// The entry needs no acknowledgement any more.
void Broker::forget(Session& session, uint16_t packet_id) {
  InflightEntry& entry = *session.inflight.find(packet_id);
  if (session.stored) {
    const uint64_t sequence = session.first_sequence + session.inflight.index_of(packet_id);
    change().drop_queued(session.client_id, sequence);
    no_longer_awaited(entry);
  }
  if (entry.message) release_bytes(session, entry);
  if (entry.counted) --session.outstanding;
  const uint32_t before = session.inflight.size();
  session.inflight.finish(entry);
  if (session.slow != nullptr) note_drained(session);
  // Entries left the front; those still to be sent again are counted from the back.
  if (session.inflight.size() < before) {
    session.first_sequence += before - session.inflight.size();
    session.resend_left = std::min(session.resend_left, session.inflight.size());
  }
}

void Broker::send_retained(Connection& c, std::string_view filter, Qos qos,
                           uint32_t subscription_id, Now now) {
  std::vector<Retained::Found> found;
  retained_.match(filter, now.mono, found);
  if (access_.restricts_reading()) {
    std::erase_if(found, [&](const Retained::Found& each) {
      const std::string_view topic = each.message->topic();
      if (!access_.may_read(identity(c), topic)) return true;
      if (each.source == nullptr) return false;
      // Whoever has lost the right to publish has published nothing more, the retained included.
      return !access_.may_publish(each.source->identity(), topic);
    });
  }
  if (found.empty()) return;
  // All or nothing: the limit is on what waits before them, so that a subscriber gets every
  // retained message, and one that does not read cannot pile them up.
  Session& session = *c.session;
  if (!has_queue_room(session, *found.front().message)) {
    counters_.publishes_dropped += found.size() - 1;
    return;
  }
  for (Retained::Found& each : found) {
    Ref<const Message>& message = each.message;
    const Qos sent_qos = options_.upgrade_qos ? qos : std::min(qos, message->qos());
    const uint8_t first_byte = publish_byte(sent_qos, true);
    enqueue(session, {std::move(message), subscription_id, first_byte, 0});
  }
}

void Broker::produce(ConnId id, OutBatch& to, Now now) {
  Connection* const c = find(id);
  if (c == nullptr) return;
  now_ = now;
  const size_t before = to.size();
  for (constexpr uint8_t kPingresp[] = {0xd0, 0}; c->pings > 0 && to.has_room(sizeof kPingresp);) {
    to.append(kPingresp);
    ++counters_.messages_sent;
    --c->pings;
  }
  bool more = true;
  while (more && !c->out.empty()) {
    switch (c->out.front().kind) {
      case OutEntry::Kind::kPublish: more = produce_publish(*c, to, now); break;
      case OutEntry::Kind::kAck: more = produce_ack(*c, to); break;
      case OutEntry::Kind::kControl: more = produce_control(*c, to); break;
      case OutEntry::Kind::kBarrier: more = !at_barrier(*c); break;
      case OutEntry::Kind::kFrames: assert(false);  // only a client has them
    }
  }
  if (c->session != nullptr) {
    if (c->session->stored) store_sent(*c->session);
    if (c->session->slow != nullptr && to.size() > before) note_drained(*c->session);
  }
  counters_.bytes_sent += to.size() - before;
}

bool Broker::produce_ack(Connection& c, OutBatch& to) {
  if (!to.has_room(kAckSizeMax)) return false;
  uint8_t* const start = to.room();
  to.commit(static_cast<size_t>(store_ack(start, c.out.front(), c.version) - start));
  ++counters_.messages_sent;
  c.out.pop_front();
  return true;
}

bool Broker::produce_control(Connection& c, OutBatch& to) {
  const Bytes frame = c.out.front_control();
  if (to.has_room(frame.size())) {
    to.append(frame);
    ++counters_.messages_sent;
    c.out.pop_front();
    return true;
  }
  // Only a SUBACK for thousands of filters is larger than the batch; it goes in parts.
  if (!to.empty()) return false;
  to.append(frame.first(OutBatch::kScratchSize));
  c.out.consume_control(OutBatch::kScratchSize);
  return false;
}

bool Broker::produce_publish(Connection& c, OutBatch& to, Now now) {
  OutEntry& entry = c.out.front();
  const Message& message = *entry.message;
  // A connection that is closing has dropped its PUBLISH entries, so the session is there.
  Session& session = *c.session;
  InflightEntry* tracked = nullptr;
  if (entry.packet_id != 0) {
    tracked = session.inflight.find(entry.packet_id);
    if (tracked == nullptr || tracked->message != entry.message) {
      // Sent on an earlier connection and acknowledged on this one, before its turn to be sent
      // again came [MQTT-4.3.3-6].
      c.out.pop_front();
      return true;
    }
  }

  const std::optional<uint16_t> skipped = unmount(c, message.topic());
  PublishHead head;
  head.first_byte = entry.first_byte;
  head.topic_skip = skipped.value_or(0);
  head.packet_id = entry.packet_id;
  if (c.version == Version::kV5) {
    if (entry.aux != 0) head.subscription_ids = {&entry.aux, 1};
    if (c.aliases_out != nullptr) {
      const OutboundAliases::Use use = c.aliases_out->find(message.topic());
      head.topic_alias = use.alias;
      head.omit_topic = use.known;
    }
  }

  // A right may be lost while a message waits.
  const bool denied = access_.restricts_reading() && tracked != nullptr && !tracked->sent &&
                      !access_.may_read(identity(session), message.topic());
  // [MQTT-3.3.2-5], but what was once sent is completed; [MQTT-3.1.2-24] [MQTT-3.1.2-25]
  const bool expired = message.expired(now.mono) && (tracked == nullptr || !tracked->sent);
  const auto too_large = [&] {
    const bool may_be = c.packet_max < kPacketMax ||
                        message.memory() > kPacketMax - OutBatch::kCopyMax;
    return may_be && publish_size(message, head, c.version) > c.packet_max;
  };
  if (head.topic_alias != 0 && too_large()) {  // an alias may cost more than it saves
    head.topic_alias = 0;
    head.omit_topic = false;
  }
  if (expired || denied || !skipped || too_large()) {
    const bool passed_on = denied && pass_on(session, entry.message, tracked->share_tag);
    if (!expired && !passed_on) ++counters_.publishes_dropped;
    if (tracked != nullptr) forget(session, entry.packet_id);
    c.out.pop_front();
    if (tracked != nullptr) fill_window(c);
    return true;
  }

  if (!append_publish(entry.message, head, c.version, now.mono, to)) return false;
  if (head.topic_alias != 0 && !head.omit_topic) c.aliases_out->learned(message.topic());
  if (tracked != nullptr) {
    tracked->sent = true;
    session.sent_mark =
        std::max(session.sent_mark,
                 session.first_sequence + session.inflight.index_of(entry.packet_id) + 1);
  }
  ++counters_.messages_sent;
  ++counters_.publishes_sent;
  counters_.publish_bytes_sent += message.payload().size();
  c.out.pop_front();
  return true;
}

}  // namespace mq
