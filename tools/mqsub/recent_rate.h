// How often something happened lately.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "base/time.h"

namespace mq {

// Two counts, of the present five seconds and of those before, whatever happens: a window of five
// seconds slides over them, as if what is in the older count had come evenly.
class RecentRate {
 public:
  static constexpr Duration kWindow = std::chrono::seconds(5);

  void add(Time at) {
    roll(slot_of(at));
    ++present_;
  }
  // A second, of what came since `since`, which is when it was first looked at.
  double at(Time now, Time since) const {
    const uint32_t slot = slot_of(now);
    const double present = slot == slot_ ? present_ : 0;
    const double before = slot == slot_ ? before_ : slot == slot_ + 1 ? present_ : 0;
    const Duration looked = now - since;
    if (looked < kWindow) {
      return (present + before) / seconds(std::max<Duration>(looked, std::chrono::seconds(1)));
    }
    const double into = seconds(now.time_since_epoch() % kWindow) / seconds(kWindow);
    return (before * (1 - into) + present) / seconds(kWindow);
  }

 private:
  static uint32_t slot_of(Time at) {
    return static_cast<uint32_t>(at.time_since_epoch() / kWindow);
  }
  void roll(uint32_t slot) {
    if (slot == slot_) return;
    before_ = slot == slot_ + 1 ? present_ : 0;
    present_ = 0;
    slot_ = slot;
  }

  uint32_t slot_ = 0, present_ = 0, before_ = 0;
};

}  // namespace mq
