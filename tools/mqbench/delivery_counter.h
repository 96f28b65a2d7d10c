// At full speed: how much of what a publisher sent has reached its subscribers.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "mqbench/load_plan.h"

namespace mq {

// QoS 0 has no acknowledgement, and that of QoS 1 and 2 only says that the server has the message.
// A run at `--rate max` would measure how fast a server can drop messages if its publishers were
// not held back by what arrives. Shared by all threads: subscribers count, publishers look.
class DeliveryCounter {
 public:
  explicit DeliveryCounter(const LoadPlan& plan)
      : plan_(plan),
        delivered_(std::make_unique<std::atomic<uint64_t>[]>(plan.publishers())) {}

  // One subscriber has received a message of this publisher.
  void delivered(uint32_t publisher) {
    delivered_[publisher].fetch_add(1, std::memory_order_relaxed);
  }

  // Messages of a publisher that have reached all of its subscribers, or as many deliveries as
  // that makes. REQUIRES: it has subscribers
  uint64_t arrived(uint32_t publisher) const {
    return delivered_[publisher].load(std::memory_order_relaxed) / plan_.receivers_of(publisher);
  }

 private:
  const LoadPlan& plan_;
  std::unique_ptr<std::atomic<uint64_t>[]> delivered_;  // to all receivers together
};

}  // namespace mq
