#include "mqbroker/passwd.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <optional>

#include <fmt/core.h>

#include "auth/users.h"
#include "common/config_file.h"
#include "common/console.h"
#include "common/exit_code.h"
#include "common/invalid.h"

namespace mq {
namespace {

constexpr mode_t kNewFileMode = 0600;

// No echo while it lives.
class Silence {
 public:
  Silence() {
    if (tcgetattr(STDIN_FILENO, &before_) != 0) return;
    termios silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    changed_ = tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent) == 0;
  }
  ~Silence() {
    if (!changed_) return;
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
    write_all(STDERR_FILENO, "\n");
  }
  Silence(const Silence&) = delete;
  Silence& operator=(const Silence&) = delete;

 private:
  termios before_{};
  bool changed_ = false;
};

Result<std::string> ask(std::string_view prompt) {
  if (isatty(STDIN_FILENO) != 0) write_all(STDERR_FILENO, prompt);
  const Silence silence;
  std::string line;
  if (!std::getline(std::cin, line)) return invalid("no password was given");
  return line;
}

Result<std::string> password_of(const PasswdArgs& args) {
  if (args.batch) return args.password;
  MQ_TRY(std::string password, ask("Password: "));
  if (isatty(STDIN_FILENO) != 0) {
    MQ_TRY(const std::string again, ask("The same again: "));
    if (again != password) return invalid("the two passwords differ");
  }
  return password;
}

// Beside the file itself, not beside a link to it; with its mode and, where that is allowed, its
// owner, so that the broker can go on reading it.
Result<void> replace(const std::string& path, const std::string& text) {
  char resolved[PATH_MAX];
  const std::string target = realpath(path.c_str(), resolved) != nullptr ? resolved : path;
  struct stat status{};
  const bool existed = stat(target.c_str(), &status) == 0;
  const std::string beside = fmt::format("{}.{}", target, getpid());
  const auto failed = [&] {
    const int error = errno;
    unlink(beside.c_str());
    return fail(ErrorCode::kIo, fmt::format("cannot write {}: {}", path, std::strerror(error)),
                error);
  };
  const int fd = open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kNewFileMode);
  if (fd < 0) return failed();
  bool ok = write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  if (existed && ok) {
    // Root may keep the owner, others are the owner.
    if (fchown(fd, status.st_uid, status.st_gid) != 0) errno = 0;
    ok = fchmod(fd, status.st_mode & 07777) == 0;
  }
  ok = ok && fsync(fd) == 0;
  close(fd);
  if (!ok || std::rename(beside.c_str(), target.c_str()) != 0) return failed();
  return {};
}

Result<Users> changed(const PasswdArgs& args) {
  if (args.upgrade) {
    MQ_TRY(const std::string text, read_file(args.file));
    return hash_passwords(text, args.file, args.scheme, args.iterations);
  }
  Users users;
  if (!args.create) {
    MQ_TRY(const std::string text, read_file(args.file));
    MQ_TRY(users, Users::parse(text, args.file));
  }
  if (args.remove) {
    if (users.remove(args.user)) return users;
    return fail(ErrorCode::kNotFound,
                fmt::format("there is no user '{}' in {}", args.user, args.file));
  }
  MQ_TRY(const std::string password, password_of(args));
  if (password.empty()) return invalid("the password is empty");
  MQ_TRY(PasswordHash hash, PasswordHash::make(to_bytes(password), args.scheme, args.iterations));
  users.set(args.user, std::move(hash));
  return users;
}

Result<void> check(const PasswdArgs& args) {
  if (args.create && (args.remove || args.upgrade)) {
    return invalid("-c goes with neither -D nor -U");
  }
  if (args.remove && args.upgrade) return invalid("-D does not go with -U");
  if (args.upgrade) {
    return args.user.empty() ? Result<void>() : invalid("-U takes a file and no user");
  }
  if (const char* fault = user_name_fault(args.user)) return invalid(fault);
  if (args.batch && args.password.empty()) return invalid("-b wants a password behind the user");
  if (!args.batch && !args.password.empty()) {
    return invalid("a password on the command line wants -b: others on this machine can see it");
  }
  return {};
}

}  // namespace

Result<int> run_passwd(const PasswdArgs& args) {
  MQ_CHECK(check(args));
  const Result<Users> users = changed(args);
  const Result<void> written =
      users ? replace(args.file, users->text()) : tl::unexpected(users.error());
  if (written) return kExitOk;
  Console().error(written.error().text);
  return kExitFailure;
}

}  // namespace mq
