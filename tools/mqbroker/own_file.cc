#include "mqbroker/own_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include <fmt/core.h>

namespace mq {
namespace {

tl::unexpected<Error> cannot_write(const std::string& path, int error) {
  return fail(ErrorCode::kIo, fmt::format("cannot write {}: {}", path, std::strerror(error)),
              error);
}

}  // namespace

OwnFile::~OwnFile() {
  if (!path_.empty()) unlink(path_.c_str());
}

Result<void> OwnFile::write(const std::string& path, std::string_view text) {
  const std::string beside = fmt::format("{}.{}", path, getpid());
  const int fd = open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) return cannot_write(path, errno);
  const ssize_t written = ::write(fd, text.data(), text.size());
  const int error = written == static_cast<ssize_t>(text.size()) ? 0 : written < 0 ? errno : ENOSPC;
  close(fd);
  if (error != 0 || std::rename(beside.c_str(), path.c_str()) != 0) {
    const int reason = error != 0 ? error : errno;
    unlink(beside.c_str());
    return cannot_write(path, reason);
  }
  path_ = path;
  return {};
}

}  // namespace mq
