// What the broker counts. $SYS is made from this.
#pragma once

#include <cstdint>

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
           limit_message_bytes = 0, limit_store_backlog = 0;
};

}  // namespace mq
