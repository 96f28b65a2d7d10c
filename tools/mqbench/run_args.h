// The options of `mqbench run`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "codec/version.h"
#include "common/connect_args.h"
#include "mqbench/load_options.h"

namespace CLI {
class App;
}

namespace mq {

// What was typed for `mqbench run`.
struct RunArgs {
  ConnectArgs connect;
  std::string id_prefix = "mqbench-";
  uint32_t pubs = 1, subs = 1;
  Pattern pattern = Pattern::kP2p;
  std::string topic = "mqbench/{run}/{i}";
  Qos qos = Qos::kAtMostOnce;
  std::optional<Qos> sub_qos;
  uint64_t size = 256;
  std::string rate = "1000";
  std::optional<Duration> duration;
  std::optional<uint64_t> messages;
  Duration warm_up = std::chrono::seconds(1);
  Duration drain = std::chrono::seconds(3);
  Duration backlog_max = std::chrono::seconds(10);
  uint16_t inflight = 1000;
  uint32_t connecting_max = 100;
  std::optional<uint32_t> threads;
  std::string percentiles = "50,90,99,99.9,99.99,100";
  std::optional<std::string> json;
  bool strict = false;
};

// Declares its options.
void declare(CLI::App& app, RunArgs& args);

// What it means.
struct RunOptions {
  LoadOptions load;
  std::string target;                // "localhost:1883"
  std::vector<double> percentiles;
  std::optional<std::string> json;   // file for the result, "-" for standard output
  bool strict = false;               // an invalid measurement is a failure
};

Result<RunOptions> resolve(const RunArgs& args);

}  // namespace mq
