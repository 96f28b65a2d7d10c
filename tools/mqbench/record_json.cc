#include "mqbench/record_json.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "mqbench/histogram_text.h"

namespace mq {
namespace {

using nlohmann::ordered_json;

constexpr std::string_view kIntervalSchema = "mqbench-interval/1";

double milliseconds(double ns) {
  return ns / 1e6;
}

ordered_json percentiles_json(const Record& record, const Histogram& histogram) {
  ordered_json to = ordered_json::object();
  for (const double percent : record.percentiles) {
    if (percent == 100) continue;
    std::string key = percentile_name(percent);
    std::ranges::replace(key, '.', '_');
    to[key] = milliseconds(static_cast<double>(histogram.percentile(percent)));
  }
  to["min"] = milliseconds(static_cast<double>(histogram.min()));
  to["max"] = milliseconds(static_cast<double>(histogram.max()));
  to["mean"] = milliseconds(histogram.mean());
  to["stddev"] = milliseconds(histogram.deviation());
  return to;
}

ordered_json histogram_json(const Histogram& histogram) {
  return {{"unit", "ns"},
          {"lowest", 1},
          {"highest", histogram.highest()},
          {"digits", histogram.digits()},
          {"count", histogram.count()},
          {"overflows", histogram.overflows()},
          {"negatives", histogram.negatives()},
          {"min", histogram.min()},
          {"max", histogram.max()},
          {"mean", histogram.mean()},
          {"stddev", histogram.deviation()},
          {"encoding", "hdr-v2-zlib-base64"},
          {"data", to_base64(histogram)}};
}

ordered_json stages_json(const Record& record) {
  ordered_json to = ordered_json::array();
  for (const StageRow& row : stage_rows(record)) {
    const auto ms = [&row](double percent) {
      return milliseconds(static_cast<double>(row.response.percentile(percent)));
    };
    to.push_back({{"t", row.start_s},
                  {"length_s", row.length_s},
                  {"rate_from", row.rate_from},
                  {"rate_to", row.rate_to},
                  {"sent", row.sent},
                  {"received", row.received},
                  {"p50_ms", ms(50)},
                  {"p99_ms", ms(99)},
                  {"max_ms", ms(100)}});
  }
  return to;
}

ordered_json load_json(const Record& record) {
  ordered_json stages = ordered_json::array();
  for (const RateStage& stage : record.stages) {
    stages.push_back({{"length_s", seconds(stage.length)}, {"rate", stage.rate}});
  }
  return {{"pubs", record.pubs},
          {"subs", record.subs},
          {"pattern", record.pattern},
          {"deliveries_per_publish",
           {{"min", record.receivers.min},
            {"max", record.receivers.max},
            {"mean", record.receivers.mean}}},
          {"qos", record.qos},
          {"sub_qos", record.sub_qos},
          {"size_bytes", record.size_bytes},
          {"payload", record.payload},
          {"verify", record.verify},
          {"pairs", record.pairs},
          {"rate_target", record.rate ? ordered_json(*record.rate) : ordered_json(nullptr)},
          {"loop", record.open_loop() ? "open" : "closed"},
          {"stages", std::move(stages)},
          {"arrival", name(record.arrival.arrival)},
          {"phase", name(record.arrival.phase)},
          {"seed", record.arrival.seed},
          {"inflight", record.inflight},
          {"threads", record.threads}};
}

ordered_json counts_json(const Record& record) {
  const Accounting& a = record.counts;
  ordered_json errors = ordered_json::object();
  for (const auto& [reason, count] : record.tally.errors) {
    errors[std::string(mq::text(reason))] = count;
  }
  return {{"planned", a.planned},
          {"not_sent", a.not_sent()},
          {"sent", a.sent},
          {"acked", a.acked},
          {"refused", a.refused},
          {"unanswered", a.unanswered},
          {"expected", a.expected},
          {"received", a.received},
          {"lost",
           {{"qos0", a.lost.qos0},
            {"acked", a.lost.acked},
            {"unacked", a.lost.unacked},
            {"reconnect", a.lost.reconnect}}},
          {"duplicates", {{"dup_flag", a.duplicates_flagged}, {"no_flag", a.duplicates_unflagged}}},
          {"reordered", a.reordered},
          {"reordered_by_max", a.reordered_by_max},
          {"foreign", a.foreign},
          {"corrupt", a.corrupt},
          {"disconnects", a.disconnects},
          {"downgraded", {{"to_qos0", a.downgraded.to_qos0}, {"to_qos1", a.downgraded.to_qos1}}},
          {"errors", errors}};
}

// What the system does not tell is not there.
ordered_json host_json(const HostSignals& host) {
  ordered_json to = {{"own_cpu", host.own_cpu},
                     {"involuntary_switches", host.involuntary_switches}};
  const auto add = [&to](const char* key, const auto& value) {
    if (value) to[key] = *value;
  };
  add("broker_cpu", host.broker_cpu);
  add("foreign_cpu", host.foreign_cpu);
  add("steal", host.steal);
  add("cpu_pressure", host.cpu_pressure);
  add("listen_overflows", host.listen_overflows);
  return to;
}

ordered_json sockets_json(const SocketSignals& sockets) {
  return {{"sending", sockets.sending},
          {"observed_ns", sockets.observed.count()},
          {"busy_ns", sockets.busy.count()},
          {"rwnd_limited_ns", sockets.rwnd_limited.count()},
          {"sndbuf_limited_ns", sockets.sndbuf_limited.count()},
          {"segments", sockets.segments},
          {"retransmits", sockets.retransmits},
          {"rtt_us_sum", sockets.rtt_us_sum},
          {"rtt_count", sockets.rtt_count},
          {"receiving", sockets.receiving},
          {"unread_max_bytes", sockets.unread_max}};
}

ordered_json client_json(const Record& record) {
  ordered_json threads = ordered_json::array();
  for (const double busy : record.threads_busy) threads.push_back({{"cpu", busy}});
  const SocketSignals& sockets = record.tally.sockets;
  return {{"threads", std::move(threads)},
          {"cpu_s", record.tally.cpu_s},
          {"connecting_s", record.connecting_s},
          {"blocked_share", record.blocked_share},
          {"rwnd_limited_share", sockets.rwnd_limited_share()},
          {"sndbuf_limited_share", sockets.sndbuf_limited_share()},
          {"retransmit_share", sockets.retransmit_share()},
          {"rtt_us", sockets.rtt_us()},
          {"rate_ratio", record.rate_ratio},
          {"sent_in_window", record.tally.sent_in_window},
          {"received_in_window", record.tally.received_in_window},
          {"host", host_json(record.host)},
          {"sockets", sockets_json(sockets)}};
}

ordered_json interval_json(const Interval& interval) {
  const Histogram response = interval.histogram();
  return {{"t", interval.start_s},
          {"length_s", interval.length_s},
          {"sent", interval.sent},
          {"received", interval.received},
          {"backlog", interval.backlog},
          {"client_cpu", interval.client_cpu},
          {"p50_ms", milliseconds(static_cast<double>(response.percentile(50)))},
          {"p99_ms", milliseconds(static_cast<double>(response.percentile(99)))},
          {"max_ms", milliseconds(static_cast<double>(response.max()))},
          {"latency", to_base64(response)}};
}

ordered_json groups_json(const Record& record) {
  ordered_json to = ordered_json::array();
  for (const GroupRecord& group : record.groups) {
    const Record own = of_group(record, group);
    ordered_json metrics = ordered_json::object(), histograms = ordered_json::object();
    for (const LatencyRow& row : latencies(own)) {
      metrics[key_of(row.label) + "_ms"] = percentiles_json(own, *row.histogram);
      histograms[key_of(row.label)] = histogram_json(*row.histogram);
    }
    metrics["sent_per_s"] = sent_per_s(own);
    metrics["received_per_s"] = received_per_s(own);
    metrics["loss_ratio"] = loss_ratio(own);
    to.push_back({{"name", group.name},
                  {"clients", group.clients},
                  {"rate_target", group.rate ? ordered_json(*group.rate) : ordered_json(nullptr)},
                  {"subscribes", group.subscribes},
                  {"sent_in_window", group.tally.sent_in_window},
                  {"received_in_window", group.tally.received_in_window},
                  {"metrics", std::move(metrics)},
                  {"counts", counts_json(own)},
                  {"histograms", std::move(histograms)}});
  }
  return to;
}

ordered_json intervals_json(const Record& record) {
  ordered_json to = ordered_json::array();
  for (const Interval& interval : record.intervals) to.push_back(interval_json(interval));
  return to;
}

}  // namespace

std::string to_json(const Record& record) {
  ordered_json to;
  to["schema"] = kRecordSchema;
  to["tool"] = {{"name", "mqbench"}, {"version", record.version}};
  to["run"] = {{"id", record.run_name},
               {"started", record.started},
               {"started_s", record.started_s},
               {"warmup_s", record.warm_up_s},
               {"window_s", record.window_s},
               {"drain_s", record.drain_s},
               {"shard", {{"index", record.shard}, {"of", record.shards}}},
               {"labels", record.labels},
               {"percentiles", record.percentiles}};
  if (!record.scenario_sha256.empty()) to["run"]["scenario_sha256"] = record.scenario_sha256;
  to["host"] = {{"kernel", record.kernel},
                {"cpus", record.cpus},
                {"shared_with_broker", record.host.shared_with_broker}};
  to["target"] = {{"address", record.target}, {"protocol", record.protocol}};
  to["load"] = load_json(record);

  ordered_json metrics = ordered_json::object();
  ordered_json histograms = ordered_json::object();
  for (const LatencyRow& row : latencies(record)) {
    metrics[key_of(row.label) + "_ms"] = percentiles_json(record, *row.histogram);
    histograms[key_of(row.label)] = histogram_json(*row.histogram);
  }
  metrics["sent_per_s"] = sent_per_s(record);
  metrics["received_per_s"] = received_per_s(record);
  if (record.open_loop()) metrics["rate_ratio"] = record.rate_ratio;
  metrics["loss_ratio"] = loss_ratio(record);
  to["metrics"] = std::move(metrics);
  to["counts"] = counts_json(record);
  to["histograms"] = std::move(histograms);
  if (!record.stages.empty()) to["stages"] = stages_json(record);
  if (!record.groups.empty()) to["groups"] = groups_json(record);
  to["intervals"] = intervals_json(record);
  ordered_json events = ordered_json::array();
  for (const Event& event : record.tally.events) {
    events.push_back({{"t", event.at_s}, {"text", event.text}});
  }
  to["events"] = std::move(events);

  to["client"] = client_json(record);
  to["verdict"] = {{"valid", record.verdict.valid},
                   {"limited_by", name(record.verdict.limited_by)},
                   {"reasons", record.verdict.reasons},
                   {"violations", record.counts.violations}};
  ordered_json thresholds = ordered_json::array();
  for (const Threshold& threshold : record.thresholds) {
    thresholds.push_back(
        {{"expr", threshold.expression}, {"value", threshold.value}, {"hit", threshold.hit}});
  }
  to["thresholds"] = std::move(thresholds);
  to["exit"] = record.exit_code;
  return to.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

std::string interval_line(const Record& record, const Interval& interval) {
  ordered_json to = {{"schema", kIntervalSchema},
                     {"run", record.run_name},
                     {"shard", record.shard},
                     {"labels", record.labels}};
  to.update(interval_json(interval));
  return to.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

std::string jsonl_report(const Record& record) {
  std::string text;
  for (const Interval& interval : record.intervals) text += interval_line(record, interval);
  return text + to_json(record);
}

}  // namespace mq
