// What a sink does to the messages that pass through it, and when it passes them on.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/time.h"

namespace mq {

// Numbers count from 1 and zero is never: with `drop_every` 100 the 100th, 200th, ... are lost. A
// message has one fault at most: lost before duplicated before swapped
// before corrupted.
struct SinkFaults {
  uint64_t drop_every = 0;
  uint64_t duplicate_every = 0;
  uint64_t swap_every = 0;     // passed on behind the one that follows it
  uint64_t corrupt_every = 0;  // the last bit of its payload is turned over
  Duration delay{0};
  double capacity = 0;      // messages a second; what is over that waits its turn
  Duration stall_after{0};  // from the first message; nothing is passed on for `stall_for` then
  Duration stall_for{0};

  bool timed() const {
    return delay > Duration::zero() || capacity > 0 || stall_for > Duration::zero();
  }
};

class FaultPlan {
 public:
  explicit FaultPlan(const SinkFaults& faults) : faults_(faults) {}

  struct Fate {
    uint32_t copies = 1;   // 0: it is lost
    bool swapped = false;  // passed on behind the next one
    bool corrupt = false;
  };
  // Of the next message.
  Fate next() {
    ++number_;
    const auto is_nth = [this](uint64_t every) { return every != 0 && number_ % every == 0; };
    if (is_nth(faults_.drop_every)) return {.copies = 0};
    if (is_nth(faults_.duplicate_every)) return {.copies = 2};
    if (is_nth(faults_.swap_every)) return {.swapped = true};
    return {.corrupt = is_nth(faults_.corrupt_every)};
  }

  // When a message that comes now is passed on. Never before one that came earlier.
  Time due(Time now) {
    if (!started_) {
      started_ = true;
      stall_start_ = add(now, faults_.stall_after);
    }
    Time due = std::max(now + faults_.delay, last_due_);
    if (faults_.capacity > 0) {
      due = std::max(due, next_turn_);
      next_turn_ = due + Duration(static_cast<int64_t>(1e9 / faults_.capacity));
    }
    const Time stall_end = add(stall_start_, faults_.stall_for);
    if (due >= stall_start_ && due < stall_end) due = stall_end;
    return last_due_ = due;
  }

 private:
  const SinkFaults faults_;
  uint64_t number_ = 0;
  bool started_ = false;
  Time stall_start_{}, last_due_{}, next_turn_{};
};

}  // namespace mq
