// Standard input, or any other descriptor, read in blocks on the loop.
#pragma once

#include <sys/types.h>

#include <cstddef>
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

  // kPeek leaves what is read in the source until take(), so that it is not lost with the process.
  // Pipes and regular files can do that, others are read as ever: see peeks().
  enum class Mode : uint8_t { kTake, kPeek };

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
  Input(Loop& loop, int fd, Owner& owner, Mode mode = Mode::kTake);
  ~Input() override;

  void resume();
  void pause();
  bool paused() const { return paused_; }

  // What input_read() is given is still in the source. It pauses the input before each block.
  bool peeks() const { return peek_ != Peek::kNone; }
  // Takes the first `size` bytes of the block out of the source; the rest will be read again.
  // REQUIRES: without peeks() it is all of the block
  void take(size_t size);

 private:
  void before_sleep(Now now) override;
  void wait();
  void read_block();
  ssize_t read_some();
  void end(const Error* error);

  Loop& loop_;
  Owner& owner_;
  PollableFd fd_;
  UvPtr<uv_poll_s> poll_;  // null when the file is always ready
  bool reads_on_;          // without waiting: it is always ready, or all is there that will come
  std::unique_ptr<uint8_t[]> block_;
  // Where the source is a pipe, bytes are looked at through a second one.
  enum class Peek : uint8_t { kNone, kFile, kPipe };
  Peek peek_ = Peek::kNone;
  int side_[2] = {-1, -1};
  size_t peeked_ = 0;  // bytes in block_ that are in the source, too
  bool paused_ = true;
  bool ended_ = false;
};

}  // namespace mq
