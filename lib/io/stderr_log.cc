#include "io/stderr_log.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <string>

#include <fmt/format.h>

#include "base/log.h"

namespace mq {
namespace {

// systemd names the device and inode that it connected standard error to, so that one that was
// redirected since is not mistaken for the journal.
bool journal_reads_stderr() {
  const char* stream = std::getenv("JOURNAL_STREAM");
  struct stat status {};
  return stream != nullptr && ::fstat(STDERR_FILENO, &status) == 0 &&
         fmt::format("{}:{}", status.st_dev, status.st_ino) == stream;
}

class StderrLog {
 public:
  void write(LogLevel level, std::string_view event, std::string_view line) {
    const std::lock_guard lock(mutex_);
    LogLimiter::Verdict verdict{true, 0};
    if (level != LogLevel::kDebug) {
      verdict = limiter_.admit(event, Time(std::chrono::steady_clock::now().time_since_epoch()));
    }
    if (!verdict.admitted) return;
    // Of syslog's priorities 3 is an error.
    std::string text = journal_ ? fmt::format("<{}>{}", static_cast<int>(level) + 3, line)
                                : fmt::format("{} {}", name(level), line);
    if (verdict.left_out > 0) text += fmt::format(" left_out={}", verdict.left_out);
    text += '\n';
    std::fwrite(text.data(), 1, text.size(), stderr);  // not buffered: one line, one write
  }

 private:
  const bool journal_ = journal_reads_stderr();
  std::mutex mutex_;
  LogLimiter limiter_;
};

}  // namespace

void log_to_stderr() {
  set_log_sink([log = std::make_shared<StderrLog>()](LogLevel level, std::string_view event,
                                                     std::string_view line) {
    log->write(level, event, line);
  });
}

}  // namespace mq
