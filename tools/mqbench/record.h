// The result of a run, with nothing left in it that only the running program knows: what reports
// are made of, what the JSON holds, and what is merged and compared.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/histogram.h"
#include "mqbench/accounting.h"
#include "mqbench/interval_log.h"
#include "mqbench/load_run.h"
#include "mqbench/run_args.h"
#include "mqbench/threshold.h"
#include "mqbench/verdict.h"

namespace mq {

// What one group of clients of a scenario did, see account_groups() and GroupTally.
struct GroupRecord {
  std::string name;
  uint64_t clients = 0;
  std::optional<double> rate;  // planned; none: it publishes nothing
  bool subscribes = false;
  Accounting counts;
  GroupTally tally;
};

struct Record {
  std::string run_name;
  std::string version;   // of mqbench
  double started_s = 0;  // since the epoch
  std::string started;   // the same as "2026-10-01T12:00:00Z"
  std::string kernel;
  uint32_t cpus = 0;
  std::string target;    // "localhost:1883"
  std::string protocol;  // "3.1.1"
  double warm_up_s = 0, window_s = 0, drain_s = 0;
  uint32_t shard = 0, shards = 1;
  std::map<std::string, std::string> labels;

  std::string pattern;
  uint64_t pubs = 0, subs = 0;
  LoadPlan::Receivers receivers;  // deliveries that each message must make
  int qos = 0, sub_qos = 0;
  uint64_t size_bytes = 0;         // of a payload, on average
  std::string payload = "random";  // which ones
  std::string verify = "seq";
  uint64_t pairs = 0;  // of publisher and subscriber that are kept account of, 24 bytes each
  std::optional<double> rate;     // planned; none: as fast as it went
  std::vector<RateStage> stages;  // where it changes; `rate` is then the mean
  ArrivalOptions arrival;
  uint64_t inflight = 0, threads = 0;
  bool open_loop() const { return rate.has_value(); }
  // "256 B", "1.1 KiB on average (random 100..2000)"
  std::string payload_text() const;

  Accounting counts;
  Tally tally;  // histograms, rates, CPU time
  std::vector<double> threads_busy;
  HostSignals host;
  double connecting_s = 0;  // until all clients were connected and subscribed; 0: not known
  double blocked_share = 0;
  double rate_ratio = 1;
  std::vector<Interval> intervals;
  std::string scenario_sha256;  // of its file; empty for other runs
  std::vector<GroupRecord> groups;

  std::vector<double> percentiles;  // to report
  Verdict verdict;
  std::vector<Threshold> thresholds;
  int exit_code = 0;
};

// Judges the result.
Record make_record(const RunOptions& options, const LoadResult& result);

// The exit code that goes with what the record says. `strict`: figures that are not the broker's
// are a failure, too.
int judge_exit(const Record& record, bool strict, int signal);

// What is known of why a run measured nothing, to be put behind a sentence that says so.
std::string why_nothing(const Record& record);

// What all forms of the report are made of.
struct LatencyRow {
  std::string_view label;
  const Histogram* histogram;
  enum class Of : uint8_t { kMessages, kConnections, kTool } of = Of::kMessages;
};
// "send lag" as "send_lag", for what has names without blanks.
std::string key_of(std::string_view label);
// Those that have values.
std::vector<LatencyRow> latencies(const Record& record);
// A record of one group alone, as far as it is known.
Record of_group(const Record& record, const GroupRecord& group);

// What the intervals of a stage add up to.
struct StageRow {
  double start_s = 0, length_s = 0;
  double rate_from = 0, rate_to = 0;
  uint64_t sent = 0, received = 0;
  Histogram response;
};
// Those that have a length, as far as the run has come.
std::vector<StageRow> stage_rows(const Record& record);
// "open loop, 1.00k/s, poisson"
std::string loop_text(const Record& record);
double sent_per_s(const Record& record);
double received_per_s(const Record& record);
double loss_ratio(const Record& record);
// 99.9 as "p99.9".
std::string percentile_name(double percent);

}  // namespace mq
