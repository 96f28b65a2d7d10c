// What must survive a restart of the broker, as a stream of changes.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"
#include "codec/packet.h"
#include "session/message.h"

namespace mq {

// A session as it stands; written again whenever one of these changes.
struct SessionRecord {
  std::string_view client_id;
  std::string_view user_name;
  uint32_t expiry_s = 0;
  bool connected = false;
  WallTime expires = WallTime::max();  // while not connected; max() is never
  // The will, if there is one. While the client is connected `due` is max(): should the broker
  // end, its delay begins when the broker is back.
  struct Will {
    std::string_view topic;
    Bytes payload;
    Bytes properties;
    Qos qos;
    bool retain;
    uint32_t delay_s;
    WallTime due;
  };
  const Will* will = nullptr;
  bool name_proven = false;  // the session is the user's, and not whoever's says that name

  // Both of them as they are on disk, where the column is called `connected`.
  static constexpr uint8_t kConnectedBit = 1, kProvenBit = 2;
  uint8_t flags() const {
    return static_cast<uint8_t>((connected ? kConnectedBit : 0) | (name_proven ? kProvenBit : 0));
  }
};

struct SubscriptionRecord {
  std::string_view client_id;
  std::string_view filter;  // as in SUBSCRIBE, "$share/..." included
  SubscribeOptions options;
  uint32_t subscription_id = 0;
};

// A QoS 1 or QoS 2 message for one session. A session's messages are numbered 0, 1, 2, ...;
// number n is sent under packet identifier n % 65535 + 1, so identifiers need no record.
struct QueuedRecord {
  std::string_view client_id;
  uint64_t sequence = 0;
  Ref<const Message> message;  // null: PUBREC has come, PUBCOMP is to come
  WallTime expires = WallTime::max();
  uint32_t subscription_id = 0;
  uint8_t first_byte = 0;
  uint8_t share_tag = 0;
};

// Takes changes one by one. Views are valid during the call.
class StoreSink {
 public:
  virtual ~StoreSink() = default;
  virtual void put_session(const SessionRecord& record) = 0;
  // With everything that belongs to it.
  virtual void drop_session(std::string_view client_id) = 0;
  virtual void put_subscription(const SubscriptionRecord& record) = 0;
  virtual void drop_subscription(std::string_view client_id, std::string_view filter) = 0;
  virtual void put_queued(const QueuedRecord& record) = 0;
  // Everything below `sequence` has been sent at least once: again means with DUP.
  virtual void put_sent(std::string_view client_id, uint64_t sequence) = 0;
  // PUBREC: the message is the client's; only its identifier is still in use.
  virtual void release_queued(std::string_view client_id, uint64_t sequence) = 0;
  virtual void drop_queued(std::string_view client_id, uint64_t sequence) = 0;
  // Identifiers of the client's own QoS 2 messages between PUBLISH and PUBREL.
  virtual void put_inbound(std::string_view client_id, uint16_t packet_id) = 0;
  virtual void drop_inbound(std::string_view client_id, uint16_t packet_id) = 0;
  virtual void put_retained(const Ref<const Message>& message, WallTime expires) = 0;
  virtual void drop_retained(std::string_view topic) = 0;
};

using BatchId = uint64_t;

// How a store is doing, as far as its user has to behave differently.
struct StoreState {
  bool behind = false;   // more waits to be written than its limit allows: take in less
  bool failing = false;  // it cannot write, and goes on trying
  BatchId begun = 0;     // this batch and all before it are being written, or are safe
};

// Changes go into the open batch and cost no I/O; commit() closes it. When a batch is safe is told
// to the broker by its owner (Broker::durable), in order. Batches count 1, 2, 3, ...
class SessionStore : public StoreSink {
 public:
  // Replays the state in an order in which nothing refers to what has not come yet: retained
  // messages, then of each session the record, subscriptions, sent mark, queue by sequence and
  // inbound identifiers. Once, before the first change.
  // Expiry times of messages are made from `now`, by which the clocks that ran meanwhile count.
  virtual Result<void> load(StoreSink& to, Now now) = 0;
  virtual BatchId commit() = 0;
  // Of the messages in batches that are not begun yet, so many are on their way to their clients
  // and may soon be dropped again: what is dropped by then need not be written, and a store may
  // wait a little for that. Known from the next commit() on.
  virtual void awaits(uint32_t messages) { static_cast<void>(messages); }
  // Cheap; asked for once a loop turn, after commit().
  virtual StoreState state() = 0;
  // Within which 99 of 100 batches were written since this was asked last; nothing when it is not
  // measured.
  virtual std::optional<double> commit_ms_p99() { return std::nullopt; }
};

}  // namespace mq
