// A timer finer than a millisecond.
#pragma once

#include <functional>

#include "base/time.h"

struct uv_poll_s;

namespace mq {

class Loop;

// Like Timer, at the resolution of the kernel's clock (a timerfd; measured: late by 25 us at the
// median). Costs a descriptor, and a system call each time it is set: for pacing, one a thread.
class PreciseTimer {
 public:
  PreciseTimer(Loop& loop, std::function<void(Now)> on_due);
  ~PreciseTimer();
  PreciseTimer(const PreciseTimer&) = delete;
  PreciseTimer& operator=(const PreciseTimer&) = delete;

  void set(Time at);  // kNever cancels; a time that is past is due at once
  Time at() const { return at_; }

 private:
  void fired();

  Loop& loop_;
  std::function<void(Now)> on_due_;
  int fd_;
  uv_poll_s* poll_;
  Time at_ = kNever;
};

}  // namespace mq
