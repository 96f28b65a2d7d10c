// Everything about the broker that can be set, with its default. Each limit has a counter under
// $SYS/broker/limits/NAME/hit.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/time.h"
#include "codec/limits.h"
#include "codec/version.h"

namespace mq {

// What is done about a connected client whose queue is full.
enum class SlowConsumer : uint8_t {
  kDrop,        // what does not fit
  kDisconnect,  // the client
  kBlock,       // publishers that feed it are not read until it has caught up
};

struct BrokerOptions {
  // Limits of the whole broker.
  uint32_t connections_max = 100'000;
  uint32_t sessions_max = 1'000'000;           // connected or not
  uint32_t retained_messages_max = 1'000'000;
  uint64_t retained_bytes_max = 1024ull << 20;
  uint64_t message_bytes_max = 2048ull << 20;  // memory of all messages, queued and retained

  // Limits of one connection or session.
  uint32_t packet_max = kPacketMax;            // bytes of a packet, fixed header included
  uint32_t payload_max = kPacketMax;
  uint32_t queued_messages_max = 100'000;
  uint64_t queued_bytes_max = 256ull << 20;    // one message passes whatever its size
  uint32_t subscriptions_max = 10'000;
  uint32_t topic_levels_max = kTopicLevelsMax;
  uint32_t inflight_max = kReceiveMaximumDefault;  // towards a client; its Receive Maximum if less
  uint64_t inflight_bytes_max = UINT64_MAX;    // memory of those messages; one passes always
  Duration connect_timeout = std::chrono::seconds(10);  // from accept to a valid CONNECT
  SlowConsumer slow_consumer = SlowConsumer::kDrop;
  // How long a client may take nothing while publishers wait for it (kBlock).
  Duration block_timeout = std::chrono::seconds(60);
  // PUBLISH packets, and bytes of all packets, that are read of it in a second; 0 is no limit.
  uint64_t rate_messages_max = 0, rate_bytes_max = 0;

  // What CONNACK offers.
  uint16_t receive_maximum = kReceiveMaximumDefault;
  uint16_t topic_alias_maximum = 65'535;
  Qos qos_max = Qos::kExactlyOnce;
  bool retain_available = true;
  std::optional<uint16_t> server_keep_alive_s;
  uint16_t keep_alive_max_s = 65'535;  // of 5.0 clients; below the greatest, 0 is over it, too
  std::optional<uint32_t> session_expiry_max_s;

  std::optional<uint32_t> retain_expiry_max_s;  // longest time that a message is retained
  // Whether a retained message is sent only as long as who published it may still publish there.
  // Of messages that a store has brought back it is not known who did.
  bool check_retain_source = true;

  bool queue_qos0 = false;  // QoS 0 messages wait for a client that is away, too

  bool upgrade_qos = false;  // deliver with the subscription's QoS, even above the message's

  bool log_connections = true;  // a line for each that comes and goes

  std::string client_id_prefix;  // what every client identifier has to begin with

  Duration sys_interval = std::chrono::seconds(10);  // between updates of $SYS; 0 is off
};

// What holds for the clients of one listener, within what holds for all: of two limits the lower.
struct ListenerOptions {
  uint32_t connections_max = UINT32_MAX;
  bool accept_v31 = true, accept_v311 = true, accept_v5 = true;
  uint16_t topic_alias_maximum = 65'535;      // aliases that its clients may use
  Qos qos_max = Qos::kExactlyOnce;
  std::string mount_point = {};            // put before all their topics, and taken off again
  bool accept_empty_id = true;             // a client without an identifier is given one ...
  std::string auto_id_prefix = "auto-";    // ... that begins so
  bool user_name_as_id = false;            // whatever identifier it brings
  uint16_t topic_alias_out_max = 65'535;   // towards a client; its Topic Alias Maximum if less

  // As in BrokerOptions.
  uint32_t packet_max = kPacketMax;
  uint32_t payload_max = kPacketMax;
  uint32_t queued_messages_max = UINT32_MAX;
  uint64_t queued_bytes_max = UINT64_MAX;
  uint32_t subscriptions_max = UINT32_MAX;
  uint32_t inflight_max = kReceiveMaximumDefault;
  uint16_t receive_maximum = kReceiveMaximumDefault;
  uint16_t keep_alive_max_s = 65'535;
  uint64_t rate_messages_max = 0, rate_bytes_max = 0;
  std::optional<Duration> connect_timeout = {};
};

// The name of a listener inside the broker. The first is there without being added.
using ListenerId = uint16_t;
// Of a session that a store has brought back and that no client has resumed yet.
inline constexpr ListenerId kListenerUnknown = UINT16_MAX;

// Answers (acknowledgements, PINGRESP, SUBACK, ...) that may wait for a client before its packets
// are no longer read: 128 KiB of queue.
inline constexpr uint32_t kAnswersMax = 8192;

// Bytes of topics that a client's aliases may hold: below this, 65535 aliases are free.
inline constexpr uint64_t kAliasBytesMax = 1 << 20;

}  // namespace mq
