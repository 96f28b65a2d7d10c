// Changes of the stored state as bytes: what a batch, and the store's journal, is made of.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/buffer.h"
#include "store/session_store.h"
#include "store/stored_message.h"

namespace mq {

// One call of StoreSink, except that a message is written once for all that refer to it.
// On disk as these numbers, which are never given to something else: the journal of an older
// version is read by every later one.
enum class ChangeKind : uint8_t {
  kPutSession = 1,
  kDropSession = 2,
  kPutSubscription = 3,
  kDropSubscription = 4,
  kMessage = 5,
  kPutQueued = 6,    // of the last kMessage before it
  kPutSent = 7,
  kReleaseQueued = 8,
  kDropQueued = 9,
  kPutInbound = 10,
  kDropInbound = 11,
  kPutRetained = 12,  // the last kMessage before it
  kDropRetained = 13,
};

// kind:1 | key length:2 | key | number:LEB128 | body length:LEB128 | body
struct Change {
  ChangeKind kind = ChangeKind::kMessage;
  std::string_view key;  // a client identifier; of messages and retained messages the topic
  uint64_t number = 0;   // a sequence number or a packet identifier
  Bytes body;            // what else the kind has
  Bytes encoded;         // all of it
};

// Takes the first change off `from`; false when the bytes are not one. kPutRetained has no key of
// its own.
bool read_change(Bytes& from, Change& to);

// What is in a body; false when it is something else. Views into it.
bool read_body(const Change& change, SessionRecord& to, SessionRecord::Will& will);
bool read_body(const Change& change, SubscriptionRecord& to);
bool read_body(const Change& change, QueuedRecord& to);  // without the message
bool read_body(const Change& change, StoredMessage& to);

// A store's open batch. What is queued for many sessions, or retained as well, is one message to
// the core and one in the batch, as the broker passes its receivers on one after the other.
class ChangeWriter : public SessionStore {
 public:
  void put_session(const SessionRecord& record) override;
  void drop_session(std::string_view client_id) override;
  void put_subscription(const SubscriptionRecord& record) override;
  void drop_subscription(std::string_view client_id, std::string_view filter) override;
  void put_queued(const QueuedRecord& record) override;
  void put_sent(std::string_view client_id, uint64_t sequence) override;
  void release_queued(std::string_view client_id, uint64_t sequence) override;
  void drop_queued(std::string_view client_id, uint64_t sequence) override;
  void put_inbound(std::string_view client_id, uint16_t packet_id) override;
  void drop_inbound(std::string_view client_id, uint16_t packet_id) override;
  void put_retained(const Ref<const Message>& message, WallTime expires) override;
  void drop_retained(std::string_view topic) override;

 protected:
  size_t open_size() const { return open_.size(); }
  // Closes the batch.
  Buffer take() {
    last_message_ = nullptr;
    return std::move(open_);
  }

 private:
  void put(ChangeKind kind, std::string_view key, uint64_t number, Bytes body = {});
  void put_message(const Ref<const Message>& message, WallTime expires);

  Buffer open_;
  Buffer body_;                     // of the change at hand
  Ref<const Message> last_message_;  // written last in this batch
};

}  // namespace mq
