// The client session's CONNECT, CONNACK and AUTH.
#include <algorithm>
#include <cassert>

#include <fmt/core.h>

#include "client/client_session.h"
#include "codec/decode.h"
#include "codec/encode.h"

namespace mq {

void ClientSession::queue_connect(Bytes auth_data) {
  connection_.clean_start = options_.clean_start && !server_keeps_session_;
  connection_.authenticating = auth_method().has_value();
  // The session belongs to the identifier that the server assigned; without a session the server
  // is asked for a new one [MQTT-3.1.3-2].
  if (!server_keeps_session_) client_id_ = options_.client_id;

  PropertyList properties = connect_properties(options_);
  if (!auth_data.empty() && connection_.authenticating &&
      !properties.view().has(PropertyId::kAuthenticationData)) {
    properties.add(PropertyId::kAuthenticationData, to_string_view(auth_data));
  }
  Connect connect;
  connect.version = options_.version;
  connect.bridge = options_.bridge;
  connect.clean_start = connection_.clean_start;
  connect.keep_alive_s = options_.keep_alive_s;
  connect.client_id = client_id_;
  connect.properties = properties.view();
  if (options_.will) {
    const WillOptions& will = *options_.will;
    connect.will =
        Will{will.topic, to_bytes(will.payload), will.qos, will.retain, will.properties.view()};
  }
  if (options_.user_name) connect.user_name = *options_.user_name;
  if (options_.password) connect.password = to_bytes(*options_.password);
  out_.push_control([&](Buffer& to) { encode(connect, to); });
}

// What the CONNECT said.
std::optional<std::string_view> ClientSession::auth_method() const {
  if (options_.version != Version::kV5) return std::nullopt;
  return options_.properties.view().text(PropertyId::kAuthenticationMethod);
}

ClientSession::Received ClientSession::on_connack(const Frame& frame) {
  // A server that does not know 5.0 refuses in the form of 3.x, which is a byte shorter.
  const bool v3_refusal = frame.body.size() == 2 && frame.body[1] != 0;
  const Version version =
      v3_refusal ? std::min(options_.version, Version::kV311) : options_.version;
  const auto connack = decode_connack(frame, version);
  if (!connack) return fail_with(connack.error(), frame.type());

  if (connack->reason != ReasonCode::kSuccess) {
    state_ = State::kClosing;
    take_back_output();
    return ConnectRefused{connack->reason, connack->properties,
                          v3_refusal ? frame.body[1] : uint8_t{0}};
  }
  if (connack->session_present && connection_.clean_start) {  // [MQTT-3.2.2-4]
    return fail_with(ReasonCode::kProtocolError,
                     "the server resumed a session although none was to be kept");
  }
  // [MQTT-4.12.0-5] [MQTT-4.12.0-6]
  if (connack->properties.text(PropertyId::kAuthenticationMethod) != auth_method()) {
    return fail_with(ReasonCode::kProtocolError,
                     "the server's authentication method is not the one asked for");
  }
  // 3.1 has no Session Present: a server that was told to keep the session is taken to have it.
  // When it has not, packets with DUP are as good as new ones.
  const bool resumed = version == Version::kV31 ? server_keeps_session_ : connack->session_present;
  const bool by_somebody_else =
      !server_keeps_session_ && !connection_.clean_start && (resumed || version == Version::kV31);
  apply_connack(*connack);
  state_ = State::kConnected;
  if (resumed && !by_somebody_else) {
    resume();
  } else {
    start_over();
    held_ids_.forget();
    if (by_somebody_else) held_ids_.assume_all();
  }
  fill_window();
  return Connected{resumed, connack->properties};
}

void ClientSession::apply_connack(const Connack& connack) {
  uint32_t session_expiry_s = options_.session_expiry_s.value_or(0);
  uint32_t receive_maximum = kReceiveMaximumDefault;
  connection_.authenticating = false;
  connection_.keep_alive_s = options_.keep_alive_s;
  for (const Property& property : connack.properties) {
    switch (property.id) {
      case PropertyId::kSessionExpiryInterval: session_expiry_s = property.number; break;
      case PropertyId::kAssignedClientIdentifier: client_id_ = property.text; break;
      case PropertyId::kReceiveMaximum: receive_maximum = property.number; break;
      case PropertyId::kServerKeepAlive:  // [MQTT-3.1.2-21] [MQTT-3.2.2-21]
        connection_.keep_alive_s = static_cast<uint16_t>(property.number);
        break;
      case PropertyId::kMaximumPacketSize:
        connection_.server_packet_max = std::min(options_.send_packet_max, property.number);
        break;
      case PropertyId::kTopicAliasMaximum:  // [MQTT-3.2.2-17] [MQTT-3.2.2-18]
        if (options_.use_topic_aliases) {
          connection_.aliases_out.set_maximum(static_cast<uint16_t>(property.number));
        }
        break;
      case PropertyId::kMaximumQos:
        connection_.server_qos_max = static_cast<Qos>(property.number);
        break;
      case PropertyId::kRetainAvailable: connection_.server_retains = property.number != 0; break;
      default: break;  // the owner's to read in Connected
    }
  }
  server_keeps_session_ =
      options_.version == Version::kV5 ? session_expiry_s > 0 : !options_.clean_start;
  // [MQTT-4.9.0-1]
  if (options_.version != Version::kV5) receive_maximum = options_.inflight_max_v3;
  connection_.send_quota =
      std::clamp<uint32_t>(std::min(options_.inflight_max, receive_maximum), 1, 65535);
}

// [MQTT-4.12.0-2]
ClientSession::Received ClientSession::on_auth(const Frame& frame) {
  const auto packet = decode_auth(frame, options_.version);
  if (!packet) return fail_with(packet.error(), frame.type());
  if (!connection_.authenticating) {  // [MQTT-4.12.0-6]
    return fail_with(ReasonCode::kProtocolError, "the server sent AUTH without being asked");
  }
  const bool goes_on = packet->reason == ReasonCode::kContinueAuthentication;
  const bool done = packet->reason == ReasonCode::kSuccess && state_ == State::kConnected;
  if (!goes_on && !done) {
    return fail_with(ReasonCode::kProtocolError,
                     fmt::format("the server sent AUTH with '{}'", text(packet->reason)));
  }
  // [MQTT-4.12.0-5]. The shortest AUTH has no properties at all.
  const auto method = packet->properties.text(PropertyId::kAuthenticationMethod);
  if (method != auth_method() && !(done && packet->properties.empty())) {
    return fail_with(ReasonCode::kProtocolError,
                     "the server's authentication method is not the one asked for");
  }
  if (done) connection_.authenticating = false;
  return AuthChallenge{packet->reason, packet->properties};
}

void ClientSession::auth(ReasonCode reason, Properties properties) {
  assert(state_ == State::kConnecting || state_ == State::kConnected);
  assert(auth_method() && properties.text(PropertyId::kAuthenticationMethod) == auth_method());
  if (reason == ReasonCode::kReAuthenticate) connection_.authenticating = true;
  out_.push_control([&](Buffer& to) { encode(Auth{reason, properties}, options_.version, to); });
}

}  // namespace mq
