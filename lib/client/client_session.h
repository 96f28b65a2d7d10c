// The client end of MQTT, without a network: bytes in, bytes out, time in, deadline out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "client/client_event.h"
#include "client/client_options.h"
#include "codec/frame_reader.h"
#include "codec/packet.h"
#include "session/inbound_qos2.h"
#include "session/inflight.h"
#include "session/out_batch.h"
#include "session/out_queue.h"
#include "session/topic_alias.h"

namespace mq {

struct PublishRequest {
  std::string_view topic;
  Bytes payload;
  Qos qos = Qos::kAtMostOnce;
  bool retain = false;
  Properties properties;  // a Topic Alias in here is ignored; the session gives out its own
  uint32_t token = 0;     // comes back in Acked; the session does not look at it
};

struct SubscribeRequest {
  FilterList filters;
  Properties properties;
  uint32_t token = 0;
};

using UnsubscribeRequest = SubscribeRequest;

// One session of one client over any number of connections. Unacknowledged QoS 1 and QoS 2
// messages survive closed(): when the server still has the session they are sent again with DUP
// and their old packet identifiers in the original order [MQTT-4.4.0-1] [MQTT-4.6.0-1]; when it
// has not, they are sent anew, because the user was promised delivery and not a session.
// Confined to one thread; never reads a clock, never calls out.
//
// An owner's loop:
//   opened(now)                      the transport is up: CONNECT is queued
//   while (receive(bytes, now)) ...  until it returns no event
//   produce(batch, now)              until the batch stays empty; write it
//   tick(now) at next_deadline()     keep alive and time-outs
//   closed(now)                      the transport is gone, for whatever reason
class ClientSession {
 public:
  enum class State : uint8_t {
    kIdle,        // no transport
    kConnecting,  // CONNECT is queued or sent, CONNACK is to come
    kConnected,
    kClosing,     // what is queued is still produced, then wants_close()
  };

  explicit ClientSession(ClientOptions options);

  State state() const { return state_; }
  const ClientOptions& options() const { return options_; }

  void opened(Now now);
  void closed(Now now);

  // Handles at most one packet from the front of `in` and reports at most one event; nothing
  // means that `in` is used up. Acks of QoS 0 publishes are not reported here (see publish()).
  // After an error the session is closing (5.0: a DISCONNECT with the reason code is queued
  // [MQTT-4.13.1-1]); `error_reason()` tells the code.
  Result<std::optional<ClientEvent>> receive(Bytes& in, Now now);

  // Appends what is to be sent, as much as the batch has room for. Call again after the batch was
  // written, until it stays empty.
  void produce(OutBatch& to, Now now);
  // True once everything has been produced and the transport is to be closed by us.
  bool wants_close() const;
  bool has_output() const { return !out_.empty(); }

  // Sends PINGREQ when it is time [MQTT-3.1.2-20]; closes the session when the server did not
  // answer the last one in time.
  void tick(Now now);
  Time next_deadline() const;

  // Queues a PUBLISH. Allowed in every state: without a connection QoS 1 and 2 wait for the next
  // one, QoS 0 too while it fits. Errors: kInvalidArgument (topic), kTooLarge (over the server's
  // Maximum Packet Size), kProtocol (over its Maximum QoS or retain not available, where known).
  // Messages beyond the in-flight window wait in the session; the caller keeps `queued()` small.
  Result<void> publish(const PublishRequest& request, Now now);
  // Queue a SUBSCRIBE or UNSUBSCRIBE. REQUIRES: state() == kConnected
  Result<uint16_t> subscribe(const SubscribeRequest& request);
  Result<uint16_t> unsubscribe(const UnsubscribeRequest& request);
  // Queues an AUTH (section 4.12). `properties` hold method and data.
  void auth(ReasonCode reason, Properties properties);
  // Sends a PINGREQ now; the answer is PongReceived.
  void ping(Now now);
  // Orderly end: queues DISCONNECT behind everything already queued; nothing after it
  // [MQTT-3.14.4-1]. What is unacknowledged stays in the session.
  void disconnect(ReasonCode reason = ReasonCode::kSuccess, Properties properties = {});

  // Messages accepted by publish() and not finished: waiting, in flight, or QoS 0 not yet produced.
  uint32_t queued() const { return waiting_.size() + inflight_.publishes() + queued_qos0_; }
  // Bytes of memory behind them.
  uint64_t queued_bytes() const { return queued_bytes_; }
  // How many more publish() calls would go out at once, without waiting for acknowledgements.
  uint32_t window_left() const;

  // Of the present connection, or of the last one.
  std::string_view client_id() const { return client_id_; }  // assigned one if there was
  uint16_t keep_alive_s() const { return keep_alive_s_; }
  uint32_t server_packet_max() const { return server_packet_max_; }
  std::optional<ReasonCode> error_reason() const { return error_reason_; }

 private:
  using Received = Result<std::optional<ClientEvent>>;

  Received on_frame(const Frame& frame, Now now);
  Received on_connack(const Frame& frame, Now now);
  Received on_publish(const Frame& frame);
  Received on_ack(const Frame& frame);
  Received on_suback(const Frame& frame);
  Received on_unsuback(const Frame& frame);
  Received on_auth(const Frame& frame);
  Received on_disconnect(const Frame& frame);
  tl::unexpected<Error> fail_with(ReasonCode reason, std::string text);
  void flush_ack();
  void resume();
  void start_over();
  void fill_window();
  void send_publish(uint16_t packet_id, InflightEntry& entry);

  ClientOptions options_;
  State state_ = State::kIdle;
  std::string client_id_;
  FrameReader reader_;
  OutQueue out_;
  Inflight inflight_;
  Ring<OutEntry> waiting_;  // QoS 1 and 2 that the window has no place for
  InboundQos2 inbound_qos2_;
  InboundAliases aliases_in_;
  OutboundAliases aliases_out_;
  OutEntry pending_ack_;    // of the message reported last
  bool has_pending_ack_ = false;

  // What the server said in CONNACK.
  uint16_t keep_alive_s_ = 0;
  uint32_t send_quota_ = 0;  // PUBLISH packets that may be in flight: window and Receive Maximum
  uint32_t server_packet_max_ = kPacketMax;
  Qos server_qos_max_ = Qos::kExactlyOnce;
  bool server_retains_ = true;

  Time last_sent_{}, ping_sent_{};
  bool ping_outstanding_ = false;
  bool had_session_ = false;  // a server may still hold our session
  uint32_t queued_qos0_ = 0;
  uint64_t queued_bytes_ = 0;
  std::optional<ReasonCode> error_reason_;
};

}  // namespace mq
