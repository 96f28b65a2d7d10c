#include "mqbench/output_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

#include <fmt/core.h>

#include "common/console.h"

namespace mq {
namespace {

tl::unexpected<Error> unwritable(std::string_view path, int error) {
  return fail(ErrorCode::kIo, fmt::format("cannot write {}: {}", path, std::strerror(error)));
}

}  // namespace

Result<void> print_text(std::string_view text) {
  // Who closed the pipe has seen enough.
  if (write_all(STDOUT_FILENO, text) || errno == EPIPE) return {};
  return unwritable("standard output", errno);
}

Result<void> write_file(const std::string& path, std::string_view text) {
  if (path == "-") return print_text(text);
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.close();
  if (!file) return unwritable(path, errno);
  return {};
}

Result<void> check_writable(const std::string& path) {
  if (path == "-") return {};
  struct stat status {};
  if (stat(path.c_str(), &status) == 0) {
    if (S_ISDIR(status.st_mode)) return unwritable(path, EISDIR);
    if (access(path.c_str(), W_OK) != 0) return unwritable(path, errno);
    return {};
  }
  if (errno != ENOENT) return unwritable(path, errno);
  const size_t slash = path.rfind('/');
  const std::string directory =
      slash == std::string::npos ? "." : path.substr(0, std::max<size_t>(slash, 1));
  if (path.empty() || access(directory.c_str(), W_OK | X_OK) != 0) return unwritable(path, errno);
  return {};
}

}  // namespace mq
