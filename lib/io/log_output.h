// Where the log goes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"

namespace mq {

struct LogOutput {
  enum class To : uint8_t { kStderr, kStdout, kFile, kNone };
  To to = To::kStderr;
  std::string path;                          // of kFile
  std::string time_format;                   // of strftime(3), local time; empty: no time
};

// From here on log() writes lines `level event key=value` there, or, where the journal reads
// standard error, with systemd's `<n>` for the level in front. Events other than debug are limited
// as LogLimiter says; `left_out` tells how many lines are missing. Lines of several threads do not
// mix. Called again, it opens a file anew: after somebody moved it away.
Result<void> log_to(const LogOutput& output);

}  // namespace mq
