#include "io/precise_timer.h"

#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <system_error>
#include <utility>

#include <uv.h>

#include "io/loop.h"
#include "io/uv_ptr.h"

namespace mq {

PreciseTimer::PreciseTimer(Loop& loop, std::function<void(Now)> on_due)
    : loop_(loop), on_due_(std::move(on_due)),
      fd_(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)) {
  if (fd_ < 0) throw std::system_error(errno, std::generic_category(), "timerfd_create");
  int error = 0;
  const auto init = [&](uv_poll_t* poll) { return uv_poll_init(loop.uv(), poll, fd_); };
  poll_ = make_uv<uv_poll_t>(init, error).release();
  assert(poll_ != nullptr);
  poll_->data = this;
}

PreciseTimer::~PreciseTimer() {
  UvClose()(poll_);  // libuv must have stopped looking at a descriptor before it is closed
  close(fd_);
}

void PreciseTimer::set(Time at) {
  if (at == at_) return;
  at_ = at;
  itimerspec when{};  // all zero: off
  if (at == kNever) {
    uv_poll_stop(poll_);
  } else {
    const int64_t ns = std::max<int64_t>(at.time_since_epoch().count(), 1);
    when.it_value.tv_sec = ns / 1'000'000'000;
    when.it_value.tv_nsec = ns % 1'000'000'000;
    if (uv_is_active(reinterpret_cast<uv_handle_t*>(poll_)) == 0) {
      uv_poll_start(poll_, UV_READABLE, [](uv_poll_t* poll, int, int) {
        if (auto* timer = static_cast<PreciseTimer*>(poll->data)) timer->fired();
      });
    }
  }
  timerfd_settime(fd_, TFD_TIMER_ABSTIME, &when, nullptr);
}

void PreciseTimer::fired() {
  // Setting it anew makes the descriptor unreadable, so a callback that does saves the read.
  at_ = kNever;
  on_due_(loop_.read_clock());
  if (at_ != kNever) return;
  uint64_t expirations = 0;
  [[maybe_unused]] const ssize_t size = read(fd_, &expirations, sizeof expirations);
  if (at_ == kNever) uv_poll_stop(poll_);
}

}  // namespace mq
