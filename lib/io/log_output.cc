#include "io/log_output.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

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

std::string time_text(const std::string& format) {
  if (format.empty()) return {};
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  ::localtime_r(&now, &local);
  char text[128];
  const size_t size = std::strftime(text, sizeof text, format.c_str(), &local);
  return std::string(text, size) + ' ';
}

class Log {
 public:
  Log(LogOutput output, std::FILE* file)
      : output_(std::move(output)),
        file_(file),
        journal_(file == stderr && journal_reads_stderr()) {}
  ~Log() {
    if (output_.to == LogOutput::To::kFile) std::fclose(file_);
  }
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  void write(LogLevel level, std::string_view event, std::string_view line) {
    const std::lock_guard lock(mutex_);
    LogLimiter::Verdict verdict{true, 0};
    if (level != LogLevel::kDebug) {
      verdict = limiter_.admit(event, Time(std::chrono::steady_clock::now().time_since_epoch()));
    }
    if (!verdict.admitted) return;
    // Of syslog's priorities 3 is an error.
    std::string text = journal_ ? fmt::format("<{}>{}", static_cast<int>(level) + 3, line)
                                : fmt::format("{}{} {}", time_text(output_.time_format),
                                              name(level), line);
    if (verdict.left_out > 0) text += fmt::format(" left_out={}", verdict.left_out);
    text += '\n';
    std::fwrite(text.data(), 1, text.size(), file_);
    std::fflush(file_);  // whole lines, one write each
  }

 private:
  const LogOutput output_;
  std::FILE* const file_;
  const bool journal_;
  std::mutex mutex_;
  LogLimiter limiter_;
};

}  // namespace

Result<void> log_to(const LogOutput& output) {
  std::FILE* file = output.to == LogOutput::To::kStdout ? stdout : stderr;
  if (output.to == LogOutput::To::kNone) {
    set_log_sink(nullptr);
    return {};
  }
  if (output.to == LogOutput::To::kFile) {
    file = std::fopen(output.path.c_str(), "ae");
    if (file == nullptr) {
      return fail(ErrorCode::kIo,
                  fmt::format("cannot write the log to {}: {}", output.path, std::strerror(errno)),
                  errno);
    }
  }
  set_log_sink([log = std::make_shared<Log>(output, file)](
                   LogLevel level, std::string_view event, std::string_view line) {
    log->write(level, event, line);
  });
  return {};
}

}  // namespace mq
