// mqsub's command line.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "clients/output_args.h"
#include "codec/packet.h"
#include "common/connect_args.h"
#include "mqsub/probe.h"
#include "mqsub/subscriber.h"

namespace CLI {
class App;
}

namespace mq {

// What was typed.
struct SubArgs {
  ConnectArgs connect;
  PrintingArgs output;
  std::vector<std::string> topics;
  std::vector<std::string> subscriptions;
  std::vector<std::string> unsubscribe;
  std::vector<std::string> filter_out;
  std::optional<Qos> qos;  // without: what the URL says, or 0
  bool strict = false;
  bool no_local = false;
  bool no_retained = false;
  bool retained_only = false;
  bool remove_retained = false;
  bool dry_run = false;
  bool retain_as_published = false;
  std::optional<RetainHandling> retain_handling;

  double random_filter = 100;
  std::vector<std::string> topic_patterns;
  std::vector<std::string> grep, grep_not;
  bool on_change = false;
  Duration sample{};

  bool watch = false;
  bool message_rate = false;
  bool top = false;
  TopOptions top_options;
  std::optional<std::string> plot;  // the path
  PlotOptions plot_options;
  bool stats = false;
  std::string output_file, output_dir;
  FilePer file_per = FilePer::kTopic;
  uint64_t rotate_size = 0;
  std::optional<std::string> exec, exec_map;
  uint32_t exec_jobs = 1;

  bool probe = false;

  std::optional<uint64_t> count;
  std::optional<Duration> timeout;
  std::optional<Duration> idle_timeout;
  bool exit_after_subscribe = false;
  bool retained_exit = false;
  std::optional<std::string> until, fail_if;
  std::vector<std::string> until_topic;
};

void declare(CLI::App& app, SubArgs& args);
Result<SubscriberOptions> resolve(const SubArgs& args);
// REQUIRES: args.probe
Result<ProbeOptions> resolve_probe(const SubArgs& args);

}  // namespace mq
