#include "common/profile.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include <fmt/core.h>

#include "common/console.h"
#include "common/invalid.h"
#include "common/options_file.h"

namespace mq {
namespace {

tl::unexpected<Error> failed(const std::string& path) {
  return invalid(fmt::format("Unable to write the profile {}: {}.", path, std::strerror(errno)));
}

// The folder of `path` and the one above it; what is there already is left as it is.
bool make_folders(const std::string& path) {
  const std::string folder = path.substr(0, path.rfind('/'));
  for (const std::string& each : {folder.substr(0, folder.rfind('/')), folder}) {
    if (mkdir(each.c_str(), 0700) != 0 && errno != EEXIST) return false;
  }
  return true;
}

}  // namespace

Result<std::string> profile_path(std::string_view name) {
  const bool is_name = !name.empty() && name[0] != '.' && std::ranges::all_of(name, [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '_' || c == '-';
  });
  if (!is_name) {
    return invalid(
        fmt::format("Invalid profile given: {}, it must be of letters, digits, '.', '_' "
                    "and '-', and not begin with '.'.",
                    name));
  }
  const std::string folder = config_folder();
  if (folder.empty()) return invalid("There is no home directory ($HOME) to look for profiles in.");
  return fmt::format("{}/mq/{}", folder, name);
}

Result<void> write_profile(const std::string& path, std::string_view text) {
  if (!make_folders(path)) return failed(path);
  const std::string fresh = path + ".new";
  unlink(fresh.c_str());
  const int fd = open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0) return failed(fresh);
  const bool written = write_all(fd, text) && fsync(fd) == 0;
  if (close(fd) != 0 || !written || std::rename(fresh.c_str(), path.c_str()) != 0) {
    const auto error = failed(fresh);
    unlink(fresh.c_str());
    return error;
  }
  return {};
}

}  // namespace mq
