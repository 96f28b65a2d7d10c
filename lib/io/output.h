// Standard output, or any other descriptor, written without ever stopping the loop.
#pragma once

#include "base/buffer.h"
#include "base/result.h"
#include "io/loop.h"
#include "io/pollable_fd.h"
#include "io/uv_ptr.h"

struct uv_poll_s;

namespace mq {

// Gathers what is appended in a loop turn and writes it before the loop sleeps, ahead of what goes
// to the network in that turn: a message is printed before it is acknowledged. When the reader is
// slow, the rest waits here and blocked() tells to make no more of it.
class Output final : private BeforeSleep {
 public:
  struct Owner {
    // Everything has been written, after blocked() was true.
    virtual void output_drained() = 0;
    // Nobody reads it any more (kClosed), or writing failed. Once, and nothing is written after;
    // may come from flush().
    virtual void output_failed(const Error& error) = 0;

   protected:
    ~Owner() = default;
  };

  Output(Loop& loop, int fd, Owner& owner);
  ~Output() override;

  // Append here.
  Buffer& buffer() { return buffer_; }
  // To be called after something large was appended: writes when it is time to.
  void appended() {
    if (buffer_.size() >= kFlushSize) flush();
  }
  // Writes now what the reader takes.
  void flush();
  bool blocked() const { return blocked_; }
  bool empty() const { return buffer_.empty(); }
  // output_failed() has been called.
  bool failed() const { return failed_; }

 private:
  static constexpr size_t kFlushSize = 64 * 1024;

  void before_sleep(Now now) override;
  void wait(bool writable);
  void polled(int status, int events);
  void fail_with(int error);

  Loop& loop_;
  Owner& owner_;
  PollableFd fd_;
  UvPtr<uv_poll_s> poll_;  // null when the file is always ready
  Buffer buffer_;
  bool blocked_ = false;
  bool failed_ = false;
};

}  // namespace mq
