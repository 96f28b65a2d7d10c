#include "support/memory_store.h"

#include <cassert>

#include "store/stored_message.h"

namespace mq {

MemoryStore::OwnedMessage MemoryStore::copy(const Message& message, WallTime expires) {
  const Bytes payload = message.payload();
  const Bytes properties = message.properties().encoded();
  return {std::string(message.topic()),
          {payload.begin(), payload.end()},
          {properties.begin(), properties.end()},
          message.qos(),
          message.retain_flag(),
          expires};
}

Ref<const Message> MemoryStore::make(const OwnedMessage& owned, Now now) {
  return make_message({owned.topic, owned.payload, owned.properties, owned.qos, owned.retain,
                       owned.expires},
                      now);
}

BatchId MemoryStore::commit() {
  batches_.push_back(std::exchange(open_, {}));
  return ++committed_;
}

BatchId MemoryStore::write_one() {
  assert(pending() > 0);
  for (const Change& change : batches_.front()) change();
  batches_.erase(batches_.begin());
  return ++safe_;
}

BatchId MemoryStore::write_all() {
  while (pending() > 0) write_one();
  return safe_;
}

void MemoryStore::crash() {
  open_.clear();
  batches_.clear();
  committed_ = safe_ = 0;  // the next broker counts from 1 again
}

size_t MemoryStore::queued(const std::string& client_id) const {
  const auto found = sessions_.find(client_id);
  return found == sessions_.end() ? 0 : found->second.queue.size();
}

void MemoryStore::put_session(const SessionRecord& record) {
  std::optional<Will> will;
  if (const SessionRecord::Will* w = record.will) {
    will = Will{{std::string(w->topic),
                 {w->payload.begin(), w->payload.end()},
                 {w->properties.begin(), w->properties.end()},
                 w->qos,
                 w->retain,
                 WallTime::max()},
                w->delay_s,
                w->due};
  }
  open_.push_back([this, id = std::string(record.client_id), user = std::string(record.user_name),
                   expiry = record.expiry_s, connected = record.connected,
                   proven = record.name_proven, expires = record.expires, will] {
    Session& session = sessions_[id];
    session.user_name = user;
    session.expiry_s = expiry;
    session.connected = connected;
    session.name_proven = proven;
    session.expires = expires;
    session.will = will;
  });
}

void MemoryStore::drop_session(std::string_view client_id) {
  open_.push_back([this, id = std::string(client_id)] { sessions_.erase(id); });
}

void MemoryStore::put_subscription(const SubscriptionRecord& record) {
  open_.push_back([this, id = std::string(record.client_id), filter = std::string(record.filter),
                   subscribed = Subscribed{record.options, record.subscription_id}] {
    sessions_.at(id).subscriptions[filter] = subscribed;
  });
}

void MemoryStore::drop_subscription(std::string_view client_id, std::string_view filter) {
  open_.push_back([this, id = std::string(client_id), filter = std::string(filter)] {
    sessions_.at(id).subscriptions.erase(filter);
  });
}

void MemoryStore::put_queued(const QueuedRecord& record) {
  assert(record.message);
  Queued queued{false, copy(*record.message, record.expires), record.subscription_id,
                record.first_byte, record.share_tag};
  open_.push_back([this, id = std::string(record.client_id), sequence = record.sequence, queued] {
    const bool fresh = sessions_.at(id).queue.emplace(sequence, queued).second;
    assert(fresh);
  });
}

void MemoryStore::put_sent(std::string_view client_id, uint64_t sequence) {
  open_.push_back([this, id = std::string(client_id), sequence] {
    sessions_.at(id).sent = sequence;
  });
}

void MemoryStore::release_queued(std::string_view client_id, uint64_t sequence) {
  open_.push_back([this, id = std::string(client_id), sequence] {
    sessions_.at(id).queue.at(sequence).released = true;
  });
}

void MemoryStore::drop_queued(std::string_view client_id, uint64_t sequence) {
  open_.push_back([this, id = std::string(client_id), sequence] {
    const size_t dropped = sessions_.at(id).queue.erase(sequence);
    assert(dropped == 1);
  });
}

void MemoryStore::put_inbound(std::string_view client_id, uint16_t packet_id) {
  open_.push_back([this, id = std::string(client_id), packet_id] {
    sessions_.at(id).inbound.insert(packet_id);
  });
}

void MemoryStore::drop_inbound(std::string_view client_id, uint16_t packet_id) {
  open_.push_back([this, id = std::string(client_id), packet_id] {
    sessions_.at(id).inbound.erase(packet_id);
  });
}

void MemoryStore::put_retained(const Ref<const Message>& message, WallTime expires) {
  open_.push_back([this, stored = copy(*message, expires)] { retained_[stored.topic] = stored; });
}

void MemoryStore::drop_retained(std::string_view topic) {
  open_.push_back([this, topic = std::string(topic)] { retained_.erase(topic); });
}

Result<void> MemoryStore::load(StoreSink& to, Now now) {
  for (const auto& [topic, stored] : retained_) to.put_retained(make(stored, now), stored.expires);
  for (const auto& [id, session] : sessions_) {
    SessionRecord record{
        id,      session.user_name,  session.expiry_s, session.connected, session.expires,
        nullptr, session.name_proven};
    SessionRecord::Will will;
    if (const auto& w = session.will) {
      will = {w->message.topic, w->message.payload, w->message.properties, w->message.qos,
              w->message.retain, w->delay_s, w->due};
      record.will = &will;
    }
    to.put_session(record);
    for (const auto& [filter, subscribed] : session.subscriptions) {
      to.put_subscription({id, filter, subscribed.options, subscribed.id});
    }
    to.put_sent(id, session.sent);
    for (const auto& [sequence, queued] : session.queue) {
      to.put_queued({id, sequence, queued.released ? nullptr : make(queued.message, now),
                     queued.message.expires, queued.subscription_id, queued.first_byte,
                     queued.share_tag});
    }
    for (const uint16_t packet_id : session.inbound) to.put_inbound(id, packet_id);
  }
  return {};
}

}  // namespace mq
