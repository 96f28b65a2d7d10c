// The options of `mqbench run`.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "codec/version.h"
#include "common/connect_args.h"
#include "mqbench/judgement_args.h"
#include "mqbench/load_options.h"
#include "mqbench/output_args.h"
#include "mqbench/payload_args.h"
#include "mqbench/rate_args.h"
#include "mqbench/shard_args.h"

namespace CLI {
class App;
}

namespace mq {

struct Scenario;

// What was typed for `mqbench run`.
struct RunArgs {
  // What a file says in place of the options of who publishes what and when.
  std::shared_ptr<const Scenario> scenario;
  std::string scenario_sha256;
  ConnectArgs connect;
  std::string id_prefix = "mqbench-";
  uint32_t pubs = 1;
  std::optional<uint32_t> subs;  // 1 without
  Pattern pattern = Pattern::kP2p;
  std::string share = "mqbench";  // of kShared
  std::string topic = "mqbench/{run}/{i}";
  uint32_t topics = 1;
  std::optional<std::string> filter;  // of kNone and, from -f, in place of a pattern
  std::optional<std::string> data;
  Qos qos = Qos::kAtMostOnce;
  std::optional<Qos> sub_qos;
  PayloadArgs payload;
  Verify verify = Verify::kSeq;
  bool reconnect = true;
  bool pin = false;
  bool busy_poll = false;
  Duration hold{0};
  std::optional<std::string> local_addresses, hosts;
  RateArgs rate;
  std::optional<uint64_t> seed;
  Duration backlog_max = std::chrono::seconds(10);
  uint16_t inflight = 1000;
  uint32_t connecting_max = 100;
  std::optional<uint32_t> threads;
  std::string percentiles = "50,90,99,99.9,99.99,100";
  OutputArgs output;
  JudgementArgs judgement;
  std::optional<std::string> prometheus;
  std::vector<std::string> labels;
  bool yes = false;
  bool shared_host = false;
  uint32_t first_number = 0;
  double connect_rate = 0;  // 0: as --conn-window allows
  ShardArgs shard;
};

// Declares its options.
void declare(CLI::App& app, RunArgs& args);
// Those of them that other commands have, too: who publishes what to whom, and how to connect.
void declare_clients(CLI::App& app, RunArgs& args);
void declare_connection(CLI::App& app, RunArgs& args);
void declare_permissions(CLI::App& app, RunArgs& args);
// How clients are made, and how many threads they have.
void declare_engine(CLI::App& app, RunArgs& args);
void declare_times(CLI::App& app, RunArgs& args);
void declare_results(CLI::App& app, RunArgs& args);

// What it means.
struct RunOptions {
  LoadOptions load;
  std::string target;  // "localhost:1883"
  uint64_t pairs = 0;  // of publisher and subscriber, in this process
  std::vector<double> percentiles;
  std::map<std::string, std::string> labels;
  Judgement judgement;
  std::optional<std::string> jsonl;  // file for a line a second
  std::optional<Address> metrics;    // where to show it to Prometheus
  std::string scenario_sha256;       // of a scenario's file
  bool shared_host = false;          // other processes here do not make a measurement invalid
};

Result<RunOptions> resolve(const RunArgs& args);

}  // namespace mq
