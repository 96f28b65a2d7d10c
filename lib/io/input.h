// Standard input, or any other descriptor, read in blocks on the loop.
#pragma once

#include <cstdint>
#include <memory>

#include "base/bytes.h"
#include "base/result.h"
#include "io/loop.h"
#include "io/pollable_fd.h"
#include "io/uv_ptr.h"

struct uv_poll_s;

namespace mq {

// Reads a block in a loop turn when there is something to read: a pipe or terminal is waited for, a
// file is read on. Nothing is read while paused, so a source that can wait is made to.
class Input final : private BeforeSleep {
 public:
  static constexpr size_t kBlockSize = 64 * 1024;

  struct Owner {
    // The bytes stay where they are until the next block; after pause() none comes before
    // resume(). May destroy the input.
    virtual void input_read(Bytes block) = 0;
    // The last call: the end was reached (`error` null) or reading failed.
    virtual void input_ended(const Error* error) = 0;

   protected:
    ~Owner() = default;
  };

  // Starts paused.
  Input(Loop& loop, int fd, Owner& owner);
  ~Input() override;

  void resume();
  void pause();
  bool paused() const { return paused_; }

 private:
  void before_sleep(Now now) override;
  void read_block();
  void end(const Error* error);

  Loop& loop_;
  Owner& owner_;
  PollableFd fd_;
  UvPtr<uv_poll_s> poll_;  // null when the file is always ready
  std::unique_ptr<uint8_t[]> block_;
  bool paused_ = true;
  bool ended_ = false;
};

}  // namespace mq
