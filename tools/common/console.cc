#include "common/console.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <string>

namespace mq {
namespace {

ConsoleListener* diverted_to = nullptr;

// One system call a line, so that lines of several programs on one terminal do not mix.
void write_line(std::string_view prefix, std::string_view text) {
  std::string line;
  line.reserve(prefix.size() + text.size() + 1);
  line.append(prefix).append(text);
  if (line.empty() || line.back() != '\n') line += '\n';
  if (diverted_to != nullptr) {
    diverted_to->said(line);
  } else {
    write_all(STDERR_FILENO, line);
  }
}

}  // namespace

void divert_console(ConsoleListener* listener) {
  diverted_to = listener;
}

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(fd, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<size_t>(written));
    } else if (errno == EAGAIN) {
      // Somebody else made a shared terminal or pipe non-blocking.
      pollfd waiting{fd, POLLOUT, 0};
      poll(&waiting, 1, -1);
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

class Console::LogFile {
 public:
  LogFile(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
  ~LogFile() { close(fd_); }
  LogFile(const LogFile&) = delete;
  LogFile& operator=(const LogFile&) = delete;

  // Each line of the text; false, with errno, when that fails for the first time.
  bool append(std::string_view text) {
    if (failed_) return true;
    const std::string time = now_text();
    std::string lines;
    while (!text.empty()) {
      const size_t end = std::min(text.find('\n'), text.size());
      lines.append(time).append(text.substr(0, end)) += '\n';
      text.remove_prefix(std::min(end + 1, text.size()));
    }
    failed_ = !write_all(fd_, lines);
    return !failed_;
  }
  const std::string& path() const { return path_; }

 private:
  // "2026-11-29T01:02:03.456Z ".
  static std::string now_text() {
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    std::tm parts{};
    gmtime_r(&now.tv_sec, &parts);
    char text[40];
    const size_t size = std::strftime(text, sizeof text, "%FT%T", &parts);
    std::snprintf(text + size, sizeof text - size, ".%03dZ ",
                  static_cast<int>(now.tv_nsec / 1'000'000));
    return text;
  }

  int fd_;
  std::string path_;
  bool failed_ = false;
};

Result<void> Console::log_to(const std::string& path) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (fd < 0) {
    return fail(ErrorCode::kInvalidArgument,
                "Unable to write the log file " + path + ": " + std::strerror(errno) + ".");
  }
  log_ = std::make_shared<LogFile>(fd, path);
  return {};
}

void Console::say(std::string_view prefix, std::string_view text) const {
  if (!options_.quiet) write_line(prefix, text);
  if (!log_ || log_->append(std::string(prefix).append(text)) || options_.quiet) return;
  write_line("Warning: ", "cannot write " + log_->path() + ": " + std::strerror(errno));
}

void Console::error(std::string_view text) const {
  say("Error: ", text);
}
void Console::warning(std::string_view text) const {
  say("Warning: ", text);
}
void Console::note(std::string_view text) const {
  say("", text);
}
void Console::debug(std::string_view text) const {
  if (debugs()) say("", text);
}

}  // namespace mq
