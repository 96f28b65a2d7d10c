// AUTH, and answers of AccessControl that did not come at once (section 4.12).
#include <cassert>
#include <utility>

#include "broker/broker.h"
#include "broker/send_control.h"
#include "codec/decode.h"

namespace mq {

void Broker::on_auth(Connection& c, const Frame& frame, Now now) {
  const bool connected = c.state == Connection::State::kConnected;
  const auto reject = [&](ReasonCode reason, std::string_view why) {
    if (connected) return fail(c, reason, why, now);
    refuse_connect(c, reason, why);
  };
  if (c.auth == nullptr) {  // [MQTT-4.12.0-1]
    return reject(ReasonCode::kProtocolError, "AUTH without an Authentication Method");
  }
  const auto packet = decode_auth(frame, c.version);
  if (!packet) return reject(packet.error().reason, packet.error().what);
  // [MQTT-4.12.0-5] [MQTT-4.12.1-1]
  if (packet->properties.text(PropertyId::kAuthenticationMethod) != c.auth->method) {
    return reject(ReasonCode::kProtocolError, "the Authentication Method is not that of CONNECT");
  }
  const Bytes data =
      to_bytes(packet->properties.text(PropertyId::kAuthenticationData).value_or(""));
  if (packet->reason == ReasonCode::kContinueAuthentication && c.auth->exchange != nullptr) {
    const std::unique_ptr<AuthExchange> exchange = std::move(c.auth->exchange);
    AccessAnswer answer = exchange->proceed(data);
    return connected ? conclude_again(c, std::move(answer), now)
                     : conclude(c, std::move(answer), now);
  }
  if (packet->reason != ReasonCode::kReAuthenticate || c.auth->running || !connected) {
    return reject(ReasonCode::kProtocolError, "the AUTH is out of turn");
  }
  c.auth->running = true;
  ConnectRequest request{c.id, identity(c), std::nullopt};
  request.method = c.auth->method;
  request.data = data;
  request.again = true;
  if (auto answer = access_.connect(request)) conclude_again(c, std::move(*answer), now);
}

void Broker::authenticated(ConnId id, AccessAnswer answer, Now now) {
  Connection* const c = find(id);
  if (c == nullptr) return;
  now_ = now;
  if (c->state == Connection::State::kAuthenticating) {
    conclude(*c, std::move(answer), now);
    if (c->intake != nullptr) go_on(*c, now);
    return close_slow(now);
  }
  const bool again = c->state == Connection::State::kConnected && c->auth != nullptr &&
                     c->auth->running && c->auth->exchange == nullptr;
  if (again) conclude_again(*c, std::move(answer), now);
  close_slow(now);
}

// Sends the client what it has to answer.
void Broker::challenge(Connection& c, AccessAnswer answer) {
  assert(c.auth != nullptr && answer.exchange != nullptr);
  Buffer properties;
  PropertyWriter(properties)
      .add(PropertyId::kAuthenticationMethod, c.auth->method)
      .add(PropertyId::kAuthenticationData, to_string_view(answer.data));
  c.auth->exchange = std::move(answer.exchange);
  if (c.state == Connection::State::kAuthenticating) c.state = Connection::State::kAwaitAuth;
  mark_dirty(c);
  const Auth packet{ReasonCode::kContinueAuthentication, Properties(properties.bytes())};
  if (send_control(c, packet)) return;
  if (c.state == Connection::State::kConnected) {
    return fail(c, ReasonCode::kPacketTooLarge, "AUTH is over the client's Maximum Packet Size",
                now_);
  }
  refuse_connect(c, ReasonCode::kPacketTooLarge, "AUTH is over the client's Maximum Packet Size");
}

// What a CONNECT has come to that was not answered at once.
void Broker::conclude(Connection& c, AccessAnswer answer, Now now) {
  if (answer.exchange != nullptr) return challenge(c, std::move(answer));
  const std::unique_ptr<PendingConnect> pending = std::move(c.pending);
  c.state = Connection::State::kAwaitConnect;
  mark_dirty(c);
  const auto packet = decode_connect(Frame{pending->first_byte, 0, pending->body});
  assert(packet);  // it was decoded before
  std::string user_name = answer.user_name.empty() ? std::string(user_name_of(c, *packet))
                                                   : std::move(answer.user_name);
  if (is_error(answer.reason)) {
    const ClientIdentity client{pending->client_id, user_name, c.listener->id};
    return refuse_connect(c, answer.reason, text(answer.reason), client);
  }
  admit(c,
        {*packet, std::move(pending->client_id), pending->assigned, std::move(user_name),
         std::move(answer)},
        now);
}

// The same for a client that is connected and authenticates anew.
void Broker::conclude_again(Connection& c, AccessAnswer answer, Now now) {
  if (answer.exchange != nullptr) return challenge(c, std::move(answer));
  c.auth->running = false;
  if (is_error(answer.reason)) return fail(c, answer.reason, text(answer.reason), now);
  // Its session and its rights are those of the user that it came as.
  if (!answer.user_name.empty() && answer.user_name != c.session->user_name) {
    return fail(c, ReasonCode::kNotAuthorized, "a connection keeps its user", now);
  }
  c.session->grant = answer.grant;
  c.until = answer.until;
  arm(c, deadline(c));
  Buffer properties;
  PropertyWriter writer(properties);
  writer.add(PropertyId::kAuthenticationMethod, c.auth->method);
  if (!answer.data.empty()) {
    writer.add(PropertyId::kAuthenticationData, to_string_view(answer.data));
  }
  if (!send_control(c, Auth{ReasonCode::kSuccess, Properties(properties.bytes())})) {
    return fail(c, ReasonCode::kPacketTooLarge, "AUTH is over the client's Maximum Packet Size",
                now);
  }
  log(c, LogLevel::kInfo, "authenticated_again");
}

}  // namespace mq
