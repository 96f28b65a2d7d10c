// At full speed: how much of what a publisher sent has reached its subscribers.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

namespace mq {

// QoS 0 has no acknowledgement, and that of QoS 1 and 2 only says that the server has the message.
// A run at `--rate max` would measure how fast a server can drop messages if its publishers were
// not held back by what arrives. Shared by all threads: subscribers count, publishers look.
class DeliveryCounter {
 public:
  explicit DeliveryCounter(uint32_t publishers)
      : delivered_(std::make_unique<std::atomic<uint64_t>[]>(publishers)) {}

  // One subscriber has received a message of this publisher.
  void delivered(uint32_t publisher) {
    delivered_[publisher].fetch_add(1, std::memory_order_relaxed);
  }

  // Deliveries of a publisher's messages, to all receivers together.
  uint64_t deliveries(uint32_t publisher) const {
    return delivered_[publisher].load(std::memory_order_relaxed);
  }

 private:
  std::unique_ptr<std::atomic<uint64_t>[]> delivered_;
};

}  // namespace mq
