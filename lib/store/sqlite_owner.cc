#include "store/sqlite_owner.h"

#include <fcntl.h>
#include <unistd.h>

#include <fmt/core.h>

namespace mq {
namespace {

// Who holds SQLite's locks on the file, 0 when that cannot be told.
pid_t holder_of(const std::string& path) {
  constexpr off_t kLockBytes = 0x4000'0000;  // where SQLite locks: see "File Locking" in its manual
  const int fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  if (fd < 0) return 0;
  struct flock lock = {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  lock.l_start = kLockBytes;
  lock.l_len = 512;
  const bool known = fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
  close(fd);
  return known ? lock.l_pid : 0;
}

}  // namespace

void create_private(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd >= 0) close(fd);  // else it is there, or SQLite will say what is wrong
}

Error in_use(const std::string& path) {
  const pid_t pid = holder_of(path);
  return {ErrorCode::kRefused,
          fmt::format("{} is in use by {}", path,
                      pid == 0 ? "another process" : fmt::format("process {}", pid))};
}

}  // namespace mq
