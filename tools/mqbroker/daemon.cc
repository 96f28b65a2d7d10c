#include "mqbroker/daemon.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include <fmt/core.h>

#include "common/console.h"
#include "common/exit_code.h"

namespace mq {
namespace {

int failed(const char* what) {
  Console().error(fmt::format("cannot go to the background: {}: {}", what, std::strerror(errno)));
  return kExitFailure;
}

}  // namespace

std::optional<int> Daemon::fork() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return failed("pipe");
  const pid_t child = ::fork();
  if (child < 0) return failed("fork");
  if (child == 0) {
    close(ends[0]);
    report_ = ends[1];
    setsid();  // away from the terminal and its signals
    return std::nullopt;
  }
  close(ends[1]);
  char ready = 0;
  ssize_t count;
  do {
    count = read(ends[0], &ready, 1);
  } while (count < 0 && errno == EINTR);
  if (count == 1) return kExitOk;
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : kExitFailure;
}

void Daemon::ready() {
  if (report_ < 0) return;
  const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) dup2(null, fd);
  if (null > STDERR_FILENO) close(null);
  write_all(report_, "r");
  close(std::exchange(report_, -1));
}

}  // namespace mq
