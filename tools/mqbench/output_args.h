// Where to write results, as typed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace CLI {
class App;
}

namespace mq {

// In which times of the text are shown.
enum class TimeUnit : uint8_t { kAuto, kMicroseconds, kMilliseconds };

struct OutputArgs {
  std::optional<std::string> json;  // "-" for standard output, in place of the text
  std::optional<std::string> jsonl;
  TimeUnit unit = TimeUnit::kAuto;
  std::optional<std::string> csv, markdown, html, hlog, hgrm_prefix, directory;
};

void declare(CLI::App& app, OutputArgs& args);

}  // namespace mq
