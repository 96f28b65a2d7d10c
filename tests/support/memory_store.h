// A SessionStore in memory whose disk the test controls: it decides when a batch is safe, and
// after a crash only safe batches are left.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "store/session_store.h"

namespace mq {

class MemoryStore final : public SessionStore {
 public:
  // Batches that were committed and are not yet safe.
  size_t pending() const { return batches_.size(); }
  BatchId committed() const { return committed_; }
  // Makes the oldest pending batch safe and returns its number. REQUIRES: pending() > 0
  BatchId write_one();
  // Makes all pending batches safe and returns the number of the last.
  BatchId write_all();
  // The power fails: what was not safe is gone.
  void crash();

  size_t sessions() const { return sessions_.size(); }
  size_t retained() const { return retained_.size(); }
  size_t queued(const std::string& client_id) const;

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

  Result<void> load(StoreSink& to, Now now) override;
  BatchId commit() override;
  void awaits(uint32_t messages) override { awaited_ = messages; }
  // What the last commit() was told.
  uint32_t awaited() const { return awaited_; }
  StoreState state() override { return state_; }
  void set_state(StoreState state) { state_ = state; }

 private:
  using Change = std::function<void()>;
  struct OwnedMessage {
    std::string topic;
    std::vector<uint8_t> payload, properties;
    Qos qos = Qos::kAtMostOnce;
    bool retain = false;
    WallTime expires = WallTime::max();
  };
  struct Queued {
    bool released = false;
    OwnedMessage message;
    uint32_t subscription_id = 0;
    uint8_t first_byte = 0, share_tag = 0;
  };
  struct Subscribed {
    SubscribeOptions options;
    uint32_t id = 0;
  };
  struct Will {
    OwnedMessage message;
    uint32_t delay_s = 0;
    WallTime due;
  };
  struct Session {
    std::string user_name;
    uint32_t expiry_s = 0;
    bool connected = false;
    bool name_proven = false;
    WallTime expires;
    std::optional<Will> will;
    std::map<std::string, Subscribed> subscriptions;
    std::map<uint64_t, Queued> queue;
    std::set<uint16_t> inbound;
    uint64_t sent = 0;
  };

  static OwnedMessage copy(const Message& message, WallTime expires);
  static Ref<const Message> make(const OwnedMessage& stored, Now now);

  StoreState state_;
  std::vector<Change> open_;
  std::vector<std::vector<Change>> batches_;
  BatchId committed_ = 0, safe_ = 0;
  uint32_t awaited_ = 0;
  std::map<std::string, Session> sessions_;
  std::map<std::string, OwnedMessage> retained_;
};

}  // namespace mq
