// The options of `mqbench storm`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "mqbench/run_args.h"

namespace CLI {
class App;
}

namespace mq {

enum class StormMode : uint8_t {
  kConnect,    // clients connect, all of them
  kReconnect,  // all are connected; some lose their connections and come back
  kChurn,      // clients connect and disconnect all the time
};

std::string_view name(StormMode mode);

// What was typed.
struct StormArgs {
  RunArgs run;  // of it the connection, --yes and --filter
  StormMode mode = StormMode::kConnect;
  uint32_t clients = 1000;
  uint32_t percent = 50;
  double connect_rate = 0;
  std::optional<uint32_t> window;
  Duration churn_time = std::chrono::seconds(10);
  bool no_subscription = false;
  bool keep_session = false;
  bool will = false;
  uint32_t probe_rate = 100;
  Duration timeout = std::chrono::seconds(60);
  std::optional<Duration> within;
  std::vector<std::string> fail_if;
  bool strict = false;
  std::optional<std::string> json;
};

void declare(CLI::App& app, StormArgs& args);

// What it means.
struct StormOptions {
  LoadOptions load;  // the clients, as subscribers of nobody's messages
  std::string target;
  StormMode mode = StormMode::kConnect;
  uint32_t clients = 1000;
  uint32_t to_cut = 0;      // of kReconnect
  double connect_rate = 0;  // tries a second, 0 without a limit
  uint32_t window = 0;      // tries at a time
  Duration churn_time{};
  double probe_rate = 0;  // messages a second, 0 for none
  Duration timeout{};     // those who are not there by then are given up
  std::optional<Duration> within;
  std::vector<Condition> fail_if;
  bool strict = false;
};

Result<StormOptions> resolve(const StormArgs& args);

}  // namespace mq
