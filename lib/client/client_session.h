// The client end of MQTT, without a network: bytes in, bytes out, time in, deadline out.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/buffer.h"
#include "base/result.h"
#include "base/ring.h"
#include "base/time.h"
#include "client/client_event.h"
#include "client/client_options.h"
#include "client/held_ids.h"
#include "codec/decode_error.h"
#include "codec/frame_reader.h"
#include "codec/packet.h"
#include "session/held_acks.h"
#include "session/inbound_qos2.h"
#include "session/inflight.h"
#include "session/out_batch.h"
#include "session/out_queue.h"
#include "session/topic_alias.h"

namespace mq {

struct PublishRequest {
  std::string_view topic;
  Bytes payload = {};
  Qos qos = Qos::kAtMostOnce;
  bool retain = false;
  Properties properties = {};  // a Topic Alias in here is ignored; the session gives out its own
  uint32_t token = 0;          // comes back in Acked; the session does not look at it
};

struct SubscribeRequest {
  FilterList filters;
  Properties properties = {};
  uint32_t token = 0;
};

using UnsubscribeRequest = SubscribeRequest;

// One session of one client over any number of connections. Confined to one thread; never reads a
// clock, never calls out.
//
// An owner's loop:
//   opened(now)                      the transport is up: CONNECT is queued
//   while (receive(bytes, now)) ...  until it returns no event
//   produce(batch, now)              until the batch stays empty; write it
//   tick(now) at next_deadline()     keep alive and time-outs
//   closed(now)                      the transport is gone, for whatever reason
//
// Messages are promised delivery, not a session: what publish() took and the server did not
// acknowledge survives closed(). When the server still has the session, it is sent again with DUP
// and its old packet identifiers in the original order [MQTT-4.4.0-1] [MQTT-4.6.0-1]; when it has
// not, anew, as messages it has never seen (and a QoS 2 message that it had confirmed with PUBREC
// is finished, because it owns that). Subscriptions are the server's session's: a request that is
// unanswered at closed() is forgotten, and the owner subscribes again after a Connected without
// session_present.
//
// Whether the server keeps the session after a connection: in 3.x when clean_start is false, so a
// client with clean_start starts over every time. In 5.0 when the Session Expiry Interval is over
// 0; Clean Start is then set in the first CONNECT only, because asking for it again would throw
// away the session that the first one asked to keep.
class ClientSession {
 public:
  enum class State : uint8_t {
    kIdle,        // no transport
    kConnecting,  // CONNECT is queued or sent, CONNACK is to come
    kConnected,
    kClosing,  // what is queued is still produced, then wants_close(); input is ignored
  };

  // How long a PINGREQ may be unanswered: the keep alive time, but no less than this.
  static constexpr Duration kPingTimeoutMin = std::chrono::seconds(5);
  // Acknowledgements that may wait for a server that does not read them. A server that keeps to
  // the protocol cannot cause more, there being 65535 identifiers in each direction.
  static constexpr uint32_t kQueuedAcksMax = 2 * 65'535;
  // Messages that may be held (hold_acks), over all connections: as many as there are identifiers.
  static constexpr uint32_t kHeldMax = 65'535;

  // REQUIRES: check(options)
  explicit ClientSession(ClientOptions options);

  State state() const { return state_; }
  const ClientOptions& options() const { return options_; }

  // `auth_data` is the Authentication Data of this CONNECT, for a client whose properties name an
  // Authentication Method; what those properties have of it is sent instead. REQUIRES: state() ==
  // kIdle
  void opened(Now now, Bytes auth_data = {});
  void closed(Now now);

  // Handles packets from the front of `in` up to the first that makes an event; nothing means that
  // `in` is used up. After an error the session is closing (5.0: a DISCONNECT with error_reason()
  // is queued [MQTT-4.13.1-1]). REQUIRES: state() != kIdle
  Result<std::optional<ClientEvent>> receive(Bytes& in, Now now);

  // Appends what is to be sent, as much as the batch has room for. Call again after the batch was
  // written, until it stays empty.
  void produce(OutBatch& to, Now now);
  bool has_output() const { return !out_.empty(); }
  // True once everything has been produced and the transport is to be closed by us.
  bool wants_close() const { return state_ == State::kClosing && out_.empty(); }

  // Sends PINGREQ when it is time [MQTT-3.1.2-20]; closes the session with a kTimedOut error()
  // when the server did not answer the last one in time.
  void tick(Now now);
  Time next_deadline() const;
  // The version of the next CONNECT, for a server that does not know the one so far. REQUIRES:
  // state() == kIdle, and no server has accepted a connection
  void speak(Version version, bool bridge = false);
  // The will of the next CONNECT. REQUIRES: state() == kIdle
  void set_will(std::optional<WillOptions> will);
  // The owner does not read at present, so that the server seems silent: it counts as alive.
  void excuse_silence(Now now) { connection_.last_received = now.mono; }

  // Queues a PUBLISH. Allowed in every state: without a connection messages of all QoS wait for
  // the next one, and beyond the in-flight window QoS 1 and 2 wait for acknowledgements; messages
  // leave in the order in which they were published. The caller keeps queued() small.
  // Errors: kInvalidArgument (topic or properties), kTooLarge (over the server's Maximum Packet
  // Size), kProtocol (over its Maximum QoS, or retained messages not available), kFull (over
  // queued_bytes_max). The server's limits are known while connected; a message that turns out to
  // break them later ends with Acked.
  Result<void> publish(const PublishRequest& request, Now now);
  // Queue a SUBSCRIBE or UNSUBSCRIBE and return its packet identifier. Errors as of publish(),
  // kFull when no identifier is free. REQUIRES: state() == kConnected
  Result<uint16_t> subscribe(const SubscribeRequest& request);
  Result<uint16_t> unsubscribe(const UnsubscribeRequest& request);
  // Queues an AUTH: the answer to AuthChallenge, or Re-authenticate (section 4.12). REQUIRES: the
  // CONNECT had an Authentication Method, `properties` name the same one [MQTT-4.12.1-1];
  // state() is kConnecting or kConnected
  void auth(ReasonCode reason, Properties properties);
  // The owner has found that the server is not the one that it should be: as after an error of
  // receive(). REQUIRES: state() is kConnecting or kConnected
  Error reject(ReasonCode reason, std::string why);
  // REQUIRES: hold_acks. The message may be acknowledged. One that came on an earlier connection is
  // when it comes again. What the session has forgotten is no message any more.
  void acknowledge(uint32_t receipt);
  // Sends a PINGREQ now; the answer is PongReceived. REQUIRES: state() == kConnected
  void ping(Now now);
  // Orderly end: queues DISCONNECT behind everything already queued; nothing after it
  // [MQTT-3.14.4-1]. What is unacknowledged stays in the session. Does nothing without a
  // connection.
  void disconnect(ReasonCode reason = ReasonCode::kSuccess, Properties properties = {});

  // Messages accepted by publish() and not finished: waiting, in flight, or QoS 0 not yet produced.
  uint32_t queued() const { return waiting_.size() + inflight_.publishes() + queued_qos0_; }
  // QoS 0 messages that were produced so far, which is in the order of publish().
  uint64_t produced_qos0() const { return produced_qos0_; }
  // Bytes of memory behind them.
  uint64_t queued_bytes() const { return queued_bytes_; }
  // How many more QoS 1 or 2 publish() calls would go out at once, without waiting for
  // acknowledgements. 0 while messages wait.
  uint32_t window_left() const;

  // Of the present connection, or of the last one.
  std::string_view client_id() const { return client_id_; }  // assigned one if there was
  uint16_t keep_alive_s() const { return connection_.keep_alive_s; }
  uint32_t server_packet_max() const { return connection_.server_packet_max; }
  // Why we ended it: what receive() returned, or a time-out found by tick().
  const std::optional<Error>& error() const { return connection_.error; }
  // The code that the server was told, or would have been in 5.0.
  std::optional<ReasonCode> error_reason() const { return connection_.error_reason; }

 private:
  using Received = Result<std::optional<ClientEvent>>;

  // What lives no longer than one network connection: opened() starts with a new one.
  struct Connection {
    FrameReader reader;
    InboundAliases aliases_in;
    OutboundAliases aliases_out;
    bool clean_start = false;       // as sent in CONNECT
    bool authenticating = false;    // the server may send AUTH
    bool connect_sent = false;      // all of CONNECT has been produced
    bool control_is_split = false;  // a part of the front control frame has been produced
    // What the server said in CONNACK.
    uint16_t keep_alive_s = 0;
    uint32_t send_quota = 0;  // in-flight window: the smaller of inflight_max, Receive Maximum
    uint32_t server_packet_max = kPacketMax;
    Qos server_qos_max = Qos::kExactlyOnce;
    bool server_retains = true;

    uint32_t outstanding = 0;  // our PUBLISH packets that count against send_quota
    uint32_t owed = 0;         // the server's that count against our Receive Maximum
    uint32_t queued_acks = 0;
    // Identifiers from resend_next on that have still to be looked at for sending again.
    uint16_t resend_next = 1;
    uint32_t resend_left = 0;

    Time last_sent{}, last_received{};
    Time ping_sent{};  // of the first that is outstanding
    uint32_t pings_outstanding = 0;

    std::optional<Error> error;
    std::optional<ReasonCode> error_reason;
  };

  // client_session.cc
  Received on_frame(const Frame& frame);
  Received on_pingresp(const Frame& frame);
  Received on_disconnect(const Frame& frame);
  Received on_suback(const Frame& frame);
  Received on_unsuback(const Frame& frame);
  Result<uint16_t> request(InflightEntry::State kind, const SubscribeRequest& request);
  Result<uint32_t> answered_request(uint16_t id, InflightEntry::State kind, size_t codes);
  tl::unexpected<Error> fail_with(ReasonCode reason, std::string text);
  tl::unexpected<Error> fail_with(const DecodeError& error, PacketType type);
  bool produce_front(OutBatch& to, Now now);
  bool produce_control(OutBatch& to);
  void queue_disconnect(ReasonCode reason, Properties properties);
  void take_back_output();
  Time ping_due() const;
  Time ping_timeout() const;

  // client_connect.cc
  void queue_connect(Bytes auth_data);
  Received on_connack(const Frame& frame);
  void apply_connack(const Connack& connack);
  Received on_auth(const Frame& frame);
  std::optional<std::string_view> auth_method() const;

  // client_receive.cc
  Received on_publish(const Frame& frame);
  Received take_held(const Publish& publish);
  bool is_held(const Publish& publish);
  void release_held();
  Result<void> resolve_alias(Publish& publish);
  Received on_pubrel(const Frame& frame);
  Result<void> answer(PacketType type, uint16_t packet_id,
                      ReasonCode reason = ReasonCode::kSuccess);
  void queue_ack(PacketType type, uint16_t packet_id, ReasonCode reason);

  // client_publish.cc
  Received on_ack(const Frame& frame);
  Received on_received(const Ack& pubrec, InflightEntry& entry);
  Acked finish(uint16_t packet_id, InflightEntry& entry, ReasonCode reason,
               Properties properties = {});
  std::optional<ReasonCode> refusal(const Message& message) const;
  void resume();
  void start_over();
  void fill_window();
  bool nothing_waits() const;
  bool send_now(OutEntry& next);
  uint32_t window_room() const;
  void release_ids(uint32_t count);
  void send_publish(uint16_t packet_id, InflightEntry& entry);
  bool produce_publish(OutBatch& to, Now now);
  bool publish_frame(const PublishRequest& request);
  bool produce_frames(OutBatch& to);
  void take_back_frames(uint32_t count, Ring<OutEntry>& to);

  ClientOptions options_;
  State state_ = State::kIdle;
  Connection connection_;

  // The session.
  std::string client_id_;
  bool server_keeps_session_ = false;
  Inflight inflight_;
  HeldIds held_ids_;
  InboundQos2 inbound_qos2_;
  std::unique_ptr<HeldAcks> held_;  // with hold_acks

  OutQueue out_;
  // The packets of out_ that are ready, one behind the other, and the token of each.
  Buffer frames_;
  Ring<uint32_t> frame_tokens_;
  Ring<OutEntry> waiting_;    // what has to wait for a connection or for the window
  uint32_t queued_qos0_ = 0;  // in out_
  uint64_t produced_qos0_ = 0;
  uint64_t queued_bytes_ = 0;
  Ring<Acked> refused_;      // ended without an answer: receive() reports them first
  std::string valid_topic_;  // of the last publish(): most programs have few topics

  // Filters of each SUBSCRIBE and UNSUBSCRIBE in flight [MQTT-3.8.4-6].
  struct Request {
    uint16_t packet_id;
    size_t filters;
  };
  std::vector<Request> requests_;
};

}  // namespace mq
