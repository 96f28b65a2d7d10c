#include "io/input.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cassert>
#include <cerrno>
#include <utility>

#include <uv.h>

#include "io/uv_error.h"

namespace mq {

Input::Input(Loop& loop, int fd, Owner& owner, Mode mode)
    : loop_(loop),
      owner_(owner),
      fd_(fd, PollableFd::Access::kRead),
      reads_on_(fd_.always_ready() || fd_.has_hung_up()),
      block_(std::make_unique_for_overwrite<uint8_t[]>(kBlockSize)) {
  struct stat info {};
  if (mode == Mode::kPeek && fstat(fd_.get(), &info) == 0) {
    if (S_ISREG(info.st_mode)) peek_ = Peek::kFile;
    if (S_ISFIFO(info.st_mode) && pipe2(side_, O_CLOEXEC | O_NONBLOCK) == 0) peek_ = Peek::kPipe;
  }
  if (fd_.always_ready()) return;
  int error = 0;
  poll_ = make_uv<uv_poll_t>(
      [&](uv_poll_t* poll) { return uv_poll_init(loop_.uv(), poll, fd_.get()); }, error);
  if (poll_) poll_->data = this;
}

Input::~Input() {
  for (const int fd : side_) {
    if (fd >= 0) close(fd);
  }
}

void Input::resume() {
  if (!paused_ || ended_) return;
  paused_ = false;
  wait();
}

void Input::wait() {
  if (reads_on_) {
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
  if (paused_ || ended_ || !reads_on_) return;
  loop_.once(*this);
  read_block();
}

void Input::read_block() {
  const ssize_t count = read_some();
  if (count > 0) {
    if (peeks()) {
      pause();
      peeked_ = static_cast<size_t>(count);
    }
    owner_.input_read({block_.get(), static_cast<size_t>(count)});
  } else if (count == 0) {
    end(nullptr);
  } else if (errno == EAGAIN && poll_) {
    // A new writer has come to a pipe that had none.
    if (std::exchange(reads_on_, false)) wait();
  } else if (errno != EAGAIN && errno != EINTR) {
    const Error error = uv_error(-errno, "cannot read the input");
    end(&error);
  }
}

ssize_t Input::read_some() {
  assert(peeked_ == 0);
  switch (peek_) {
    case Peek::kNone: break;
    case Peek::kFile:
      return pread(fd_.get(), block_.get(), kBlockSize, lseek(fd_.get(), 0, SEEK_CUR));
    case Peek::kPipe:
      // The kernel counts references to its pages; nothing is copied but what read() copies.
      const ssize_t count = tee(fd_.get(), side_[1], kBlockSize, SPLICE_F_NONBLOCK);
      return count > 0 ? read(side_[0], block_.get(), kBlockSize) : count;
  }
  return read(fd_.get(), block_.get(), kBlockSize);
}

void Input::take(size_t size) {
  if (!peeks()) return;
  assert(size <= peeked_);
  peeked_ = 0;
  if (peek_ == Peek::kFile) {
    lseek(fd_.get(), static_cast<off_t>(size), SEEK_CUR);
    return;
  }
  // Nobody else reads from the pipe, so these are the bytes that are in the block already.
  for (size_t left = size; left > 0;) {
    const ssize_t count = read(fd_.get(), block_.get() + (size - left), left);
    if (count <= 0) break;
    left -= static_cast<size_t>(count);
  }
}

void Input::end(const Error* error) {
  pause();
  ended_ = true;
  owner_.input_ended(error);
}

}  // namespace mq
