#include "io/input.h"

#include <unistd.h>

#include <cerrno>

#include <uv.h>

#include "io/uv_error.h"

namespace mq {

Input::Input(Loop& loop, int fd, Owner& owner)
    : loop_(loop),
      owner_(owner),
      fd_(fd, PollableFd::Access::kRead),
      block_(std::make_unique_for_overwrite<uint8_t[]>(kBlockSize)) {
  if (fd_.always_ready()) return;
  int error = 0;
  poll_ = make_uv<uv_poll_t>(
      [&](uv_poll_t* poll) { return uv_poll_init(loop_.uv(), poll, fd_.get()); }, error);
  if (poll_) poll_->data = this;
}

Input::~Input() = default;

void Input::resume() {
  if (!paused_ || ended_) return;
  paused_ = false;
  if (!poll_) {
    loop_.once(*this);
    return;
  }
  uv_poll_start(poll_.get(), UV_READABLE | UV_DISCONNECT, [](uv_poll_t* poll, int, int) {
    // Whatever is the matter, reading tells.
    if (auto* input = static_cast<Input*>(poll->data)) input->read_block();
  });
}

void Input::pause() {
  paused_ = true;
  if (poll_) uv_poll_stop(poll_.get());
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
