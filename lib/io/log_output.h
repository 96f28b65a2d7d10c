// Where the log goes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/result.h"

namespace mq {

struct LogOutput {
  enum class To : uint8_t { kStderr, kStdout, kFile, kSyslog };
  To to = To::kStderr;
  std::string path;         // of kFile
  std::string time_format;  // of strftime(3), local time; empty: no time
};

struct LogOutputs {
  std::vector<LogOutput> to = {LogOutput()};  // none: nowhere
  LogFormat format = LogFormat::kText;
  // A JSON line has the time as RFC 3339 has it, in UTC, unless an output has a format of its own.
  bool json_time = true;
  int facility = kDaemonFacility;  // of syslog(3): 0 to 23

  static constexpr int kDaemonFacility = 3;
};

// From here on log() writes lines `level event key=value` there, or objects of JSON with time,
// level, event and values; or, where the journal reads standard error, with systemd's `<n>` for the
// level in front. Events other than debug are limited as LogLimiter says; `left_out` tells how many
// lines are missing. Lines of several threads do not mix. Called again, it opens files anew: after
// somebody moved them away.
Result<void> log_to(const LogOutputs& outputs);

}  // namespace mq
