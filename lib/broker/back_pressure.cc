// Queues that are full, and publishers that wait: what limits the flow through the broker.
#include <algorithm>
#include <cassert>

#include "broker/broker.h"

namespace mq {

uint32_t Broker::queued_messages_max(const Session& session) const {
  return limit(&BrokerOptions::queued_messages_max, &ListenerOptions::queued_messages_max,
               session.listener);
}

uint64_t Broker::queued_bytes_max(const Session& session) const {
  return limit(&BrokerOptions::queued_bytes_max, &ListenerOptions::queued_bytes_max,
               session.listener);
}

// The limit of the session's queue that so much more would be over, null when there is room.
uint64_t Counters::*Broker::queue_limit(const Session& session, uint64_t more_messages,
                                        uint64_t more_bytes) const {
  uint64_t count = session.waiting.size() + session.inflight.publishes();
  uint64_t bytes = session.queued_bytes;
  if (session.connection != nullptr) {
    count = std::max<uint64_t>(count, session.connection->out.size());
    bytes = std::max(bytes, session.connection->out.message_bytes());
  }
  if (count + more_messages > queued_messages_max(session)) {
    return &Counters::limit_queued_messages;
  }
  return bytes + more_bytes > queued_bytes_max(session) ? &Counters::limit_queued_bytes : nullptr;
}

bool Broker::has_nothing_queued(const Session& session) {
  return session.waiting.empty() && session.inflight.publishes() == 0 &&
         (session.connection == nullptr || session.connection->out.empty());
}

// Whether one more message may wait in the session. One that finds nothing before it is taken
// whatever its size, or messages over the limit could not be sent at all.
bool Broker::has_queue_room(Session& session, const Message& message) {
  if (options_.slow_consumer == SlowConsumer::kBlock && session.connection != nullptr &&
      feeder_ != nullptr) {
    // Full with this message is full: its publisher waits after it, and nothing is lost.
    const auto limit = queue_limit(session, 2, message.memory() + 1);
    if (limit == nullptr) return true;
    if (!is_fed_by(session, *feeder_)) {
      const SlowConsumerState& slow = note_slow(session, limit);
      if (full_ == nullptr || slow.number < full_->slow->number) full_ = &session;
      return true;
    }
  }
  const auto limit = [&]() -> uint64_t Counters::* {
    return has_nothing_queued(session) ? nullptr : queue_limit(session, 1, message.memory());
  };
  uint64_t Counters::*over = limit();
  if (over != nullptr && drop_expired(session)) over = limit();
  if (over == nullptr) return true;
  ++(counters_.*over);
  ++counters_.publishes_dropped;
  SlowConsumerState& slow = note_slow(session, over);
  ++slow.dropped;
  if (options_.slow_consumer == SlowConsumer::kDisconnect && session.connection != nullptr &&
      !std::exchange(slow.closing, true)) {
    slow_.push_back(session.connection->id);  // not here: others are being delivered to
  }
  return false;
}

// Says once that the session's queue is full, until it is not.
SlowConsumerState& Broker::note_slow(Session& session, uint64_t Counters::*limit) {
  if (session.slow != nullptr) return *session.slow;
  session.slow = std::make_unique<SlowConsumerState>();
  session.slow->number = next_slow_number_++;
  session.slow->progress = now_.mono;
  const bool connected = session.connection != nullptr;
  if (connected) ++counters_.slow_consumers;
  if (log_) {
    constexpr std::string_view kPolicies[] = {"what does not fit is dropped", "it is closed",
                                              "publishers wait for it"};
    const auto* const name = std::ranges::find(kLimitNames, limit, &LimitName::count);
    log_(connected ? session.connection->id : ConnId(),
         {LogLevel::kWarning, connected ? "slow_consumer" : "queue_full", identity(session),
          connected ? kPolicies[static_cast<size_t>(options_.slow_consumer)] : kPolicies[0],
          name->setting});
  }
  return *session.slow;
}

// Whether the session can only catch up when the feeder is read: it is the feeder's own, or that of
// somebody who waits for it in turn. Such a circle would never move again, so in it nobody waits.
bool Broker::is_fed_by(const Session& session, const Connection& feeder) const {
  const Connection* at = session.connection;
  while (at != nullptr && at != &feeder) {
    const Session* next = at->intake != nullptr ? at->intake->waits_for : nullptr;
    at = next != nullptr ? next->connection : nullptr;
  }
  return at == &feeder;
}

// The feeder waits for one session at a time, the one that is full for longest: that way one that
// never takes anything gets no more from it than one message for each that was full before.
void Broker::wait_for(Connection& feeder, Session& session) {
  if (feeder.intake == nullptr) feeder.intake = std::make_unique<Intake>();
  if (feeder.intake->at_end || feeder.intake->waits_for != nullptr) return;
  std::vector<Connection*>& feeders = session.slow->feeders;
  if (feeders.empty()) session.slow->progress = now_.mono;
  feeder.intake->waits_for = &session;
  feeder.intake->place = static_cast<uint32_t>(feeders.size());
  feeders.push_back(&feeder);
  mark_dirty(feeder);  // so that the owner looks at wants_pause()
  arm(*session.connection, deadline(*session.connection));
}

void Broker::stop_waiting(Connection& feeder) {
  if (feeder.intake == nullptr || feeder.intake->waits_for == nullptr) return;
  std::vector<Connection*>& feeders =
      std::exchange(feeder.intake->waits_for, nullptr)->slow->feeders;
  const uint32_t place = feeder.intake->place;
  feeders[place] = feeders.back();
  feeders[place]->intake->place = place;
  feeders.pop_back();
}

// Something has left the queue. With half of it free the session is not slow any more.
void Broker::note_drained(Session& session) {
  session.slow->progress = now_.mono;
  const uint64_t messages = queued_messages_max(session), bytes = queued_bytes_max(session);
  const uint64_t half_messages = messages - messages / 2;
  const uint64_t half_bytes = bytes - bytes / 2;
  if (queue_limit(session, half_messages, half_bytes) == nullptr) end_slow(session);
}

void Broker::end_slow(Session& session) {
  const std::unique_ptr<SlowConsumerState> slow = std::move(session.slow);
  for (Connection* feeder : slow->feeders) {
    feeder->intake->waits_for = nullptr;
    released_.push_back(feeder->id);
  }
  if (!log_) return;
  const std::string detail = "dropped " + std::to_string(slow->dropped);
  log_(session.connection != nullptr ? session.connection->id : ConnId(),
       {LogLevel::kNotice, "slow_consumer_over", identity(session), detail, {}});
}

// Closes whom SlowConsumer::kDisconnect wants closed. Their wills can make more of them.
void Broker::close_slow(Now now) {
  while (!slow_.empty()) {
    Connection* const c = find(slow_.back());
    slow_.pop_back();
    if (c == nullptr || c->session == nullptr) continue;
    fail(*c, ReasonCode::kQuotaExceeded, "too slow: its queue is full", now);
  }
}

bool Broker::must_wait(const Connection& c) const {
  if (c.state == Connection::State::kAuthenticating) return true;
  return c.intake != nullptr && (c.intake->waits_for != nullptr || c.intake->limited);
}

// Counts a packet against the client's rates.
void Broker::charge(Connection& c, const Frame& frame, Now now) {
  const uint64_t messages =
      rate(&BrokerOptions::rate_messages_max, &ListenerOptions::rate_messages_max, c);
  const uint64_t bytes = rate(&BrokerOptions::rate_bytes_max, &ListenerOptions::rate_bytes_max, c);
  if ((messages | bytes) == 0 || c.state != Connection::State::kConnected) return;
  if (c.intake == nullptr) c.intake = std::make_unique<Intake>();
  Intake& intake = *c.intake;
  if (intake.at_end) return;
  if (messages != 0 && frame.type() == PacketType::kPublish)
    intake.messages.take(1, messages, now.mono);
  if (bytes != 0) intake.bytes.take(frame.size(), bytes, now.mono);
  intake.resume_at = std::max(intake.messages.ready_at(), intake.bytes.ready_at());
  if (intake.resume_at <= now.mono) return;
  intake.limited = true;
  hit(intake.messages.ready_at() > now.mono ? &Counters::limit_rate_messages
                                            : &Counters::limit_rate_bytes);
  log(c, LogLevel::kInfo, "rate_limited", "it is not read for a while");
  mark_dirty(c);
  arm(c, deadline(c));
}

void Broker::put_aside(Connection& c, Bytes bytes) {
  if (c.intake == nullptr) c.intake = std::make_unique<Intake>();
  c.intake->behind.append(bytes);
  mark_dirty(c);
}

// The wait is over: handles what has come meanwhile, unless that has to wait again.
void Broker::go_on(Connection& c, Now now) {
  c.last_seen = now.mono;
  mark_dirty(c);
  Buffer behind = std::exchange(c.intake->behind, {});
  const size_t left = consume(c, behind.bytes(), now).size();
  if (left == 0) return;
  behind.consume(behind.size() - left);
  c.intake->behind = std::move(behind);
}

// When the connection has to be looked at again.
Time Broker::deadline(const Connection& c) const {
  Time at = c.until;
  if (c.keep_alive_s != 0) {
    at = std::min(at, add(c.last_seen, std::chrono::milliseconds(1500) * c.keep_alive_s));
  }
  if (c.intake != nullptr && c.intake->limited) at = std::min(at, c.intake->resume_at);
  const SlowConsumerState* const slow = c.session != nullptr ? c.session->slow.get() : nullptr;
  if (slow != nullptr && !slow->feeders.empty()) {
    at = std::min(at, add(slow->progress, options_.block_timeout));
  }
  return at;
}

// Packets and progress only note the time; the deadline is worked out when the old one is over.
void Broker::on_due(Connection& c, Now now) {
  if (c.until <= now.mono) {
    return fail(c, ReasonCode::kMaximumConnectTime, "what it logged in with has expired", now);
  }
  if (c.intake != nullptr && c.intake->limited && c.intake->resume_at <= now.mono) {
    c.intake->limited = false;
    if (!must_wait(c)) go_on(c, now);
    if (c.session == nullptr) return;
  }
  // Who is not read cannot be heard.
  if (must_wait(c)) c.last_seen = now.mono;
  if (const Time due = deadline(c); due > now.mono) return arm(c, due);
  const SlowConsumerState* const slow = c.session->slow.get();
  if (slow != nullptr && !slow->feeders.empty() &&
      add(slow->progress, options_.block_timeout) <= now.mono) {
    hit(&Counters::limit_block_seconds);
    return fail(c, ReasonCode::kQuotaExceeded, "publishers wait for it, and it takes nothing", now);
  }
  fail(c, ReasonCode::kKeepAliveTimeout, "keep alive timeout", now);  // [MQTT-3.1.2-22]
}

void Broker::note_hit(std::string_view setting) {
  const auto* const limit = std::ranges::find(kLimitNames, setting, &LimitName::setting);
  assert(limit != kLimitNames.end());
  ++(counters_.*(limit->count));
}

// Counts it, and names it in the next line of the log.
void Broker::hit(uint64_t Counters::*limit) {
  ++(counters_.*limit);
  limit_hit_ = std::ranges::find(kLimitNames, limit, &LimitName::count)->setting;
}

}  // namespace mq
