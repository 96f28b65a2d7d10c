#include "mqbench/child.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include <fmt/core.h>

#include "common/exit_code.h"

namespace mq {
namespace {

constexpr size_t kOutputMax = 256 * 1024 * 1024;

tl::unexpected<Error> failed(const char* what, int error) {
  return fail(ErrorCode::kIo, fmt::format("{}: {}", what, std::strerror(error)), error);
}

}  // namespace

Result<ChildResult> run_self(const std::vector<std::string>& arguments) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return failed("pipe", errno);
  std::vector<std::string> words = arguments;
  words.insert(words.begin(), "mqbench");
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  pid_t pid = 0;
  const int error =
      posix_spawn(&pid, "/proc/self/exe", &actions, nullptr, pointers.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  ChildResult result;
  char buffer[65536];
  for (ssize_t n = 0; error == 0;) {
    n = read(ends[0], buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0 || result.output.size() > kOutputMax) break;
    result.output.append(buffer, static_cast<size_t>(n));
  }
  close(ends[0]);
  if (error != 0) return failed("cannot start another mqbench", error);
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  result.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : kExitSignal + WTERMSIG(status);
  return result;
}

}  // namespace mq
