#include "io/log_output.h"

#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include <fmt/format.h>

namespace mq {
namespace {

// Of syslog's priorities 3 is an error.
int priority(LogLevel level) {
  return static_cast<int>(level) + LOG_ERR;
}

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
  return std::string(text, std::strftime(text, sizeof text, format.c_str(), &local));
}

std::string utc_text() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
  const std::time_t seconds = ms / 1000;
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  char text[64];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
  return fmt::format("{}.{:03}Z", text, ms % 1000);
}

// Another thread may have made its line before the format changed.
bool is_json(std::string_view line) {
  return line.starts_with("\"event\":");
}

// One place. What it writes is a whole line in one write.
class Output {
 public:
  Output(LogOutput output, std::FILE* file)
      : output_(std::move(output)),
        file_(file),
        journal_(file == stderr && journal_reads_stderr()) {}
  ~Output() {
    if (output_.to == LogOutput::To::kFile) std::fclose(file_);
  }
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  void write(const LogOutputs& all, LogLevel level, std::string_view line) {
    const bool is_syslog = output_.to == LogOutput::To::kSyslog;
    std::string text;
    if (is_json(line)) {
      std::string time;
      if (!output_.time_format.empty()) {
        time = time_text(output_.time_format);
      } else if (all.json_time) {
        time = utc_text();
      }
      if (!time.empty()) time = fmt::format("\"time\":\"{}\",", time);
      text = fmt::format("{{{}\"level\":\"{}\",{}}}", time, name(level), line);
    } else if (journal_ || is_syslog) {
      text = line;
    } else {
      const std::string time = time_text(output_.time_format);
      text = fmt::format("{}{}{} {}", time, time.empty() ? "" : " ", name(level), line);
    }
    if (is_syslog) return ::syslog(priority(level) | all.facility << 3, "%s", text.c_str());
    if (journal_) text.insert(0, fmt::format("<{}>", priority(level)));
    text += '\n';
    std::fwrite(text.data(), 1, text.size(), file_);
    std::fflush(file_);
  }

 private:
  const LogOutput output_;
  std::FILE* const file_;  // null of syslog
  const bool journal_;
};

class Log {
 public:
  void set(LogOutputs settings, std::vector<std::unique_ptr<Output>> outputs) {
    const std::lock_guard lock(mutex_);
    settings_ = std::move(settings);
    outputs_ = std::move(outputs);
  }

  void write(LogLevel level, std::string_view event, std::string_view line) {
    const std::lock_guard lock(mutex_);
    if (outputs_.empty()) return;
    LogLimiter::Verdict verdict{true, 0};
    if (level != LogLevel::kDebug) {
      verdict = limiter_.admit(event, Time(std::chrono::steady_clock::now().time_since_epoch()));
    }
    if (!verdict.admitted) return;
    std::string whole(line);
    if (verdict.left_out > 0) {
      whole += is_json(line) ? fmt::format(",\"left_out\":{}", verdict.left_out)
                             : fmt::format(" left_out={}", verdict.left_out);
    }
    for (const auto& output : outputs_) output->write(settings_, level, whole);
  }

 private:
  std::mutex mutex_;
  LogOutputs settings_;
  std::vector<std::unique_ptr<Output>> outputs_;
  LogLimiter limiter_;
};

Result<std::unique_ptr<Output>> open(const LogOutput& output) {
  switch (output.to) {
    case LogOutput::To::kStderr: return std::make_unique<Output>(output, stderr);
    case LogOutput::To::kStdout: return std::make_unique<Output>(output, stdout);
    case LogOutput::To::kSyslog: {
      ::openlog("mqbroker", LOG_PID | LOG_NDELAY, LOG_DAEMON);
      return std::make_unique<Output>(output, nullptr);
    }
    case LogOutput::To::kFile: break;
  }
  std::FILE* const file = std::fopen(output.path.c_str(), "ae");
  if (file == nullptr) {
    return fail(ErrorCode::kIo,
                fmt::format("cannot write the log to {}: {}", output.path, std::strerror(errno)),
                errno);
  }
  return std::make_unique<Output>(output, file);
}

}  // namespace

Result<void> log_to(const LogOutputs& settings) {
  std::vector<std::unique_ptr<Output>> outputs;
  for (const LogOutput& each : settings.to) {
    MQ_TRY(std::unique_ptr<Output> output, open(each));
    outputs.push_back(std::move(output));
  }
  set_log_format(settings.format);
  // One for the whole run: other threads may be using it when the settings change.
  static Log log;
  log.set(settings, std::move(outputs));
  static bool is_set = false;
  if (std::exchange(is_set, true)) return {};
  set_log_sink([](LogLevel level, std::string_view event, std::string_view line) {
    log.write(level, event, line);
  });
  return {};
}

}  // namespace mq
