// What the broker has in common with its store: batches, what waits for them, and the way back.
#include <algorithm>
#include <cassert>

#include "broker/broker.h"

namespace mq {

void Broker::commit() {
  if (store_ == nullptr) return;
  if (batch_open_) {
    batch_open_ = false;
    store_->awaits(awaited_);
    const BatchId batch = store_->commit();
    assert(batch == open_batch_);
    open_batch_ = batch + 1;
  }
  const StoreState before = std::exchange(store_state_, store_->state());
  const bool was_behind = before.behind;
  if (store_state_.begun != before.begun) {
    // It was begun before this batch was committed, or with it.
    awaited_ = store_state_.begun + 1 < open_batch_ ? awaited_open_ : 0;
  }
  awaited_open_ = 0;
  if (store_state_.behind == was_behind) return;
  if (store_state_.behind) ++counters_.limit_store_backlog;
  if (!log_) return;
  log_({}, {LogLevel::kWarning, store_state_.behind ? "store_behind" : "store_caught_up", {}, "",
            "max_store_backlog"});
}

void Broker::durable(BatchId batch) {
  assert(batch < open_batch_);
  durable_ = std::max(durable_, batch);
  for (const ConnId id : std::exchange(held_, {})) {
    if (Connection* c = find(id)) mark_dirty(*c);
  }
}

// What is queued for the connection from here on waits for the open batch, if there is anything
// in it: an acknowledgement says that its packet is stored.
void Broker::hold(Connection& c) {
  if (!batch_open_ || c.barrier == open_batch_) return;
  c.barrier = open_batch_;
  c.out.push_barrier(open_batch_);
}

// Whether the acknowledgement of a PUBLISH, whose receivers are in `hits_`, says something about
// the store.
bool Broker::must_store(const Connection& c, const MessageFields& fields) const {
  if (fields.qos == Qos::kAtMostOnce) return false;
  if (fields.retain || (fields.qos == Qos::kExactlyOnce && c.session->stored)) return true;
  return std::ranges::any_of(hits_, [](const Hit& hit) {
    return hit.session->stored && hit.qos != Qos::kAtMostOnce;
  });
}

// Its acknowledgement has come, or never will.
void Broker::no_longer_awaited(InflightEntry& entry) {
  constexpr BatchId kBatches = 16;  // that the bits of an entry tell apart
  if (!entry.awaited) return;
  entry.awaited = false;
  const BatchId age = (open_batch_ - entry.batch) % kBatches;
  if (age < open_batch_ - store_state_.begun && awaited_ > 0) --awaited_;
  if (age == 0 && awaited_open_ > 0) --awaited_open_;
}

// Whether the barrier in front of the queue still holds; takes it away when it does not.
bool Broker::at_barrier(Connection& c) {
  // 32 bits of the number are in the entry: enough to tell which is ahead.
  const auto ahead = static_cast<int32_t>(c.out.front().aux - static_cast<uint32_t>(durable_));
  if (ahead > 0) {
    held_.push_back(c.id);
    return true;
  }
  c.out.pop_front();
  return false;
}

WallTime Broker::to_wall(Time at) const {
  if (at == kNever) return WallTime::max();
  return now_.wall + std::chrono::ceil<std::chrono::microseconds>(at - now_.mono);
}

Time Broker::to_mono(WallTime at) const {
  if (at == WallTime::max()) return kNever;
  return now_.mono + (at - now_.wall);
}

void Broker::store_session(const Session& session) {
  SessionRecord record;
  record.client_id = session.client_id;
  record.user_name = session.user_name;
  record.name_proven = session.name_proven;
  record.expiry_s = session.expiry_s;
  record.connected = session.connection != nullptr;
  record.expires = to_wall(session.expires);
  SessionRecord::Will will;
  if (const StoredWill* stored = session.will.get()) {
    will = {stored->topic,   stored->payload, stored->properties,
            stored->qos,     stored->retain,  stored->delay_s,
            to_wall(session.will_due)};
    record.will = &will;
  }
  change().put_session(record);
}

void Broker::store_sent(Session& session) {
  if (session.sent_mark == session.stored_sent_mark) return;
  session.stored_sent_mark = session.sent_mark;
  change().put_sent(session.client_id, session.sent_mark);
}

class Broker::Restorer final : public StoreSink {
 public:
  Restorer(Broker& broker, Now now) : broker_(broker), now_(now) {}

  void put_session(const SessionRecord& record) override {
    auto owned = std::make_unique<Session>(std::string(record.client_id));
    Session& session = *owned;
    const std::string_view key = session.client_id;
    broker_.sessions_.emplace(key, std::move(owned));
    session.user_name = record.user_name;
    session.name_proven = record.name_proven;
    session.listener = kListenerUnknown;
    session.expiry_s = record.expiry_s;
    session.stored = true;
    session.expires = record.connected && record.expiry_s != kSessionNeverExpires
                          ? add(now_.mono, std::chrono::seconds(record.expiry_s))
                          : broker_.to_mono(record.expires);
    if (const SessionRecord::Will* will = record.will) {
      session.will = std::make_unique<StoredWill>();
      session.will->topic = will->topic;
      session.will->payload.assign(will->payload.begin(), will->payload.end());
      session.will->properties.assign(will->properties.begin(), will->properties.end());
      session.will->qos = will->qos;
      session.will->retain = will->retain;
      session.will->delay_s = will->delay_s;
      session.will_due = will->due == WallTime::max()
                             ? add(now_.mono, std::chrono::seconds(will->delay_s))
                             : broker_.to_mono(will->due);
    }
    broker_.arm(session);
  }

  void put_subscription(const SubscriptionRecord& record) override {
    std::string_view filter = record.filter;
    std::optional<SharedFilter> shared;
    if (is_shared(filter)) shared = split_shared(filter);
    if (shared) filter = shared->filter;
    broker_.subscriptions_.add(session(record.client_id), filter,
                               shared ? &shared->share_name : nullptr, record.options,
                               record.subscription_id);
  }

  void put_sent(std::string_view client_id, uint64_t sequence) override {
    Session& session = this->session(client_id);
    session.sent_mark = session.stored_sent_mark = sequence;
    start_at(session, sequence);
  }

  void put_queued(const QueuedRecord& record) override {
    Session& session = this->session(record.client_id);
    if (session.inflight.empty() && session.waiting.empty()) start_at(session, record.sequence);
    if (record.message) session.queued_bytes += record.message->memory();
    // Identifiers that were acknowledged, or of messages that expired before they were sent, keep
    // their places.
    while (session.waiting.empty() &&
           session.first_sequence + session.inflight.size() < record.sequence) {
      session.inflight.add_done();
    }
    const bool was_sent = record.sequence < session.sent_mark || !record.message;
    if (!was_sent) {
      session.waiting.push_back(
          {record.message, record.subscription_id, record.first_byte, record.share_tag});
      return;
    }
    InflightEntry entry;
    entry.message = record.message;
    entry.aux = record.subscription_id;
    entry.first_byte = record.first_byte;
    entry.share_tag = record.share_tag;
    entry.sent = true;
    entry.state = record.message ? InflightEntry::State::kPublishSent
                                 : InflightEntry::State::kPubrelSent;
    session.inflight.add(std::move(entry));
  }

  void put_inbound(std::string_view client_id, uint16_t packet_id) override {
    session(client_id).inbound_qos2.insert(packet_id);
  }

  void put_retained(const Ref<const Message>& message, WallTime expires) override {
    if (expires > now_.wall) return broker_.retained_.set(message, broker_.to_mono(expires));
    expired_.emplace_back(message->topic());
  }
  // Retained messages that expired while the broker was down.
  const std::vector<std::string>& expired() const { return expired_; }

  // A store replays what is, not what was.
  void drop_session(std::string_view) override { assert(false); }
  void drop_subscription(std::string_view, std::string_view) override { assert(false); }
  void release_queued(std::string_view, uint64_t) override { assert(false); }
  void drop_queued(std::string_view, uint64_t) override { assert(false); }
  void drop_inbound(std::string_view, uint16_t) override { assert(false); }
  void drop_retained(std::string_view) override { assert(false); }

 private:
  Session& session(std::string_view client_id) const {
    const auto found = broker_.sessions_.find(client_id);
    assert(found != broker_.sessions_.end());
    return *found->second;
  }

  // Sequence n has packet identifier n % 65535 + 1.
  static void start_at(Session& session, uint64_t sequence) {
    session.first_sequence = sequence;
    session.inflight.start_at(static_cast<uint16_t>(sequence % 65'535 + 1));
  }

  Broker& broker_;
  Now now_;
  std::vector<std::string> expired_;
};

Result<void> Broker::restore(Now now) {
  assert(store_ != nullptr && sessions_.empty());
  now_ = now;
  Restorer restorer(*this, now);
  MQ_CHECK(store_->load(restorer, now));
  for (const std::string& topic : restorer.expired()) change().drop_retained(topic);
  return {};
}

}  // namespace mq
