#include "client/client_session.h"

#include <algorithm>
#include <cassert>

#include <fmt/core.h>

#include "base/utf8.h"
#include "codec/decode.h"
#include "codec/encode.h"
#include "codec/topic.h"

namespace mq {
namespace {

ErrorCode error_code(ReasonCode reason) {
  switch (reason) {
    case ReasonCode::kMalformedPacket: return ErrorCode::kMalformed;
    case ReasonCode::kPacketTooLarge: return ErrorCode::kTooLarge;
    case ReasonCode::kQuotaExceeded: return ErrorCode::kFull;
    default: return ErrorCode::kProtocol;
  }
}

// Null when a server can be asked for the subscription.
const char* subscription_fault(const Subscription& subscription) {
  std::string_view filter = subscription.filter;
  if (!is_utf8(filter)) return "it is not UTF-8 or contains U+0000";  // [MQTT-3.8.3-1]
  if (is_shared(filter)) {
    const auto shared = split_shared(filter);
    if (!shared) return "it is not $share/NAME/FILTER";  // [MQTT-4.8.2-1] [MQTT-4.8.2-2]
    if (subscription.options.no_local) {                 // [MQTT-3.8.3-4]
      return "a shared subscription cannot have the No Local option";
    }
    filter = shared->filter;
  }
  return topic_filter_fault(filter, UINT32_MAX);
}

// Without what may be left out to make a packet smaller [MQTT-3.14.2-3] [MQTT-3.14.2-4].
PropertyList without_explanations(Properties properties) {
  PropertyList kept;
  for (auto it = properties.begin(); it != properties.end(); ++it) {
    if (it->id == PropertyId::kReasonString || it->id == PropertyId::kUserProperty) continue;
    kept.add(Properties(it.encoded()));
  }
  return kept;
}

}  // namespace

ClientSession::ClientSession(ClientOptions options) : options_(std::move(options)) {
  assert(check(options_));
  const Properties given = options_.properties.view();
  if (const auto value = given.number(PropertyId::kSessionExpiryInterval)) {
    options_.session_expiry_s = *value;
  }
  if (const auto value = given.number(PropertyId::kReceiveMaximum)) {
    options_.receive_maximum = static_cast<uint16_t>(*value);
  }
  if (const auto value = given.number(PropertyId::kMaximumPacketSize)) {
    options_.maximum_packet_size = *value;
  }
  if (const auto value = given.number(PropertyId::kTopicAliasMaximum)) {
    options_.topic_alias_maximum = static_cast<uint16_t>(*value);
  }
  client_id_ = options_.client_id;
  if (options_.hold_acks) held_ = std::make_unique<HeldAcks>();
}

void ClientSession::speak(Version version, bool bridge) {
  assert(state_ == State::kIdle && client_id_ == options_.client_id);
  options_.version = version;
  options_.bridge = bridge;
}

void ClientSession::set_will(std::optional<WillOptions> will) {
  assert(state_ == State::kIdle);
  options_.will = std::move(will);
}

void ClientSession::opened(Now now, Bytes auth_data) {
  assert(state_ == State::kIdle);
  connection_ = Connection();
  connection_.server_packet_max = options_.send_packet_max;
  connection_.reader.set_packet_max(
      std::min(options_.packet_max, options_.maximum_packet_size.value_or(kPacketMax)));
  connection_.last_sent = connection_.last_received = now.mono;
  state_ = State::kConnecting;
  queue_connect(auth_data);
}

void ClientSession::closed(Now) {
  state_ = State::kIdle;
  held_ids_.closed();
  if (held_ != nullptr) held_->connection_lost();
  take_back_output();
  requests_.clear();
  inflight_.for_each([this](uint16_t, InflightEntry& entry) {
    entry.counted = false;
    if (!entry.is_publish()) inflight_.finish(entry);
  });
}

// Empties out_. QoS 0 messages in it wait for the next connection; QoS 1 and 2 are in inflight_
// anyway; the rest means nothing to another connection.
void ClientSession::take_back_output() {
  if (queued_qos0_ > 0) {
    Ring<OutEntry> kept;
    for (; !out_.empty(); out_.pop_front()) {
      const OutEntry& entry = out_.front();
      if (entry.kind == OutEntry::Kind::kPublish && entry.packet_id == 0) kept.push_back(entry);
      if (entry.kind == OutEntry::Kind::kFrames) take_back_frames(entry.packet_id, kept);
    }
    for (; !waiting_.empty(); waiting_.pop_front()) kept.push_back(std::move(waiting_.front()));
    waiting_ = std::move(kept);
    queued_qos0_ = 0;
  }
  out_.clear();
}

ClientSession::Received ClientSession::receive(Bytes& in, Now now) {
  assert(state_ != State::kIdle);
  for (;;) {
    if (!refused_.empty()) {
      const Acked acked = refused_.front();
      refused_.pop_front();
      return acked;
    }
    if (state_ == State::kClosing) {
      in = {};
      return std::nullopt;
    }
    const auto frame = connection_.reader.next(in);
    if (!frame) {
      return fail_with(frame.error().reason,
                       fmt::format("the server's bytes are no packet: {}", frame.error().what));
    }
    if (!frame->has_value()) return std::nullopt;
    connection_.last_received = now.mono;
    Received handled = on_frame(**frame);
    if (!handled || handled->has_value()) return handled;
  }
}

ClientSession::Received ClientSession::on_frame(const Frame& frame) {
  const PacketType type = frame.type();
  if (!connection_.connect_sent) {
    return fail_with(ReasonCode::kProtocolError, "the server spoke before it was asked");
  }
  if (state_ == State::kConnecting) {  // [MQTT-3.2.0-1] [MQTT-3.14.0-1]
    if (type == PacketType::kConnack) return on_connack(frame);
    if (type == PacketType::kAuth) return on_auth(frame);
    return fail_with(
        ReasonCode::kProtocolError,
        fmt::format("the server sent {} before CONNACK: is it an MQTT server?", name(type)));
  }
  switch (type) {
    case PacketType::kPublish: return on_publish(frame);
    case PacketType::kPuback:
    case PacketType::kPubrec:
    case PacketType::kPubcomp: return on_ack(frame);
    case PacketType::kPubrel: return on_pubrel(frame);
    case PacketType::kSuback: return on_suback(frame);
    case PacketType::kUnsuback: return on_unsuback(frame);
    case PacketType::kPingresp: return on_pingresp(frame);
    case PacketType::kAuth: return on_auth(frame);
    case PacketType::kDisconnect:
      if (options_.version == Version::kV5) return on_disconnect(frame);
      break;
    case PacketType::kConnack:
      return fail_with(ReasonCode::kProtocolError,  // [MQTT-3.2.0-2]
                       "the server sent a second CONNACK");
    default: break;
  }
  const auto packet = decode(frame, options_.version, Side::kServer);
  assert(!packet);  // a server sends none of the others
  return fail_with(packet.error(), type);
}

ClientSession::Received ClientSession::on_pingresp(const Frame& frame) {
  if (const auto packet = decode_pingresp(frame); !packet) {
    return fail_with(packet.error(), frame.type());
  }
  if (connection_.pings_outstanding > 0) --connection_.pings_outstanding;
  return PongReceived{connection_.pings_outstanding};
}

ClientSession::Received ClientSession::on_disconnect(const Frame& frame) {
  const auto packet = decode_disconnect(frame, options_.version, Side::kServer);
  if (!packet) return fail_with(packet.error(), frame.type());
  state_ = State::kClosing;
  take_back_output();
  return Disconnected{packet->reason, packet->properties};
}

// Closes the session because of something the server did. The caller returns the result.
tl::unexpected<Error> ClientSession::fail_with(ReasonCode reason, std::string text) {
  // What is already queued stands in the way, except for the CONNECT, which comes first
  // [MQTT-3.1.0-1]; while connecting there is nothing else.
  const bool tell = options_.version == Version::kV5 && !connection_.control_is_split;
  if (state_ == State::kConnected || !tell) take_back_output();
  if (tell) queue_disconnect(reason, {});
  state_ = State::kClosing;
  connection_.error_reason = reason;
  connection_.error = Error{error_code(reason), std::move(text)};
  return tl::unexpected(*connection_.error);
}

Error ClientSession::reject(ReasonCode reason, std::string why) {
  assert(state_ == State::kConnecting || state_ == State::kConnected);
  return fail_with(reason, std::move(why)).value();
}

tl::unexpected<Error> ClientSession::fail_with(const DecodeError& error, PacketType type) {
  return fail_with(error.reason, fmt::format("the server sent a faulty {}: {} (at byte {})",
                                             name(type), error.what, error.offset));
}

void ClientSession::produce(OutBatch& to, Now now) {
  const size_t before = to.size();
  while (!out_.empty() && produce_front(to, now)) {
  }
  if (to.size() != before) connection_.last_sent = now.mono;
}

// Moves the front entry of out_ into the batch; false when it has no room for all of it.
bool ClientSession::produce_front(OutBatch& to, Now now) {
  const OutEntry& entry = out_.front();
  switch (entry.kind) {
    case OutEntry::Kind::kPublish: return produce_publish(to, now);
    case OutEntry::Kind::kFrames: return produce_frames(to);
    case OutEntry::Kind::kControl: return produce_control(to);
    case OutEntry::Kind::kAck: break;
    case OutEntry::Kind::kBarrier: assert(false);  // only a broker has a store
  }
  if (!to.has_room(kAckSizeMax)) return false;
  uint8_t* const end = store_ack(to.room(), entry, options_.version);
  to.commit(static_cast<size_t>(end - to.room()));
  --connection_.queued_acks;
  const auto type = static_cast<PacketType>(entry.first_byte >> 4);
  // Section 4.9: the server counts it from here on, too.
  if ((type == PacketType::kPuback || type == PacketType::kPubcomp) && connection_.owed > 0) {
    --connection_.owed;
  }
  out_.pop_front();
  return true;
}

// CONNECT and SUBSCRIBE can be larger than a whole batch, so that they go out in parts.
bool ClientSession::produce_control(OutBatch& to) {
  const Bytes frame = out_.front_control();
  const size_t n = std::min(frame.size(), to.scratch_left());
  to.append(frame.first(n));
  if (n < frame.size()) {
    out_.consume_control(n);
    connection_.control_is_split = connection_.control_is_split || n > 0;
    return false;
  }
  out_.pop_front();
  connection_.control_is_split = false;
  connection_.connect_sent = true;  // the first one of all
  return true;
}

void ClientSession::disconnect(ReasonCode reason, Properties properties) {
  if (state_ != State::kConnecting && state_ != State::kConnected) return;
  queue_disconnect(reason, properties);
  state_ = State::kClosing;
}

// [MQTT-3.2.2-15]: a DISCONNECT that the server would not take is not sent.
void ClientSession::queue_disconnect(ReasonCode reason, Properties properties) {
  Buffer frame;
  encode(Disconnect{reason, properties}, options_.version, frame);
  if (frame.size() > connection_.server_packet_max) {
    frame.clear();
    encode(Disconnect{reason, without_explanations(properties).view()}, options_.version, frame);
  }
  if (frame.size() > connection_.server_packet_max) return;
  out_.push_control([&](Buffer& to) { to.append(frame.bytes()); });
}

void ClientSession::ping(Now now) {
  assert(state_ == State::kConnected);
  out_.push_control([this](Buffer& to) { encode(Pingreq{}, options_.version, to); });
  if (connection_.pings_outstanding++ == 0) connection_.ping_sent = now.mono;
}

// [MQTT-3.1.2-20]. Not only the server is to hear of us: one that takes bytes and says nothing for
// as long is asked, too, or it could be dead for as long as we have something to send.
Time ClientSession::ping_due() const {
  const Duration keep_alive = std::chrono::seconds(connection_.keep_alive_s);
  Time due = kNever;
  if (out_.empty()) due = connection_.last_sent + keep_alive;
  if (connection_.pings_outstanding == 0) {
    due = std::min(due, connection_.last_received + keep_alive);
  }
  return due;
}

// When a server that was pinged counts as dead. Any packet shows that it is not.
Time ClientSession::ping_timeout() const {
  if (connection_.pings_outstanding == 0) return kNever;
  const Duration keep_alive = std::chrono::seconds(connection_.keep_alive_s);
  return std::max(connection_.ping_sent, connection_.last_received) +
         std::max(keep_alive, kPingTimeoutMin);
}

Time ClientSession::next_deadline() const {
  if (state_ != State::kConnected || connection_.keep_alive_s == 0) return kNever;
  return std::min(ping_due(), ping_timeout());
}

void ClientSession::tick(Now now) {
  if (next_deadline() > now.mono) return;
  if (ping_timeout() <= now.mono) {
    state_ = State::kClosing;
    take_back_output();
    connection_.error =
        Error{ErrorCode::kTimedOut, "the server does not answer: no PINGRESP in time"};
    return;
  }
  ping(now);
}

Result<uint16_t> ClientSession::subscribe(const SubscribeRequest& wanted) {
  for (const Subscription& subscription : wanted.filters) {
    if (const char* fault = subscription_fault(subscription)) {
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("topic filter '{}' cannot be used: {}", subscription.filter, fault));
    }
  }
  return request(InflightEntry::State::kSubscribe, wanted);
}

Result<uint16_t> ClientSession::unsubscribe(const UnsubscribeRequest& wanted) {
  for (const Subscription& subscription : wanted.filters) {
    if (subscription.filter.empty() || !is_utf8(subscription.filter)) {  // [MQTT-3.10.3-1]
      return fail(ErrorCode::kInvalidArgument,
                  "topic filter is empty, not UTF-8 or contains U+0000");
    }
  }
  return request(InflightEntry::State::kUnsubscribe, wanted);
}

Result<uint16_t> ClientSession::request(InflightEntry::State kind, const SubscribeRequest& wanted) {
  assert(state_ == State::kConnected);
  const bool is_subscribe = kind == InflightEntry::State::kSubscribe;
  const size_t filters = wanted.filters.count();
  if (filters == 0) {  // [MQTT-3.8.3-2] [MQTT-3.10.3-2]
    return fail(ErrorCode::kInvalidArgument, "no topic filter");
  }
  const auto where = is_subscribe ? PropertiesIn::kSubscribe : PropertiesIn::kUnsubscribe;
  if (const auto fault = check_properties(wanted.properties.encoded(), where)) {
    return fail(ErrorCode::kInvalidArgument, fault->what);
  }
  if (inflight_.full()) return fail(ErrorCode::kFull, "no packet identifier is free");
  const size_t size = wanted.properties.encoded().size() + wanted.filters.encoded().size();
  if (size > kVarintMax - 2 - 4) {  // packet identifier, property length
    return fail(ErrorCode::kTooLarge, "the topic filters do not fit into one packet");
  }
  Buffer frame;
  const uint16_t packet_id = inflight_.next_id();
  if (is_subscribe) {
    encode(Subscribe{packet_id, wanted.properties, wanted.filters}, options_.version, frame);
  } else {
    encode(Unsubscribe{packet_id, wanted.properties, wanted.filters}, options_.version, frame);
  }
  if (frame.size() > connection_.server_packet_max) {  // [MQTT-3.2.2-15]
    return fail(ErrorCode::kTooLarge,
                fmt::format("the topic filters make a packet of {} bytes, the server takes {}",
                            frame.size(), connection_.server_packet_max));
  }
  inflight_.add({nullptr, wanted.token, 0, kind});
  requests_.push_back({packet_id, filters});
  out_.push_control([&](Buffer& to) { to.append(frame.bytes()); });
  return packet_id;
}

// The token of the request that an acknowledgement with so many codes is for; kNotFound when there
// is none. [MQTT-3.8.4-2] [MQTT-3.8.4-6] [MQTT-3.10.4-5]
Result<uint32_t> ClientSession::answered_request(uint16_t id, InflightEntry::State kind,
                                                 size_t codes) {
  InflightEntry* const entry = inflight_.find(id);
  if (entry == nullptr || entry->state != kind) {
    return fail_with(ReasonCode::kProtocolError,
                     "the server acknowledged a request that was not made");
  }
  const auto request = std::ranges::find(requests_, id, &Request::packet_id);
  assert(request != requests_.end());
  const bool v3_unsuback =
      options_.version != Version::kV5 && kind == InflightEntry::State::kUnsubscribe;
  if (!v3_unsuback && codes != request->filters) {
    return fail_with(ReasonCode::kProtocolError,
                     "the server did not send one reason code for each topic filter");
  }
  requests_.erase(request);
  const uint32_t token = entry->aux;
  inflight_.finish(*entry);
  return token;
}

ClientSession::Received ClientSession::on_suback(const Frame& frame) {
  const auto packet = decode_suback(frame, options_.version);
  if (!packet) return fail_with(packet.error(), frame.type());
  MQ_TRY(const uint32_t token, answered_request(packet->packet_id, InflightEntry::State::kSubscribe,
                                                packet->codes.size()));
  fill_window();
  return Subscribed{token, packet->packet_id, packet->codes, packet->properties};
}

ClientSession::Received ClientSession::on_unsuback(const Frame& frame) {
  const auto packet = decode_unsuback(frame, options_.version);
  if (!packet) return fail_with(packet.error(), frame.type());
  MQ_TRY(const uint32_t token,
         answered_request(packet->packet_id, InflightEntry::State::kUnsubscribe,
                          packet->codes.size()));
  fill_window();
  return Unsubscribed{token, packet->packet_id, packet->codes, packet->properties};
}

}  // namespace mq
