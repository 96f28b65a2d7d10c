// What the broker counts. $SYS is made from this.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace mq {

struct Counters {
  uint64_t bytes_received = 0, bytes_sent = 0;
  uint64_t messages_received = 0, messages_sent = 0;  // packets of every type
  uint64_t publishes_received = 0, publishes_sent = 0, publishes_dropped = 0;
  uint64_t publish_bytes_received = 0, publish_bytes_sent = 0;  // payloads
  uint64_t connections = 0;  // CONNECTs received
  uint64_t sockets = 0;      // accepted
  uint32_t clients_connected = 0, clients_maximum = 0;
  uint64_t clients_expired = 0;

  // How often each limit of BrokerOptions was hit.
  uint64_t limit_connections = 0, limit_listener_connections = 0, limit_sessions = 0,
           limit_retained = 0, limit_packet = 0, limit_payload = 0, limit_queued_messages = 0,
           limit_queued_bytes = 0, limit_subscriptions = 0, limit_topic_levels = 0,
           limit_connect_timeout = 0, limit_receive_maximum = 0, limit_alias_bytes = 0,
           limit_message_bytes = 0, limit_store_backlog = 0, limit_block_seconds = 0,
           limit_rate_messages = 0, limit_rate_bytes = 0, limit_auth_failures = 0,
           limit_web_socket_head = 0, limit_web_socket_frame = 0;
  uint64_t slow_consumers = 0;  // times that the queue of a connected client was full
};

// One of them by its names: under $SYS/broker/limits, and that of the setting it comes from.
struct LimitName {
  std::string_view name;
  std::string_view setting;
  uint64_t Counters::*count;
};
inline constexpr std::array kLimitNames = {
    LimitName{"connections", "global_max_connections", &Counters::limit_connections},
    LimitName{"listener_connections", "max_connections", &Counters::limit_listener_connections},
    LimitName{"sessions", "max_sessions", &Counters::limit_sessions},
    LimitName{"retained", "max_retained_messages, max_retained_bytes", &Counters::limit_retained},
    LimitName{"packet_size", "max_packet_size", &Counters::limit_packet},
    LimitName{"message_size", "message_size_limit", &Counters::limit_payload},
    LimitName{"queued_messages", "max_queued_messages", &Counters::limit_queued_messages},
    LimitName{"queued_bytes", "max_queued_bytes", &Counters::limit_queued_bytes},
    LimitName{"subscriptions", "max_subscriptions", &Counters::limit_subscriptions},
    LimitName{"topic_levels", "max_topic_levels", &Counters::limit_topic_levels},
    LimitName{"connect_timeout", "max_connect_seconds", &Counters::limit_connect_timeout},
    LimitName{"receive_maximum", "receive_maximum", &Counters::limit_receive_maximum},
    LimitName{"alias_bytes", "1 MiB of topic aliases", &Counters::limit_alias_bytes},
    LimitName{"message_bytes", "memory_limit", &Counters::limit_message_bytes},
    LimitName{"store_backlog", "max_store_backlog", &Counters::limit_store_backlog},
    LimitName{"block_seconds", "max_block_seconds", &Counters::limit_block_seconds},
    LimitName{"rate_messages", "rate_messages", &Counters::limit_rate_messages},
    LimitName{"rate_bytes", "rate_bytes", &Counters::limit_rate_bytes},
    LimitName{"auth_failures", "max_auth_failures", &Counters::limit_auth_failures},
    LimitName{"websockets_headers", "websockets_headers_size", &Counters::limit_web_socket_head},
    LimitName{"websockets_frame", "max_websockets_frame", &Counters::limit_web_socket_frame},
};

}  // namespace mq
