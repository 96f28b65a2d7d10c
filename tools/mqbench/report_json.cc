// The result of a run for programs.
#include <sys/utsname.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <thread>

#include <fmt/chrono.h>
#include <nlohmann/json.hpp>

#include "mqbench/histogram_text.h"
#include "mqbench/report.h"

namespace mq {
namespace {

using nlohmann::ordered_json;

int number(Qos qos) { return static_cast<int>(qos); }

double milliseconds(double ns) { return ns / 1e6; }

ordered_json percentiles_json(const Report& report, const Histogram& histogram) {
  ordered_json json = ordered_json::object();
  for (const double percent : report.options.percentiles) {
    if (percent == 100) continue;
    std::string key = percentile_name(percent);
    std::ranges::replace(key, '.', '_');
    json[key] = milliseconds(static_cast<double>(histogram.percentile(percent)));
  }
  json["min"] = milliseconds(static_cast<double>(histogram.min()));
  json["max"] = milliseconds(static_cast<double>(histogram.max()));
  json["mean"] = milliseconds(histogram.mean());
  json["stddev"] = milliseconds(histogram.deviation());
  return json;
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

std::string key_of(std::string_view label) {
  std::string key(label);
  std::ranges::replace(key, ' ', '_');
  return key;
}

ordered_json load_json(const LoadOptions& load) {
  return {{"pubs", load.plan.publishers()},
          {"subs", load.plan.subscribers()},
          {"pattern", name(load.plan.pattern())},
          {"qos", number(load.qos)},
          {"sub_qos", number(load.sub_qos)},
          {"size_bytes", load.payload_size},
          {"rate_target", load.rate ? ordered_json(*load.rate) : ordered_json(nullptr)},
          {"loop", load.open_loop() ? "open" : "closed"},
          {"inflight", load.inflight},
          {"threads", load.threads}};
}

ordered_json counts_json(const Report& report) {
  const Accounting& a = report.result.accounting;
  ordered_json errors = ordered_json::object();
  for (const auto& [reason, count] : report.result.tally.errors) {
    errors[std::string(mq::text(reason))] = count;
  }
  return {{"planned", a.planned},
          {"not_sent", a.not_sent()},
          {"sent", a.sent},
          {"acked", a.acked},
          {"refused", a.refused},
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
          {"disconnects", a.disconnects},
          {"errors", errors}};
}

ordered_json host_json() {
  ordered_json host = ordered_json::object();
  utsname system{};
  if (uname(&system) == 0) host["kernel"] = system.release;
  host["cpus"] = std::thread::hardware_concurrency();
  return host;
}

}  // namespace

std::string json_report(const Report& report) {
  const LoadOptions& load = report.options.load;
  const LoadResult& result = report.result;
  const Accounting& a = result.accounting;
  const Evidence signals = evidence(load, result);

  ordered_json json;
  json["schema"] = "mqbench/1";
  json["tool"] = {{"name", "mqbench"}, {"version", MQKIT_VERSION}};
  json["run"] = {{"id", load.run_name},
                 {"started", fmt::format("{:%Y-%m-%dT%H:%M:%S}Z",
                                         fmt::gmtime(std::chrono::system_clock::to_time_t(
                                             result.started)))},
                 {"warmup_s", seconds(load.warm_up)},
                 {"window_s", seconds(result.window)},
                 {"drain_s", seconds(result.drain)}};
  json["host"] = host_json();
  json["target"] = {{"address", report.options.target},
                    {"protocol", protocol_name(load.client.version)}};
  json["load"] = load_json(load);

  ordered_json metrics = ordered_json::object();
  ordered_json histograms = ordered_json::object();
  for (const LatencyRow& row : latencies(report)) {
    metrics[key_of(row.label) + "_ms"] = percentiles_json(report, *row.histogram);
    histograms[key_of(row.label)] = histogram_json(*row.histogram);
  }
  metrics["sent_per_s"] = per_second(result.tally.sent_in_window, result.window);
  metrics["received_per_s"] = per_second(result.tally.received_in_window, result.window);
  if (load.open_loop()) metrics["rate_ratio"] = signals.rate_ratio;
  metrics["loss_ratio"] = a.expected == 0 ? 0
                                          : static_cast<double>(a.lost.all()) /
                                                static_cast<double>(a.expected);
  json["metrics"] = std::move(metrics);
  json["counts"] = counts_json(report);
  json["histograms"] = std::move(histograms);

  ordered_json threads = ordered_json::array();
  for (const double busy : result.threads_busy) threads.push_back({{"cpu", busy}});
  json["client"] = {{"threads", std::move(threads)},
                    {"cpu_s", result.tally.cpu_s},
                    {"blocked_share", signals.blocked_share}};
  json["verdict"] = {{"valid", report.verdict.valid},
                     {"limited_by", name(report.verdict.limited_by)},
                     {"reasons", report.verdict.reasons},
                     {"violations", a.violations}};
  json["exit"] = report.exit_code;
  return json.dump() + "\n";
}

}  // namespace mq
