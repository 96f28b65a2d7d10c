// `mqbench sink`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "mqbench/sink.h"

namespace CLI {
class App;
}

namespace mq {

struct SinkArgs {
  std::string bind_address = "localhost";
  uint16_t port = 1883;
  std::optional<std::string> port_file;
  uint64_t drop_every = 0, duplicate_every = 0, swap_every = 0, corrupt_every = 0;
  Duration delay{0};
  std::optional<std::string> capacity;
  std::optional<std::string> read_rate;
  Duration stall_after{0}, stall_for{0};
};

void declare(CLI::App& app, SinkArgs& args);

Result<SinkOptions> resolve(const SinkArgs& args);

// Runs until SIGINT or SIGTERM, then prints what passed through; gives the exit code.
Result<int> run_sink(const SinkArgs& args);

}  // namespace mq
