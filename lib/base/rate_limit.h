// How much a second somebody may have: a token bucket that holds a second's worth.
#pragma once

#include <cstdint>

#include "base/time.h"

namespace mq {

// Remembers no tokens but the time at which the bucket would be full again; a new one is full. What
// is taken once is taken whole, even where it is more than a bucket holds: the debt is waited for.
class RateLimit {
 public:
  // At this time something may be taken again; in the past while the bucket is not empty.
  Time ready_at() const { return full_at_ - kBucket; }

  // REQUIRES: rate_per_s != 0, amount below 2^33
  void take(uint64_t amount, uint64_t rate_per_s, Time now) {
    const uint64_t ns = amount * 1'000'000'000 / rate_per_s;
    full_at_ = add(full_at_ > now ? full_at_ : now, Duration(static_cast<int64_t>(ns)));
  }

 private:
  static constexpr Duration kBucket = std::chrono::seconds(1);
  Time full_at_{};
};

}  // namespace mq
