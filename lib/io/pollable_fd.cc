#include "io/pollable_fd.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

namespace mq {

PollableFd::PollableFd(int fd, Access access) : fd_(fd) {
  struct stat info {};
  if (fstat(fd, &info) != 0) {
    always_ready_ = true;  // the first read or write reports what is wrong with it
    return;
  }
  reports_hang_up_ = S_ISFIFO(info.st_mode) || isatty(fd) == 1;
  // epoll takes neither regular files nor devices without a queue, as /dev/null.
  always_ready_ = !reports_hang_up_ && !S_ISSOCK(info.st_mode);
  if (always_ready_) return;

  if (reports_hang_up_) {
    const int mode = access == Access::kRead ? O_RDONLY : O_WRONLY;
    const std::string path = "/proc/self/fd/" + std::to_string(fd);
    const int again = open(path.c_str(), mode | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (again >= 0) {
      pollfd given{fd, 0, 0};
      has_hung_up_ = poll(&given, 1, 0) == 1 && (given.revents & POLLHUP) != 0;
      fd_ = again;
      is_ours_ = true;
      return;
    }
  }
  const int flags = fcntl(fd, F_GETFL);
  if ((flags & O_NONBLOCK) == 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0) {
    flags_to_restore_ = flags;
  }
}

PollableFd::~PollableFd() {
  if (is_ours_) close(fd_);
  if (flags_to_restore_ >= 0) fcntl(fd_, F_SETFL, flags_to_restore_);
}

}  // namespace mq
