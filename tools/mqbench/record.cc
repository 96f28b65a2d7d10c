#include "mqbench/record.h"

#include <sys/utsname.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include <fmt/chrono.h>
#include <fmt/core.h>

#include "base/units.h"
#include "common/exit_code.h"
#include "mqbench/exit_code.h"

namespace mq {
namespace {

std::string_view protocol_name(Version version) {
  switch (version) {
    case Version::kV31: return "3.1";
    case Version::kV311: return "3.1.1";
    case Version::kV5: return "5.0";
  }
  return "unknown";
}

constexpr std::string_view kScenarioPattern = "scenario";

double per_second(uint64_t count, double time_s) {
  return time_s > 0 ? static_cast<double>(count) / time_s : 0;
}

}  // namespace

std::string Record::payload_text() const {
  if (payload == "random") return format_size(size_bytes);
  return fmt::format("{} on average ({})", format_size(size_bytes), payload);
}

std::string_view name(Verify verify) {
  switch (verify) {
    case Verify::kOff: return "off";
    case Verify::kCount: return "count";
    case Verify::kSeq: return "seq";
    case Verify::kStrict: return "strict";
  }
  return "unknown";
}

Record make_record(const RunOptions& options, const LoadResult& result) {
  const LoadOptions& load = options.load;
  Evidence signals = evidence(load, result);
  signals.host_counts = !options.shared_host;
  Record record;
  record.run_name = load.run_name;
  record.version = MQKIT_VERSION;
  record.started_s = std::chrono::duration<double>(result.started.time_since_epoch()).count();
  record.started = fmt::format("{:%Y-%m-%dT%H:%M:%S}Z",
                               fmt::gmtime(std::chrono::system_clock::to_time_t(result.started)));
  utsname system{};
  if (uname(&system) == 0) record.kernel = system.release;
  record.cpus = std::thread::hardware_concurrency();
  record.target = options.target;
  record.protocol = protocol_name(load.client.version);
  record.warm_up_s = seconds(load.warm_up);
  record.window_s = seconds(result.window);
  record.drain_s = seconds(result.drain);
  record.labels = options.labels;
  record.shard = load.shard;
  record.shards = load.shards;

  record.pattern = name(load.plan.pattern());
  record.pubs = load.own(load.plan.publishers());
  record.subs = load.own(load.plan.subscribers());
  record.receivers = load.plan.receivers();
  record.qos = static_cast<int>(load.qos);
  record.sub_qos = static_cast<int>(load.sub_qos);
  record.size_bytes = load.payload_size;
  record.payload = load.payloads.described;
  record.verify = name(load.verify);
  record.pairs = load.tracks() ? options.pairs : 0;
  record.rate = load.rate;
  record.stages = load.stages;
  record.arrival = load.arrival;
  if (record.rate && load.shards > 1) {  // the plan gives each publisher the same
    const double part = static_cast<double>(record.pubs) / load.plan.publishers();
    *record.rate *= part;
    for (RateStage& stage : record.stages) stage.rate *= part;
  }
  record.scenario_sha256 = options.scenario_sha256;
  for (uint32_t i = 0; i < result.groups.size(); ++i) {
    const LoadPlan::Group& group = load.plan.client_groups()[i];
    GroupRecord& to = record.groups.emplace_back();
    to.name = group.name;
    to.clients = group.clients;
    to.subscribes = group.first_subscriber.has_value();
    for (uint32_t flow = group.first_flow; flow < group.first_flow + group.flows; ++flow) {
      to.rate = to.rate.value_or(0) + *load.flow(flow).rate;
    }
    to.counts = result.groups[i];
    to.tally = result.tally.groups[i];
  }
  if (load.is_scenario()) record.pattern = kScenarioPattern;
  record.inflight = load.inflight;
  record.threads = load.threads;

  record.counts = result.accounting;
  record.tally = result.tally;
  record.threads_busy = result.threads_busy;
  record.host = result.host;
  record.blocked_share = signals.blocked_share;
  record.rate_ratio = signals.rate_ratio;
  record.connecting_s = seconds(result.connecting);
  record.intervals = result.intervals;
  std::ranges::stable_sort(record.tally.events, {}, &Event::at_s);
  record.percentiles = options.percentiles;
  record.verdict = judge(signals);
  return record;
}

int judge_exit(const Record& record, bool strict, int signal) {
  if (signal != 0) return kExitSignal + signal;
  if (!record.counts.violations.empty()) return kExitViolation;
  if (strict && !record.verdict.valid) return kExitNotValid;
  const bool hit = std::ranges::any_of(record.thresholds, &Threshold::hit);
  return hit ? int{kExitThreshold} : int{kExitOk};
}

std::string why_nothing(const Record& record) {
  std::string text;
  if (!record.tally.events.empty()) {
    text = fmt::format(" ({})", record.tally.events.back().text);
  }
  if (record.qos == 2 && record.counts.acked == 0) {
    text += "; does the broker know QoS 2?";
  }
  return text;
}

std::vector<LatencyRow> latencies(const Record& record) {
  using enum LatencyRow::Of;
  const Tally& tally = record.tally;
  std::vector<LatencyRow> rows;
  if (record.open_loop()) {
    rows.push_back({"response", &tally.response, kMessages});
    rows.push_back({"service", &tally.service, kMessages});
    rows.push_back({"send lag", &tally.send_lag, kTool});
  } else {
    // Sent when there was room and not when it was due: there is no plan to measure from.
    rows.push_back({"service", &tally.response, kMessages});
  }
  rows.push_back({"recv wait", &tally.recv_wait, kTool});
  rows.push_back({"ack", &tally.ack, kMessages});
  rows.push_back({"connect", &tally.connect, kConnections});
  rows.push_back({"tcp", &tally.steps.tcp, kConnections});
  rows.push_back({"tls full", &tally.steps.tls_full, kConnections});
  rows.push_back({"tls resumed", &tally.steps.tls_resumed, kConnections});
  rows.push_back({"upgrade", &tally.steps.upgrade, kConnections});
  rows.push_back({"connack", &tally.steps.connack, kConnections});
  rows.push_back({"suback", &tally.suback, kConnections});
  std::erase_if(rows, [](const LatencyRow& row) {
    const Histogram& histogram = *row.histogram;
    return histogram.count() + histogram.overflows() + histogram.negatives() == 0;
  });
  return rows;
}

std::string key_of(std::string_view label) {
  std::string key(label);
  std::ranges::replace(key, ' ', '_');
  return key;
}

Record of_group(const Record& record, const GroupRecord& group) {
  Record to;
  to.run_name = record.run_name;
  to.version = record.version;
  to.window_s = record.window_s;
  to.pubs = group.rate ? group.clients : 0;
  // What it publishes is received, by whoever it may be.
  to.subs = group.rate || group.subscribes ? group.clients : 0;
  to.rate = group.rate.value_or(0);
  to.verify = record.verify;
  to.percentiles = record.percentiles;
  to.counts = group.counts;
  to.tally.response = group.tally.response;
  to.tally.send_lag = group.tally.send_lag;
  to.tally.ack = group.tally.ack;
  to.tally.connect = group.tally.connect;
  to.tally.steps = group.tally.steps;
  to.tally.sent_in_window = group.tally.sent_in_window;
  to.tally.received_in_window = group.tally.received_in_window;
  if (group.counts.planned > 0) {
    to.rate_ratio = std::min(
        static_cast<double>(group.tally.sent_in_window) / static_cast<double>(group.counts.planned),
        1.0);
  }
  return to;
}

// Intervals begin with each stage, but for those of a run that was interrupted or had too many.
std::vector<StageRow> stage_rows(const Record& record) {
  std::vector<StageRow> rows;
  double start_s = 0, rate = 0;
  for (const RateStage& stage : record.stages) {
    StageRow row;
    row.start_s = start_s;
    row.length_s = seconds(stage.length);
    row.rate_from = rate;
    row.rate_to = stage.rate;
    rate = stage.rate;
    start_s += row.length_s;
    if (row.length_s == 0 || row.start_s >= record.window_s) continue;
    row.length_s = std::min(row.length_s, record.window_s - row.start_s);
    rows.push_back(std::move(row));
  }
  for (const Interval& interval : record.intervals) {
    const double middle_s = interval.start_s + interval.length_s / 2;
    const auto row = std::ranges::find_if(
        rows, [&](const StageRow& r) { return middle_s < r.start_s + r.length_s; });
    if (row == rows.end()) continue;
    row->sent += interval.sent;
    row->received += interval.received;
    // Of a file, an interval may be of another kind than the next.
    static_cast<void>(row->response.merge(interval.histogram()));
  }
  return rows;
}

std::string loop_text(const Record& record) {
  if (!record.open_loop()) return fmt::format("closed loop, {} in flight", record.inflight);
  std::string text = record.stages.empty() ? fmt::format("open loop, {}", format_rate(*record.rate))
                                           : fmt::format("open loop, stages of up to {}",
                                                         format_rate(rate_max_of(record.stages)));
  if (record.arrival.arrival != Arrival::kUniform) {
    text += fmt::format(", {}", name(record.arrival.arrival));
  } else if (record.arrival.phase != Phase::kEven) {
    text += fmt::format(", {} phase", name(record.arrival.phase));
  }
  return text;
}

double sent_per_s(const Record& record) {
  return per_second(record.tally.sent_in_window, record.window_s);
}

double received_per_s(const Record& record) {
  return per_second(record.tally.received_in_window, record.window_s);
}

double loss_ratio(const Record& record) {
  const Accounting& a = record.counts;
  return a.expected == 0 ? 0 : static_cast<double>(a.lost.all()) / static_cast<double>(a.expected);
}

std::string percentile_name(double percent) {
  return fmt::format("p{:g}", percent);
}

}  // namespace mq
