// What the members of shared subscriptions have received together.
#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <vector>

#include "mqbench/delivered_set.h"
#include "mqbench/load_plan.h"

namespace mq {

// Members live on different threads and share a lock for each subscription: nobody but them sees
// all of its messages.
class ShareTracks {
 public:
  explicit ShareTracks(const LoadPlan& plan) {
    for (const Share& share : plan.shares()) shares_.emplace_back(share.heard.size());
  }

  struct Arrival {
    bool is_new;
    uint64_t sequence;  // whole
  };
  // `widen` makes the whole sequence number out of the next one that is expected.
  template <class Widen>
  Arrival arrived(uint32_t share, uint32_t slot, Widen&& widen) {
    One& one = shares_[share];
    const std::lock_guard lock(one.mutex);
    DeliveredSet& set = one.streams[slot];
    const uint64_t sequence = widen(set.next());
    return {set.insert(sequence), sequence};
  }

  // Once the members have stopped.
  uint64_t received(uint32_t share, uint32_t slot) const {
    return shares_[share].streams[slot].size();
  }

 private:
  struct One {
    explicit One(uint32_t count) : streams(count) {}
    std::mutex mutex;
    std::vector<DeliveredSet> streams;
  };
  std::deque<One> shares_;  // not moved
};

}  // namespace mq
