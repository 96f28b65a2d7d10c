#include "broker/broker.h"

#include <cassert>

#include "broker/send_control.h"
#include "codec/decode.h"

namespace mq {

Connection::Connection() = default;
Connection::~Connection() = default;

Broker::Broker(const BrokerOptions& options, AccessControl& access, Random& random, Now start,
               SessionStore* store)
    : options_(options),
      access_(access),
      random_(random),
      store_(store),
      now_(start),
      subscriptions_(random.next()),
      retained_(random.next()),
      sys_topics_(options.sys_interval, start) {
  add_listener({});
  if (options_.sys_interval != Duration::zero()) update_sys_topics(start);
}

Broker::~Broker() {
  for (auto& [id, session] : sessions_) {
    subscriptions_.remove_all(*session);
    session_timers_.cancel(*session);
  }
}

ListenerId Broker::add_listener(const ListenerOptions& options) {
  auto listener = std::make_unique<ListenerState>();
  listener->options = options;
  listener->options.qos_max = std::min(options.qos_max, options_.qos_max);
  listener->options.topic_alias_maximum =
      std::min(options.topic_alias_maximum, options_.topic_alias_maximum);
  listener->id = static_cast<ListenerId>(listeners_.size());
  listeners_.push_back(std::move(listener));
  return listeners_.back()->id;
}

void Broker::set_options(const BrokerOptions& options) {
  const BrokerOptions told = std::exchange(options_, options);
  options_.receive_maximum = told.receive_maximum;
  options_.topic_alias_maximum = told.topic_alias_maximum;
  options_.qos_max = told.qos_max;
  options_.retain_available = told.retain_available;
  options_.sys_interval = told.sys_interval;
}

void Broker::set_listener(ListenerId id, const ListenerOptions& options) {
  ListenerOptions& to = listeners_[id]->options;
  const ListenerOptions told = std::exchange(to, options);
  to.topic_alias_maximum = told.topic_alias_maximum;
  to.qos_max = told.qos_max;
  to.receive_maximum = told.receive_maximum;
  to.mount_point = told.mount_point;  // subscriptions are below the old one
}

ConnId Broker::accepted(Now now, ListenerId listener_id) {
  ++counters_.sockets;
  ListenerState& listener = *listeners_[listener_id];
  if (listener.connections >= listener.options.connections_max) {
    ++counters_.limit_listener_connections;
    return {};
  }
  if (connections_ >= options_.connections_max) {
    ++counters_.limit_connections;
    return {};
  }
  uint32_t slot = static_cast<uint32_t>(slots_.size());
  if (free_slots_.empty()) {
    slots_.emplace_back();
  } else {
    slot = free_slots_.back();
    free_slots_.pop_back();
  }
  slots_[slot] = std::make_unique<Connection>();
  Connection& c = *slots_[slot];
  c.id = {slot, next_generation_};
  if (++next_generation_ == 0) next_generation_ = 1;
  ++connections_;
  ++listener.connections;
  c.listener = &listener;
  c.reader.set_packet_max(std::min(packet_max(c), kConnectPacketMax));
  c.last_seen = now.mono;
  arm(c, add(now.mono, std::min(options_.connect_timeout,
                                listener.options.connect_timeout.value_or(Duration::max()))));
  return c.id;
}

void Broker::receive(ConnId id, Bytes bytes, Now now) {
  Connection* const c = find(id);
  if (c == nullptr || c->state == Connection::State::kClosing || bytes.empty()) return;
  now_ = now;
  counters_.bytes_received += bytes.size();
  c->last_seen = now.mono;
  // Whatever else this is, it is not MQTT: do not even wait for its length.
  constexpr uint8_t kConnectByte = static_cast<uint8_t>(PacketType::kConnect) << 4;
  if (c->state == Connection::State::kAwaitConnect && c->reader.pending() == 0 &&
      bytes[0] != kConnectByte) {
    return finish(*c, ReasonCode::kProtocolError, "the first packet is not a CONNECT", true, now);
  }
  if (must_wait(*c) || (c->intake != nullptr && !c->intake->behind.empty())) {
    return put_aside(*c, bytes);  // not past what came before
  }
  const Bytes left = consume(*c, bytes, now);
  if (!left.empty()) put_aside(*c, left);
  close_slow(now);
}

// Handles packets for as long as the connection need not wait, and gives what is left.
Bytes Broker::consume(Connection& c, Bytes bytes, Now now) {
  while (c.state != Connection::State::kClosing) {
    if (must_wait(c)) return bytes;
    const auto frame = c.reader.next(bytes);
    limit_hit_ = {};
    if (!frame) {
      if (frame.error().reason == ReasonCode::kPacketTooLarge) hit(&Counters::limit_packet);
      fail(c, frame.error(), now);
      return {};
    }
    if (!frame->has_value()) return {};
    ++counters_.messages_received;
    charge(c, **frame, now);
    on_frame(c, **frame, now);
  }
  return {};
}

void Broker::on_frame(Connection& c, const Frame& frame, Now now) {
  if (c.state == Connection::State::kAwaitConnect && frame.type() != PacketType::kConnect) {
    return finish(c, ReasonCode::kProtocolError, "the first packet is not a CONNECT", true, now);
  }
  if (c.state == Connection::State::kAwaitAuth && frame.type() != PacketType::kAuth) {
    if (frame.type() == PacketType::kDisconnect) {
      return finish(c, ReasonCode::kSuccess, "gave up authentication", false, now);
    }
    // [MQTT-3.1.2-30]
    return refuse_connect(c, ReasonCode::kProtocolError, "AUTH was to come");
  }
  switch (frame.type()) {
    case PacketType::kConnect: return on_connect(c, frame, now);
    case PacketType::kPublish: return on_publish(c, frame, now);
    case PacketType::kPuback:
    case PacketType::kPubrec:
    case PacketType::kPubrel:
    case PacketType::kPubcomp: return on_ack(c, frame, now);
    case PacketType::kSubscribe: return on_subscribe(c, frame, now);
    case PacketType::kUnsubscribe: return on_unsubscribe(c, frame, now);
    case PacketType::kPingreq: {
      if (const auto packet = decode_pingreq(frame); !packet) return fail(c, packet.error(), now);
      if (store_ != nullptr && waits(c)) {
        // A disk that takes its time must not look like a broken connection.
        if (c.pings < UINT16_MAX) ++c.pings;
        return mark_dirty(c);
      }
      send_control(c, Pingresp{});  // smaller than any CONNACK, so it fits
      return;
    }
    case PacketType::kDisconnect: return on_disconnect(c, frame, now);
    case PacketType::kAuth: return on_auth(c, frame, now);
    default: {
      const auto packet = decode(frame, c.version, Side::kClient);
      assert(!packet);  // only servers send what is left
      return fail(c, packet.error(), now);
    }
  }
}

void Broker::closed(ConnId id, Now now) {
  Connection* const c = find(id);
  if (c == nullptr) return;
  now_ = now;
  if (c->session != nullptr && c->intake != nullptr) {
    // What had come before the end was sent while the connection was there, and may hold its
    // DISCONNECT.
    stop_waiting(*c);
    c->intake->limited = false;
    c->intake->at_end = true;
    go_on(*c, now);
  }
  if (c->session != nullptr) {
    log(*c, LogLevel::kInfo, "lost");
    detach(*c, true, now);
  }
  connection_timers_.cancel(*c);
  --c->listener->connections;
  slots_[id.slot].reset();
  free_slots_.push_back(id.slot);
  --connections_;
  close_slow(now);
}

Time Broker::next_deadline() const {
  if (!released_.empty()) return now_.mono;  // which is not in the future
  return std::min({connection_timers_.next(), session_timers_.next(), retained_.next_deadline(),
                   sys_topics_.next_deadline()});
}

void Broker::tick(Now now) {
  now_ = now;
  while (Connection* c = connection_timers_.pop_due(now.mono)) {
    if (c->state == Connection::State::kAwaitConnect ||
        c->state == Connection::State::kAuthenticating ||
        c->state == Connection::State::kAwaitAuth) {
      hit(&Counters::limit_connect_timeout);
      finish(*c, ReasonCode::kMaximumConnectTime, "no CONNECT in time", true, now);
    } else if (c->state == Connection::State::kConnected) {
      on_due(*c, now);
    }
  }
  // Those that go on may make others go on.
  while (!released_.empty()) {
    for (const ConnId id : std::exchange(released_, {})) {
      if (Connection* c = find(id); c != nullptr && !must_wait(*c)) go_on(*c, now);
    }
  }
  while (Session* session = session_timers_.pop_due(now.mono)) {
    on_due(*session, now);
  }
  retained_.drop_expired(now.mono, [this](std::string_view topic) {
    if (store_ != nullptr) change().drop_retained(topic);
  });
  if (sys_topics_.next_deadline() <= now.mono) update_sys_topics(now);
  close_slow(now);
}

void Broker::update_sys_topics(Now now) {
  SysGauges gauges;
  gauges.sessions = static_cast<uint32_t>(sessions_.size());
  gauges.connections = connections_;
  gauges.subscriptions = subscriptions_.size();
  gauges.shared_subscriptions = subscriptions_.shared();
  gauges.retained_messages = retained_.size();
  gauges.stored_messages = Message::alive();
  gauges.stored_bytes = Message::alive_bytes();
  for (const auto& slot : slots_) {
    if (slot == nullptr) continue;
    gauges.packets_out += slot->out.size();
    gauges.packet_bytes_out += slot->out.message_bytes();
  }
  if (store_ != nullptr) gauges.commit_ms_p99 = store_->commit_ms_p99();
  for (const SysTopics::Entry& entry : sys_topics_.update(counters_, gauges, now)) {
    MessageFields fields;
    fields.topic = entry.topic;
    fields.payload = to_bytes(entry.value);
    fields.retain = true;
    retained_.set(Message::make(fields), kNever);
    route(fields, nullptr);
  }
}

void Broker::clean(ConnId id) {
  if (Connection* c = find(id)) c->dirty = false;
}

bool Broker::has_output(ConnId id) const {
  const Connection* c = find(id);
  return c != nullptr && (!c->out.empty() || c->pings > 0);
}

bool Broker::wants_close(ConnId id) const {
  const Connection* c = find(id);
  return c != nullptr && c->state == Connection::State::kClosing && c->out.empty();
}

bool Broker::wants_pause(ConnId id) const {
  const Connection* c = find(id);
  if (c == nullptr) return false;
  return c->out.answers() > kAnswersMax || must_wait(*c) ||
         (c->intake != nullptr && !c->intake->behind.empty()) || (store_state_.behind && waits(*c));
}

void Broker::shut_down(Now now) {
  now_ = now;
  for (const auto& slot : slots_) {
    if (slot != nullptr && slot->state != Connection::State::kClosing) {
      finish(*slot, ReasonCode::kServerShuttingDown, "the server is shutting down", true, now);
    }
  }
}

void Broker::fail(Connection& c, ReasonCode reason, std::string_view why, Now now) {
  finish(c, reason, why, true, now);
}

void Broker::fail(Connection& c, const DecodeError& error, Now now) {
  finish(c, error.reason, error.what, true, now);
}

// The one place where a connection ends from our side [MQTT-4.13.1-1]: 5.0 clients are told why
// in a DISCONNECT, if they have had their CONNACK [MQTT-3.14.0-1].
void Broker::finish(Connection& c, ReasonCode reason, std::string_view why, bool with_will,
                    Now now) {
  if (c.state == Connection::State::kClosing) return;
  log(c, LogLevel::kInfo, reason == ReasonCode::kSuccess ? "disconnected" : "closing", why);
  const bool tell = c.state == Connection::State::kConnected && c.version == Version::kV5 &&
                    reason != ReasonCode::kSuccess;
  c.state = Connection::State::kClosing;
  c.pending = nullptr;
  stop_waiting(c);
  c.out.drop_publishes();
  connection_timers_.cancel(c);
  mark_dirty(c);
  if (tell) {
    Buffer properties;
    if (c.problem_information) PropertyWriter(properties).add(PropertyId::kReasonString, why);
    send_control(c, Disconnect{reason, Properties(properties.bytes())});
  }
  if (c.session != nullptr) detach(c, with_will, now);
}

void Broker::detach(Connection& c, bool with_will, Now now) {
  Session& session = *std::exchange(c.session, nullptr);
  assert(session.connection == &c);
  if (session.slow != nullptr) end_slow(session);
  session.connection = nullptr;
  session.resend_left = 0;
  --counters_.clients_connected;
  // [MQTT-3.14.4-3] [MQTT-3.1.2-10]
  if (!with_will) session.will = nullptr;
  if (session.will != nullptr) {
    session.will_due = add(now.mono, std::chrono::seconds(session.will->delay_s));
    if (session.will->delay_s == 0) publish_will(session, now);
  }
  if (session.expiry_s == 0) return end_session(session, now);
  if (session.expiry_s != kSessionNeverExpires) {
    session.expires = add(now.mono, std::chrono::seconds(session.expiry_s));
  }
  if (session.stored) store_session(session);
  arm(session);
}

void Broker::arm(Session& session) {
  session_timers_.set(session, std::min(session.expires, session.will_due));
}

void Broker::end_session(Session& session, Now now) {
  assert(session.connection == nullptr);
  publish_will(session, now);
  if (session.slow != nullptr) end_slow(session);
  reassign_shared(session);
  subscriptions_.remove_all(session);
  session_timers_.cancel(session);
  if (session.stored) change().drop_session(session.client_id);
  sessions_.erase(session.client_id);
}

void Broker::publish_will(Session& session, Now now) {
  session.will_due = kNever;
  const std::unique_ptr<StoredWill> will = std::move(session.will);
  if (will == nullptr) return;
  MessageFields fields;
  fields.topic = will->topic;
  fields.payload = will->payload;
  fields.properties = Properties(will->properties);
  fields.qos = will->qos;
  fields.retain = will->retain;
  if (const auto expiry = fields.properties.number(PropertyId::kMessageExpiryInterval)) {
    fields.expires = add(now.mono, std::chrono::seconds(*expiry));
  }
  // Asked again: rules may have changed since CONNECT.
  if (!access_.may_publish(identity(session), fields.topic)) return;
  Ref<const Message> message;
  if (fields.retain) retain_message(fields, session, message);
  route(fields, &session);
}

// The session's time is over, or only that of its will.
void Broker::on_due(Session& session, Now now) {
  if (session.expires <= now.mono) {
    ++counters_.clients_expired;
    return end_session(session, now);
  }
  publish_will(session, now);
  if (session.stored) store_session(session);
  arm(session);
}

ClientIdentity Broker::identity(const Connection& c) const {
  return identity(*c.session);
}

ClientIdentity Broker::identity(const Session& session) {
  return {session.client_id, session.user_name, session.listener, session.grant.get(),
          session.trusted};
}

void Broker::log(const Connection& c, LogLevel level, std::string_view event,
                 std::string_view detail) const {
  if (!log_ || (level == LogLevel::kInfo && !options_.log_connections)) return;
  log_(c.id, {level, event, c.session != nullptr ? identity(c) : ClientIdentity(), detail,
              std::exchange(limit_hit_, {})});
}

void Broker::log_denied(const Connection& c, std::string_view event, ReasonCode reason,
                        std::string_view topic) const {
  if (!log_) return;
  std::string detail(text(reason));
  detail.append(": ").append(topic);
  log(c, LogLevel::kNotice, event, detail);
}

}  // namespace mq
