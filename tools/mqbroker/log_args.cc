#include "mqbroker/log_args.h"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>

#include <fmt/core.h>
#include <CLI/CLI.hpp>

#include "common/invalid.h"
#include "common/options.h"

namespace mq {

void declare(CLI::App& app, LogArgs& args) {
  Options(app, "Log")
      .list("--log-type", args.types, "none|error|warning|notice|information|debug|all",
            "What to log: this, and what is more urgent; several allowed, as in mosquitto.conf. "
            "Refusals are notices, connections information.")
      .boolean("-v,--verbose", args.verbose, "Log connections that come and go (information).")
      .boolean("--connection-messages", args.connections,
               "Whether connections that come and go are information for the log.")
      .list("--log-dest", args.dests, "DEST",
            "Where to: stderr (the default), stdout, syslog, none, or the word file, a blank and a "
            "path; several allowed. SIGHUP opens a file anew.")
      .choice("--log-format", args.format, {{"text", LogFormat::kText}, {"json", LogFormat::kJson}},
              "Lines of text, or an object of JSON for each.")
      .number("--log-facility", args.facility, "NUMBER",
              "Facility of syslog: 0 to 7 for local0 to local7; without, daemon.", {0, 7})
      .boolean("--log-timestamp", args.timestamp,
               "Whether lines begin with the time. Without this those of a file do.")
      .text("--log-timestamp-format", args.timestamp_format, "FORMAT",
            "How to write the time, see strftime(3).");
}

Result<LogLevel> log_level(const LogArgs& args) {
  struct Type {
    std::string_view name;
    LogLevel level;
  };
  constexpr Type kTypes[] = {
      {"error", LogLevel::kError},     {"warning", LogLevel::kWarning},
      {"notice", LogLevel::kNotice},   {"information", LogLevel::kInfo},
      {"subscribe", LogLevel::kInfo},  {"unsubscribe", LogLevel::kInfo},
      {"websockets", LogLevel::kInfo}, {"debug", LogLevel::kDebug},
      {"all", LogLevel::kDebug},       {"none", LogLevel::kError},
  };
  LogLevel level = args.types.empty() ? LogLevel::kNotice : LogLevel::kError;
  for (const std::string& word : args.types) {
    const auto* type =
        std::ranges::find_if(kTypes, [&](const Type& each) { return each.name == word; });
    if (type == std::end(kTypes)) {
      return invalid(
          fmt::format("Invalid log type given: {}, it must be one of none, error, "
                      "warning, notice, information, debug and all.",
                      word));
    }
    level = std::max(level, type->level);
  }
  return args.verbose ? std::max(level, LogLevel::kInfo) : level;
}

Result<LogOutputs> log_outputs(const LogArgs& args, std::vector<std::string>& warnings) {
  LogOutputs outputs;
  outputs.format = args.format;
  outputs.json_time = args.timestamp.value_or(true);
  constexpr int kLocal0 = 16;
  if (args.facility) outputs.facility = kLocal0 + static_cast<int>(*args.facility);
  if (args.types == std::vector<std::string>{"none"}) {
    outputs.to.clear();
    return outputs;
  }
  if (args.dests.empty()) {
    if (args.timestamp.value_or(false)) {
      outputs.to.front().time_format = args.timestamp_format;
    }
    return outputs;
  }
  outputs.to.clear();
  constexpr std::string_view kFile = "file ";
  for (const std::string& dest : args.dests) {
    LogOutput output;
    if (dest == "none") continue;
    if (dest == "topic") {
      warnings.emplace_back("log_dest topic is ignored: the log is not published");
      continue;
    }
    if (dest == "stdout") {
      output.to = LogOutput::To::kStdout;
    } else if (dest == "syslog") {
      output.to = LogOutput::To::kSyslog;
    } else if (dest.starts_with(kFile)) {
      output.to = LogOutput::To::kFile;
      output.path = dest.substr(kFile.size());
    } else if (dest != "stderr") {
      return invalid(
          fmt::format("Invalid log dest given: {}, it must be stderr, stdout, syslog, "
                      "none or 'file PATH'; systemd keeps what goes to standard error.",
                      dest));
    }
    // JSON has a time of its own, unless somebody wants to see another one.
    const bool own_format =
        args.format == LogFormat::kText || args.timestamp_format != kLogTimestampFormat;
    if (own_format && args.timestamp.value_or(output.to == LogOutput::To::kFile)) {
      output.time_format = args.timestamp_format;
    }
    outputs.to.push_back(std::move(output));
  }
  return outputs;
}

}  // namespace mq
