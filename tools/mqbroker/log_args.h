// What is logged, where to, and how it looks.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "io/log_output.h"

namespace CLI {
class App;
}

namespace mq {

inline constexpr const char* kLogTimestampFormat = "%Y-%m-%dT%H:%M:%S";

struct LogArgs {
  bool verbose = false;
  std::vector<std::string> types;
  std::vector<std::string> dests;
  LogFormat format = LogFormat::kText;
  std::optional<uint32_t> facility;  // local0 to local7
  std::optional<bool> timestamp;
  std::string timestamp_format = kLogTimestampFormat;
  bool connections = true;  // that come and go
};

void declare(CLI::App& app, LogArgs& args);

Result<LogLevel> log_level(const LogArgs& args);
// Adds to the warnings what is ignored.
Result<LogOutputs> log_outputs(const LogArgs& args, std::vector<std::string>& warnings);

}  // namespace mq
