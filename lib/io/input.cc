#include "io/input.h"

#include <unistd.h>

#include <cerrno>

#include <uv.h>

#include "io/uv_error.h"
#include "io/uv_ptr.h"

namespace mq {

struct Input::Poll {
  UvPtr<uv_poll_t> handle;
};

Input::Input(Loop& loop, int fd, Owner& owner)
    : loop_(loop),
      owner_(owner),
      fd_(fd, PollableFd::Access::kRead),
      block_(std::make_unique_for_overwrite<uint8_t[]>(kBlockSize)) {
  if (fd_.always_ready()) return;
  int error = 0;
  UvPtr<uv_poll_t> handle = make_uv<uv_poll_t>(
      [&](uv_poll_t* poll) { return uv_poll_init(loop_.uv(), poll, fd_.get()); }, error);
  if (!handle) return;  // cannot be waited for: read it as a file
  handle->data = this;
  poll_ = std::make_unique<Poll>(Poll{std::move(handle)});
}

Input::~Input() = default;

void Input::resume() {
  if (!paused_ || ended_) return;
  paused_ = false;
  if (!poll_) {
    loop_.once(*this);
    return;
  }
  uv_poll_start(poll_->handle.get(), UV_READABLE | UV_DISCONNECT, [](uv_poll_t* poll, int, int) {
    // Whatever is the matter, reading tells.
    if (auto* input = static_cast<Input*>(poll->data)) input->read_block();
  });
}

void Input::pause() {
  paused_ = true;
  if (poll_) uv_poll_stop(poll_->handle.get());
}

void Input::before_sleep(Now) {
  if (paused_ || ended_) return;
  loop_.once(*this);
  read_block();
}

void Input::read_block() {
  const ssize_t count = read(fd_.get(), block_.get(), kBlockSize);
  if (count > 0) {
    owner_.input_read({block_.get(), static_cast<size_t>(count)});
  } else if (count == 0) {
    end(nullptr);
  } else if (errno != EAGAIN && errno != EINTR) {
    const Error error = uv_error(-errno, "cannot read the input");
    end(&error);
  }
}

void Input::end(const Error* error) {
  pause();
  ended_ = true;
  owner_.input_ended(error);
}

}  // namespace mq
