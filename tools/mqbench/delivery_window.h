// At full speed: how much of what a publisher sent has not reached its subscribers yet.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "mqbench/load_plan.h"

namespace mq {

// QoS 0 has no acknowledgement, and that of QoS 1 and 2 only says that the server has the message.
// A run at `--rate max` would measure how fast a server can drop messages if its publishers were
// not held back by what arrives. Shared by all threads: subscribers count, publishers look.
class DeliveryWindow {
 public:
  DeliveryWindow(const LoadPlan& plan, uint32_t inflight)
      : plan_(plan),
        inflight_(inflight),
        delivered_(std::make_unique<std::atomic<uint64_t>[]>(plan.publishers())) {}

  void delivered(uint32_t publisher) {
    delivered_[publisher].fetch_add(1, std::memory_order_relaxed);
  }

  // How many more messages a publisher may send that has sent so many.
  uint32_t room(uint32_t publisher, uint64_t sent) const {
    const uint32_t receivers = plan_.receivers_of(publisher);
    if (receivers == 0) return UINT32_MAX;
    const uint64_t arrived = delivered_[publisher].load(std::memory_order_relaxed) / receivers;
    const uint64_t under_way = sent > arrived ? sent - arrived : 0;
    return under_way < inflight_ ? static_cast<uint32_t>(inflight_ - under_way) : 0;
  }

 private:
  const LoadPlan& plan_;
  const uint32_t inflight_;
  std::unique_ptr<std::atomic<uint64_t>[]> delivered_;  // to all receivers together
};

}  // namespace mq
