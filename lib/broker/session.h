// What the broker keeps for one client identifier, connected or not.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/ring.h"
#include "base/time.h"
#include "base/timer_heap.h"
#include "broker/options.h"
#include "broker/subscriptions.h"
#include "codec/packet.h"
#include "session/inbound_qos2.h"
#include "session/inflight.h"
#include "session/out_queue.h"

namespace mq {

struct Connection;
class ClientGrant;

// A will from CONNECT until it is published or discarded.
struct StoredWill {
  std::string topic;
  std::vector<uint8_t> payload;
  std::vector<uint8_t> properties;  // Will Delay Interval taken out
  Qos qos = Qos::kAtMostOnce;
  bool retain = false;
  uint32_t delay_s = 0;
};

// A message that waits for the client to come back or for its window to open: of QoS 1 or 2, or
// with BrokerOptions::queue_qos0 of any.
struct WaitingMessage {
  Ref<const Message> message;
  uint32_t aux = 0;        // Subscription Identifier, 0 for none
  uint8_t first_byte = 0;  // of the PUBLISH
  uint8_t share_tag = 0;   // of the shared subscription it came through, 0 for none
};
static_assert(sizeof(WaitingMessage) == 16);

// The first byte of a PUBLISH that was never sent before.
inline uint8_t publish_byte(Qos qos, bool retain) {
  return static_cast<uint8_t>(static_cast<uint8_t>(PacketType::kPublish) << 4 |
                              static_cast<uint8_t>(qos) << 1 | (retain ? 1 : 0));
}

// A session whose queue was full, until it is half empty again.
struct SlowConsumerState {
  uint64_t number = 0;               // the first one has the smallest
  uint64_t dropped = 0;              // messages for it
  Time progress{};                   // when something last left the queue
  bool closing = false;              // it is in the broker's list of those to be closed
  std::vector<Connection*> feeders;  // that wait for it
};

struct Session {
  explicit Session(std::string id) : client_id(std::move(id)) {}

  const std::string client_id;
  std::string user_name;           // of the present or last connection, empty for none
  bool trusted = false;                      // as ClientIdentity has it
  bool name_proven = false;        // that of the connection: the session is nobody else's
  std::shared_ptr<const ClientGrant> grant;  // the same
  Connection* connection = nullptr;  // null while the client is away
  uint32_t expiry_s = 0;           // Session Expiry Interval, kSessionNeverExpires for never
  bool stored = false;             // the store knows it: every change is appended there
  uint8_t share_tags = 0;          // given out so far
  ListenerId listener = 0;         // of the present or last connection
  TimerNode timer;                 // the earlier of the next two
  Time expires = kNever;           // end of the session; kNever while connected
  Time will_due = kNever;
  std::unique_ptr<StoredWill> will;

  std::vector<SubscriptionRef> subscriptions;
  Inflight inflight;
  // Messages are numbered as they are queued (see QueuedRecord): inflight[0] has this number, the
  // rest of `inflight` and then `waiting` follow.
  uint64_t first_sequence = 0;
  uint64_t sent_mark = 0;          // every message below this number has been sent ...
  uint64_t stored_sent_mark = 0;   // ... as far as the store knows
  uint32_t resend_left = 0;        // entries at the end of `inflight` still to be sent again
  uint32_t outstanding = 0;        // PUBLISH packets that count against the send quota now
  uint64_t outstanding_bytes = 0;  // memory of their messages
  Ring<WaitingMessage> waiting;
  uint64_t queued_bytes = 0;       // behind messages that wait or are in flight
  InboundQos2 inbound_qos2;
  std::unique_ptr<SlowConsumerState> slow;

  // Marks of Subscriptions::match(): the hit this session has in the match at hand.
  uint64_t match_stamp = 0;
  uint32_t match_hit = 0;
};

}  // namespace mq
