#include "io/output.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>

#include <uv.h>

#include "io/uv_error.h"

namespace mq {

Output::Output(Loop& loop, int fd, Owner& owner)
    : loop_(loop), owner_(owner), fd_(fd, PollableFd::Access::kWrite) {
  loop_.add(*this);
  if (fd_.always_ready()) return;
  int error = 0;
  poll_ = make_uv<uv_poll_t>(
      [&](uv_poll_t* poll) { return uv_poll_init(loop_.uv(), poll, fd_.get()); }, error);
  if (!poll_) return;
  poll_->data = this;
  wait(false);
}

Output::~Output() = default;

void Output::before_sleep(Now) {
  if (!blocked_) flush();
}

void Output::flush() {
  while (!buffer_.empty() && !failed_) {
    const ssize_t count = write(fd_.get(), buffer_.data(), buffer_.size());
    if (count >= 0) {
      buffer_.consume(static_cast<size_t>(count));
    } else if (errno == EAGAIN && poll_) {
      if (!blocked_) wait(true);
      blocked_ = true;
      return;
    } else if (errno == EAGAIN) {
      pollfd writable{fd_.get(), POLLOUT, 0};  // a device that libuv does not poll
      poll(&writable, 1, -1);
    } else if (errno != EINTR) {
      fail_with(-errno);
      return;
    }
  }
  if (blocked_ && !failed_) {
    blocked_ = false;
    wait(false);
    owner_.output_drained();
  }
}

// Waits for the reader to take more, or only for it to go away.
void Output::wait(bool writable) {
  if (!writable && !fd_.reports_hang_up()) {
    uv_poll_stop(poll_.get());
    return;
  }
  uv_poll_start(poll_.get(), UV_DISCONNECT | (writable ? UV_WRITABLE : 0),
                [](uv_poll_t* poll, int status, int events) {
                  if (auto* output = static_cast<Output*>(poll->data)) {
                    output->polled(status, events);
                  }
                });
  auto* handle = reinterpret_cast<uv_handle_t*>(poll_.get());
  // That somebody could go away is no reason for the loop to go on.
  if (writable) {
    uv_ref(handle);
  } else {
    uv_unref(handle);
  }
}

void Output::polled(int status, int events) {
  if (status < 0 || (events & UV_DISCONNECT) != 0) {
    fail_with(UV_EPIPE);
  } else {
    flush();
  }
}

void Output::fail_with(int error) {
  if (failed_) return;
  failed_ = true;
  blocked_ = false;
  buffer_.clear();
  if (poll_) uv_poll_stop(poll_.get());
  owner_.output_failed(uv_error(error, "cannot write the output"));
}

}  // namespace mq
