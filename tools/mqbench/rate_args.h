// The options of when messages are sent, and how many.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "mqbench/load_options.h"

namespace CLI {
class App;
}

namespace mq {

struct RateArgs {
  std::optional<std::string> per_second;  // "10k", or "max"; 1000 without
  std::optional<std::string> stages;
  Arrival arrival = Arrival::kUniform;
  Phase phase = Phase::kEven;
  std::optional<Duration> duration;
  std::optional<uint64_t> messages;
  Duration warm_up = std::chrono::seconds(1);
  Duration drain = std::chrono::seconds(3);
};

void declare(CLI::App& app, RateArgs& args);
// --arrival and --phase, which commands with rates of their own have, too.
void declare_arrival(CLI::App& app, RateArgs& args);

// What they mean; the warm-up may turn out to be none.
Result<void> resolve(const RateArgs& args, LoadOptions& to);

}  // namespace mq
