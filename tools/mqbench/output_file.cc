#include "mqbench/output_file.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include <fmt/core.h>

#include "common/console.h"

namespace mq {

Result<void> write_file(const std::string& path, std::string_view text) {
  if (path == "-") {
    write_all(STDOUT_FILENO, text);
    return {};
  }
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.close();
  if (!file) {
    return fail(ErrorCode::kIo, fmt::format("cannot write {}: {}", path, std::strerror(errno)));
  }
  return {};
}

}  // namespace mq
