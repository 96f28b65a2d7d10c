// `mqbench conn`, `pub` and `sub`: load of one kind only, with the options of emqtt-bench, so that
// what people have in their scripts goes on working.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "mqbench/run_args.h"

namespace CLI {
class App;
}

namespace mq {

struct SideArgs {
  enum class Kind : uint8_t { kConn, kPub, kSub };

  explicit SideArgs(Kind which) : kind(which) {}

  Kind kind;
  RunArgs run;
  uint32_t clients = 200;
  uint32_t connect_interval_ms = 10;
  std::optional<uint32_t> connect_rate;
  uint32_t interval_ms = 1000;
  uint64_t limit = 0;
  bool clean_start = true;
  std::optional<uint32_t> session_expiry_s;
  std::string topic = "mqbench/%i";
};

void declare(CLI::App& app, SideArgs& args);

// What `mqbench run` would be told.
RunArgs run_args(const SideArgs& args);

Result<int> run_side(const SideArgs& args);

}  // namespace mq
