// CONNECT and DISCONNECT: how a network connection gets its session and leaves it.
#include <algorithm>
#include <cassert>

#include "broker/broker.h"
#include "broker/send_control.h"
#include "codec/decode.h"
#include "codec/topic.h"
#include "session/via.h"

namespace mq {
namespace {

std::unique_ptr<StoredWill> store(const Will& will, std::string_view topic) {
  auto stored = std::make_unique<StoredWill>();
  stored->topic = topic;
  stored->payload.assign(will.payload.begin(), will.payload.end());
  stored->qos = will.qos;
  stored->retain = will.retain;
  for (auto it = will.properties.begin(); it != will.properties.end(); ++it) {
    if (it->id == PropertyId::kWillDelayInterval) {
      stored->delay_s = it->number;
    } else {
      const Bytes bytes = it.encoded();
      stored->properties.insert(stored->properties.end(), bytes.begin(), bytes.end());
    }
  }
  return stored;
}

uint32_t session_expiry_s(const Connect& packet) {
  if (packet.version != Version::kV5) return packet.clean_start ? 0 : kSessionNeverExpires;
  return packet.properties.number(PropertyId::kSessionExpiryInterval).value_or(0);
}

}  // namespace

// Who the client is to all rules.
std::string_view Broker::user_name_of(const Connection& c, const Connect& packet) {
  return c.proven_name != nullptr ? *c.proven_name : packet.user_name.value_or("");
}

void Broker::prove_name(ConnId id, std::string user_name) {
  Connection* const c = find(id);
  if (c == nullptr || c->state != Connection::State::kAwaitConnect) return;
  c->proven_name = std::make_unique<const std::string>(std::move(user_name));
}

void Broker::trust(ConnId id, std::optional<std::string> user_name) {
  Connection* const c = find(id);
  assert(c != nullptr && c->state == Connection::State::kAwaitConnect);
  c->inside = true;
  if (user_name) c->proven_name = std::make_unique<const std::string>(*std::move(user_name));
}

size_t Broker::queued(std::string_view client_id) const {
  const auto found = sessions_.find(client_id);
  if (found == sessions_.end()) return 0;
  return found->second->inflight.publishes() + found->second->waiting.size();
}

void Broker::on_connect(Connection& c, const Frame& frame, Now now) {
  if (c.state != Connection::State::kAwaitConnect) {
    return fail(c, ReasonCode::kProtocolError, "a second CONNECT", now);  // [MQTT-3.1.0-2]
  }
  ++counters_.connections;
  // Set before anything is answered: the answer has the client's own format [MQTT-3.1.2-2].
  const std::optional<uint8_t> level = peek_level(frame);
  if (level) c.version = *level >= 5 ? Version::kV5 : Version::kV311;
  const auto decoded = decode_connect(frame);
  if (!decoded) {
    const DecodeError& error = decoded.error();
    // A 3.x client gets no CONNACK for what breaks the format [MQTT-3.1.4-1 of 3.1.1].
    if (level &&
        (c.version == Version::kV5 || error.reason == ReasonCode::kUnsupportedProtocolVersion)) {
      return refuse_connect(c, error.reason, error.what);
    }
    return finish(c, error.reason, error.what, true, now);
  }
  const Connect& packet = *decoded;
  c.version = packet.version;
  c.bridge = packet.bridge;
  c.packet_max = packet.properties.number(PropertyId::kMaximumPacketSize).value_or(kPacketMax);

  const ListenerOptions& listener = c.listener->options;
  const bool assigned = packet.client_id.empty() && !listener.user_name_as_id;
  std::string client_id(listener.user_name_as_id ? user_name_of(c, packet) : packet.client_id);
  // [MQTT-3.2.2-16]: new, even if somebody has taken a name that looks like one of these.
  while (assigned && (client_id.empty() || sessions_.contains(client_id))) {
    client_id = listener.auto_id_prefix + random_.uuid();
  }
  const ClientIdentity client{client_id, user_name_of(c, packet), c.listener->id};
  if (const auto refusal = check_connect(c, packet)) {
    return refuse_connect(c, refusal->reason, refusal->why, client);
  }
  ConnectRequest request{c.id, client, packet.password};
  request.method = packet.properties.text(PropertyId::kAuthenticationMethod);
  request.data = to_bytes(packet.properties.text(PropertyId::kAuthenticationData).value_or(""));
  if (request.method) {
    c.auth = std::make_unique<EnhancedAuth>();
    c.auth->method = *request.method;
    c.auth->running = true;
  }
  std::optional<AccessAnswer> answer;
  if (c.proven_name == nullptr) {
    answer = access_.connect(request);
  } else {
    answer.emplace(request.method ? ReasonCode::kBadAuthenticationMethod : ReasonCode::kSuccess);
    answer->proven = true;
  }
  if (answer && is_error(answer->reason)) {
    return refuse_connect(c, answer->reason, text(answer->reason), client);
  }
  if (!answer || answer->exchange != nullptr) {
    await_access(c, frame, std::move(client_id), assigned);
    if (answer) challenge(c, std::move(*answer));
    return;
  }
  std::string user_name =
      answer->user_name.empty() ? std::string(client.user_name) : std::move(answer->user_name);
  admit(c, {packet, std::move(client_id), assigned, std::move(user_name), std::move(*answer)}, now);
}

void Broker::await_access(Connection& c, const Frame& frame, std::string client_id, bool assigned) {
  c.state = Connection::State::kAuthenticating;
  c.pending = std::make_unique<PendingConnect>();
  c.pending->first_byte = frame.first_byte;
  c.pending->body.assign(frame.body.begin(), frame.body.end());
  c.pending->client_id = std::move(client_id);
  c.pending->assigned = assigned;
  mark_dirty(c);  // so that the owner looks at wants_pause()
}

// Who the client is, is settled.
void Broker::admit(Connection& c, Arrival arrival, Now now) {
  const Connect& packet = arrival.packet;
  if (c.listener->options.user_name_as_id) {
    arrival.client_id = arrival.user_name;
    arrival.assigned = false;
  }
  const std::string& client_id = arrival.client_id;
  const ClientIdentity client{client_id, arrival.user_name, c.listener->id,
                              arrival.answer.grant.get(), c.inside && arrival.user_name.empty()};
  if (const auto refusal = check_rights(c, packet, client)) {
    return refuse_connect(c, refusal->reason, refusal->why, client);
  }
  if (c.auth != nullptr) c.auth->running = false;

  // Before anything changes: a client must learn what it was granted, all of it.
  Buffer granted;
  if (packet.version == Version::kV5) grant(c, arrival, granted);
  Connack connack{false, ReasonCode::kSuccess, Properties(granted.bytes())};
  scratch_.clear();
  encode(connack, c.version, scratch_);
  if (scratch_.size() > c.packet_max) {
    return refuse_connect(c, ReasonCode::kPacketTooLarge,
                          "CONNACK is over the client's Maximum Packet Size");
  }

  auto found = sessions_.find(client_id);
  if (found != sessions_.end() &&
      std::min(found->second->expires, found->second->will_due) <= now.mono) {
    // Its timer is late; the standard's times count.
    on_due(*found->second, now);
    found = sessions_.find(client_id);
  }
  const Claim claim =
      found == sessions_.end() || c.inside ? Claim::kSession : this->claim(*found->second, arrival);
  if (claim == Claim::kNone) {
    return refuse_connect(c, ReasonCode::kClientIdentifierNotValid,
                          "the session of this client identifier belongs to another user", client);
  }
  if (found != sessions_.end() && found->second->connection != nullptr) {
    // [MQTT-3.1.4-3]. The old session may end with its connection: look again.
    finish(*found->second->connection, ReasonCode::kSessionTakenOver,
           "another connection took the session over", true, now);
    found = sessions_.find(client_id);
  }
  if (found != sessions_.end() && (packet.clean_start || claim == Claim::kPlace)) {
    end_session(*found->second, now);  // [MQTT-3.1.2-4]
    found = sessions_.end();
  }
  const bool present = found != sessions_.end();
  if (!present) {
    auto fresh = std::make_unique<Session>(client_id);
    const std::string_view key = fresh->client_id;
    found = sessions_.emplace(key, std::move(fresh)).first;
  }
  attach(c, *found->second, arrival, now);
  // MQTT 3.1 has no Session Present flag: the byte is reserved.
  connack.session_present = present && c.version != Version::kV31;
  // While the store cannot write, the sessions it has go on: their state is safe but for what this
  // CONNECT changes of it. New ones that it would have to keep were refused.
  if (!store_state_.failing) hold(c);
  send_control(c, connack);
  resume(c);
  log(c, LogLevel::kInfo, "connected",
      present                  ? "session resumed"
      : claim == Claim::kPlace ? "an earlier session of whoever has ended"
                               : "");
}

// A client identifier is no secret. A session is whose name was proven when it began, and nobody
// else goes on with it or takes its place. One that was begun without a proof is everybody's who
// has none either. It gives way to who has one, but he does not inherit it: for him a stranger
// could have laid out subscriptions there, and packet identifiers that make his messages
// duplicates.
Broker::Claim Broker::claim(const Session& session, const Arrival& arrival) const {
  if (!access_.proves_names()) return Claim::kSession;
  const bool proven = arrival.answer.proven;
  if (!session.name_proven) return proven ? Claim::kPlace : Claim::kSession;
  return proven && session.user_name == arrival.user_name ? Claim::kSession : Claim::kNone;
}

std::optional<Broker::Refusal> Broker::check_connect(const Connection& c, const Connect& packet) {
  const ListenerOptions& listener = c.listener->options;
  const bool accepts = packet.version == Version::kV5    ? listener.accept_v5
                       : packet.version == Version::kV31 ? listener.accept_v31
                                                         : listener.accept_v311;
  if (!accepts) {
    return Refusal{ReasonCode::kUnsupportedProtocolVersion,
                   "this listener does not accept the protocol version"};
  }
  if (c.proven_name != nullptr && c.proven_name->empty() && !c.inside) {
    return Refusal{ReasonCode::kBadUserNameOrPassword,
                   "neither a certificate nor a pre-shared key says who the client is"};
  }
  const bool no_id = packet.client_id.empty() && !listener.user_name_as_id;
  if (no_id && (packet.version == Version::kV31 ||
       (packet.version == Version::kV311 && !packet.clean_start))) {
    // [MQTT-3.1.3-8 of 3.1.1]
    return Refusal{ReasonCode::kClientIdentifierNotValid,
                   "an empty client identifier needs a clean session"};
  }
  if (no_id && !listener.accept_empty_id) {
    return Refusal{ReasonCode::kClientIdentifierNotValid, "an empty client identifier"};
  }
  return std::nullopt;
}

std::optional<Broker::Refusal> Broker::check_rights(const Connection& c, const Connect& packet,
                                                    const ClientIdentity& client) {
  const ListenerOptions& listener = c.listener->options;
  if (listener.user_name_as_id && client.client_id.empty()) {
    return Refusal{ReasonCode::kNotAuthorized, "the user name is to be the client identifier"};
  }
  if (!c.inside && std::ranges::find(reserved_ids_, client.client_id) != reserved_ids_.end()) {
    return Refusal{ReasonCode::kClientIdentifierNotValid,
                   "the client identifier is that of a bridge"};
  }
  if (!c.inside && !client.client_id.starts_with(options_.client_id_prefix)) {
    return Refusal{ReasonCode::kNotAuthorized, "the client identifier lacks the prefix"};
  }
  if (packet.will) {
    if (packet.will->qos > listener.qos_max) {
      return Refusal{ReasonCode::kQosNotSupported, "the will's QoS is over the maximum"};
    }
    if (packet.will->retain && !options_.retain_available) {
      return Refusal{ReasonCode::kRetainNotSupported, "the will is retained"};
    }
    const std::string_view topic = mount(c, packet.will->topic);
    if (topic_name_fault(topic, options_.topic_levels_max) != nullptr) {
      hit(&Counters::limit_topic_levels);
      return Refusal{ReasonCode::kTopicNameInvalid, "the will's topic has too many levels"};
    }
    if (is_reserved_topic(packet.will->topic, client.client_id, c.inside) ||
        is_reserved_topic(topic, client.client_id, c.inside) ||
        !access_.may_publish(client, topic)) {
      return Refusal{ReasonCode::kNotAuthorized, "the will's topic is not allowed"};
    }
  }
  if (store_state_.failing && granted_expiry_s(packet) != 0 &&
      !sessions_.contains(client.client_id)) {
    return Refusal{ReasonCode::kServerUnavailable, "the session cannot be stored"};
  }
  if (sessions_.size() >= options_.sessions_max && !sessions_.contains(client.client_id)) {
    hit(&Counters::limit_sessions);
    return Refusal{ReasonCode::kQuotaExceeded, "the server holds its maximum of sessions"};
  }
  return std::nullopt;
}

void Broker::refuse_connect(Connection& c, ReasonCode reason, std::string_view why,
                            const ClientIdentity& client) {
  if (log_) {
    log_(c.id, {LogLevel::kNotice, "refused", client, why, std::exchange(limit_hit_, {})});
  }
  Buffer properties;
  PropertyWriter(properties).add(PropertyId::kReasonString, why);
  send_control(c, Connack{false, reason, Properties(properties.bytes())});
  c.state = Connection::State::kClosing;  // [MQTT-3.2.2-7]
  mark_dirty(c);
  connection_timers_.cancel(c);
}

void Broker::attach(Connection& c, Session& session, const Arrival& arrival, Now now) {
  const Connect& packet = arrival.packet;
  c.state = Connection::State::kConnected;
  c.session = &session;
  session.connection = &c;
  session.user_name = arrival.user_name;
  session.name_proven = arrival.answer.proven;
  session.trusted = c.inside && session.user_name.empty();
  session.grant = arrival.answer.grant;
  c.until = arrival.answer.until;
  session.listener = c.listener->id;
  session.expiry_s = granted_expiry_s(packet);
  // A will that was still waiting is not sent [MQTT-3.1.3-9].
  session.will = packet.will ? store(*packet.will, mount(c, packet.will->topic)) : nullptr;
  session.expires = session.will_due = kNever;
  session_timers_.cancel(session);
  if (store_ != nullptr && session.expiry_s != 0) {
    session.stored = true;
    store_session(session);
  } else if (session.stored) {
    // It will end with this connection, a crash included.
    session.stored = false;
    change().drop_session(session.client_id);
  }

  c.send_quota = std::min<uint32_t>(
      packet.properties.number(PropertyId::kReceiveMaximum).value_or(kReceiveMaximumDefault),
      limit(&BrokerOptions::inflight_max, &ListenerOptions::inflight_max, c.listener->id));
  c.problem_information =
      packet.properties.number(PropertyId::kRequestProblemInformation).value_or(1) != 0;
  if (const auto maximum =
          std::min<uint32_t>(packet.properties.number(PropertyId::kTopicAliasMaximum).value_or(0),
                             c.listener->options.topic_alias_out_max)) {
    c.aliases_out = std::make_unique<OutboundAliases>();
    c.aliases_out->set_maximum(static_cast<uint16_t>(maximum));
  }
  c.reader.set_packet_max(packet_max(c));
  c.keep_alive_s = granted_keep_alive_s(c, packet);
  c.last_seen = now.mono;
  arm(c, deadline(c));

  ++counters_.clients_connected;
  counters_.clients_maximum = std::max(counters_.clients_maximum, counters_.clients_connected);
}

uint32_t Broker::granted_expiry_s(const Connect& packet) const {
  return std::min(session_expiry_s(packet),
                  options_.session_expiry_max_s.value_or(kSessionNeverExpires));
}

// Only 5.0 clients can be told of another value than their own [MQTT-3.1.2-21].
uint16_t Broker::granted_keep_alive_s(const Connection& c, const Connect& packet) const {
  if (packet.version != Version::kV5) return packet.keep_alive_s;
  if (options_.server_keep_alive_s) return *options_.server_keep_alive_s;
  const uint16_t max_s =
      limit(&BrokerOptions::keep_alive_max_s, &ListenerOptions::keep_alive_max_s, c.listener->id);
  if (max_s == UINT16_MAX) return packet.keep_alive_s;
  return packet.keep_alive_s == 0 ? max_s : std::min(packet.keep_alive_s, max_s);
}

// Writes what CONNACK tells a 5.0 client: where we differ from what it asked for and from the
// standard's defaults.
void Broker::grant(const Connection& c, const Arrival& arrival, Buffer& properties) const {
  const Connect& packet = arrival.packet;
  const ListenerOptions& listener = c.listener->options;
  PropertyWriter writer(properties);
  if (const uint32_t expiry_s = granted_expiry_s(packet); expiry_s != session_expiry_s(packet)) {
    writer.add(PropertyId::kSessionExpiryInterval, expiry_s);
  }
  if (listener.topic_alias_maximum != 0) {
    writer.add(PropertyId::kTopicAliasMaximum, listener.topic_alias_maximum);
  }
  // [MQTT-3.1.3-7] [MQTT-3.2.2-16]
  if (arrival.assigned) writer.add(PropertyId::kAssignedClientIdentifier, arrival.client_id);
  if (const uint16_t keep_alive_s = granted_keep_alive_s(c, packet);
      keep_alive_s != packet.keep_alive_s) {
    writer.add(PropertyId::kServerKeepAlive, keep_alive_s);
  }
  if (const uint32_t size = packet_max(c); size < kPacketMax) {
    writer.add(PropertyId::kMaximumPacketSize, size);
  }
  if (const uint16_t maximum = receive_maximum(c); maximum != kReceiveMaximumDefault) {
    writer.add(PropertyId::kReceiveMaximum, maximum);
  }
  if (listener.qos_max != Qos::kExactlyOnce) {  // [MQTT-3.2.2-9]
    writer.add(PropertyId::kMaximumQos, static_cast<uint32_t>(listener.qos_max));
  }
  if (!options_.retain_available) writer.add(PropertyId::kRetainAvailable, 0);
  if (!via_.empty() && !first_via(packet.properties).empty()) writer.add_user(kVia, via_);
  if (c.auth != nullptr) {  // [MQTT-4.12.0-5]
    writer.add(PropertyId::kAuthenticationMethod, c.auth->method);
    if (!arrival.answer.data.empty()) {
      writer.add(PropertyId::kAuthenticationData, to_string_view(arrival.answer.data));
    }
  }
}

// [MQTT-4.4.0-1]: what was unacknowledged is sent again, then what waited. PUBRELs go first and
// all at once: they are not subject to the send quota [MQTT-3.3.4-10].
void Broker::resume(Connection& c) {
  Session& session = *c.session;
  session.outstanding = 0;
  session.outstanding_bytes = 0;
  session.resend_left = session.inflight.size();
  for (uint32_t i = 0; i < session.inflight.size(); ++i) {
    InflightEntry& entry = session.inflight[i];
    entry.counted = false;
    if (entry.state == InflightEntry::State::kPubrelSent) {
      c.out.push_ack(PacketType::kPubrel, session.inflight.id_at(i), ReasonCode::kSuccess);
    }
  }
  fill_window(c);
}

void Broker::on_disconnect(Connection& c, const Frame& frame, Now now) {
  const auto packet = decode_disconnect(frame, c.version, Side::kClient);
  if (!packet) return fail(c, packet.error(), now);
  if (const auto expiry = packet->properties.number(PropertyId::kSessionExpiryInterval)) {
    if (c.session->expiry_s == 0 && *expiry != 0) {
      return fail(c, ReasonCode::kProtocolError,
                  "DISCONNECT cannot give a session that had no expiry one", now);
    }
    c.session->expiry_s =
        std::min(*expiry, options_.session_expiry_max_s.value_or(kSessionNeverExpires));
  }
  // [MQTT-3.14.4-3]: with any other code the will is published.
  const bool with_will = packet->reason != ReasonCode::kSuccess;
  finish(c, ReasonCode::kSuccess, with_will ? text(packet->reason) : "", with_will, now);
}

}  // namespace mq
