// A descriptor that we were given (standard input or output), in a form that the loop can wait for.
#pragma once

#include <cstdint>

namespace mq {

// O_NONBLOCK belongs to the open file, which a pipe or terminal shares with other programs: they
// would fail with EAGAIN if we set it there. So a pipe or terminal is opened again, for us alone.
// Where that is not possible, the flag is set and put back at the end.
class PollableFd {
 public:
  enum class Access : uint8_t { kRead, kWrite };

  PollableFd(int fd, Access access);
  ~PollableFd();
  PollableFd(const PollableFd&) = delete;
  PollableFd& operator=(const PollableFd&) = delete;

  int get() const { return fd_; }
  // Reading and writing never has to wait: a regular file, /dev/null.
  bool always_ready() const { return always_ready_; }
  // The other end can go away, and polling tells: a pipe or terminal.
  bool reports_hang_up() const { return reports_hang_up_; }
  // There is no writer any more. Of a named pipe that was opened again after the last one had gone,
  // polling does not tell (fifo(7)); reading does.
  bool has_hung_up() const { return has_hung_up_; }

 private:
  int fd_;
  int flags_to_restore_ = -1;
  bool is_ours_ = false;
  bool always_ready_ = false;
  bool reports_hang_up_ = false;
  bool has_hung_up_ = false;
};

}  // namespace mq
