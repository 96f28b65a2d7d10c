#include "mqbroker/privileges.h"

#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include <fmt/core.h>

namespace mq {

Result<void> drop_privileges(const std::string& user) {
  if (geteuid() != 0 || user == "root") return {};
  errno = 0;
  const passwd* const found = getpwnam(user.c_str());
  if (found == nullptr) {
    return fail(ErrorCode::kNotFound,
                fmt::format("cannot become the user '{}': {}", user,
                            errno == 0 ? "there is none of that name" : std::strerror(errno)));
  }
  // The user last: afterwards the groups could not be changed.
  if (initgroups(user.c_str(), found->pw_gid) != 0 || setgid(found->pw_gid) != 0 ||
      setuid(found->pw_uid) != 0) {
    return fail(ErrorCode::kIo,
                fmt::format("cannot become the user '{}': {}", user, std::strerror(errno)), errno);
  }
  return {};
}

}  // namespace mq
