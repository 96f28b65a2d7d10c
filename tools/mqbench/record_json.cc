// Records as JSON: for programs, and for mqbench itself to read again.
#include <algorithm>
#include <cmath>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "mqbench/histogram_text.h"
#include "mqbench/record.h"
#include "mqbench/report.h"

namespace mq {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

constexpr std::string_view kSchema = "mqbench/1";
constexpr std::string_view kIntervalSchema = "mqbench-interval/1";
constexpr size_t kIntervalsMax = 100'000;  // that a file may have
constexpr size_t kThreadsMax = 100'000;
constexpr size_t kGroupsMax = 1000;

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

// The file says something else than it must. nlohmann throws for what is missing or of another
// type; this is for the rest.
void require(bool condition, const char* what) {
  if (!condition) throw std::runtime_error(what);
}

Histogram histogram_from(const json& from) {
  Result<Histogram> decoded = from_base64(from.at("data").get<std::string>());
  if (!decoded) throw std::runtime_error(decoded.error().text);
  Histogram histogram = std::move(*decoded);
  require(histogram.count() == from.at("count").get<uint64_t>(), "count is not the histogram's");
  if (histogram.count() > 0) {
    const bool restored =
        histogram.restore(from.at("min").get<int64_t>(), from.at("max").get<int64_t>(),
                          from.at("mean").get<double>(), from.at("stddev").get<double>());
    require(restored, "min, max, mean or stddev is not the histogram's");
  }
  histogram.record(-1, from.at("negatives").get<uint64_t>());
  histogram.record(histogram.highest() + 1, from.at("overflows").get<uint64_t>());
  return histogram;
}

using NamedHistogram = std::pair<const char*, Histogram*>;

std::vector<NamedHistogram> step_histograms(ConnectTally& steps) {
  return {{"tcp", &steps.tcp},
          {"tls_full", &steps.tls_full},
          {"tls_resumed", &steps.tls_resumed},
          {"upgrade", &steps.upgrade},
          {"connack", &steps.connack}};
}

void read_histograms(const json& from, Record& to) {
  std::vector<NamedHistogram> named = step_histograms(to.tally.steps);
  named.insert(named.end(), {{"response", &to.tally.response},
                             {to.open_loop() ? "service" : "", &to.tally.service},
                             {"send_lag", &to.tally.send_lag},
                             {"recv_wait", &to.tally.recv_wait},
                             {"ack", &to.tally.ack},
                             {"connect", &to.tally.connect},
                             {"suback", &to.tally.suback}});
  for (const auto& [key, histogram] : named) {
    if (from.contains(key)) *histogram = histogram_from(from.at(key));
  }
  // What is called service without a plan is measured where response is with one.
  if (!to.open_loop() && from.contains("service")) {
    to.tally.response = histogram_from(from.at("service"));
  }
}

void read_counts(const json& from, Record& to) {
  Accounting& a = to.counts;
  const auto get = [&from](const char* key) { return from.at(key).get<uint64_t>(); };
  a.planned = get("planned");
  a.sent = get("sent");
  a.acked = get("acked");
  a.refused = get("refused");
  a.expected = get("expected");
  a.received = get("received");
  const json& lost = from.at("lost");
  a.lost = {.qos0 = lost.at("qos0").get<uint64_t>(),
            .acked = lost.at("acked").get<uint64_t>(),
            .unacked = lost.at("unacked").get<uint64_t>(),
            .reconnect = lost.at("reconnect").get<uint64_t>()};
  a.duplicates_flagged = from.at("duplicates").at("dup_flag").get<uint64_t>();
  a.duplicates_unflagged = from.at("duplicates").at("no_flag").get<uint64_t>();
  a.reordered = get("reordered");
  a.reordered_by_max = get("reordered_by_max");
  a.foreign = get("foreign");
  a.corrupt = from.value("corrupt", uint64_t{0});
  a.disconnects = get("disconnects");
  if (from.contains("downgraded")) {
    const json& downgraded = from.at("downgraded");
    a.downgraded = {.to_qos0 = downgraded.at("to_qos0").get<uint64_t>(),
                    .to_qos1 = downgraded.at("to_qos1").get<uint64_t>()};
  }
  require(a.sent <= a.planned, "more was sent than planned");
  for (const auto& [text, count] : from.at("errors").items()) {
    for (int code = 0; code < 256; ++code) {
      const auto reason = static_cast<ReasonCode>(code);
      if (mq::text(reason) != text) continue;
      to.tally.errors[reason] = count.get<uint64_t>();
      break;
    }
  }
}

Verdict::LimitedBy limited_by(const std::string& text) {
  using enum Verdict::LimitedBy;
  for (const Verdict::LimitedBy by : {kNone, kBroker, kNetwork, kClient, kHost}) {
    if (name(by) == text) return by;
  }
  throw std::runtime_error("limited_by is unknown");
}

// Results of older versions have less of this.
void read_signals(const json& client, Record& to) {
  const auto read = [](const json& from, const char* key, auto& value) {
    using Value = std::remove_reference_t<decltype(value)>;
    if (from.contains(key)) value = from.at(key).get<Value>();
  };
  const auto read_optional = [](const json& from, const char* key, auto& value) {
    using Value = typename std::remove_reference_t<decltype(value)>::value_type;
    if (from.contains(key)) value = from.at(key).get<Value>();
  };
  const auto read_time = [](const json& from, const char* key, Duration& value) {
    if (from.contains(key)) value = Duration(from.at(key).get<int64_t>());
  };
  if (client.contains("host")) {
    const json& host = client.at("host");
    read(host, "own_cpu", to.host.own_cpu);
    read(host, "involuntary_switches", to.host.involuntary_switches);
    read_optional(host, "broker_cpu", to.host.broker_cpu);
    read_optional(host, "foreign_cpu", to.host.foreign_cpu);
    read_optional(host, "steal", to.host.steal);
    read_optional(host, "cpu_pressure", to.host.cpu_pressure);
    read_optional(host, "listen_overflows", to.host.listen_overflows);
  }
  if (client.contains("sockets")) {
    const json& from = client.at("sockets");
    SocketSignals& sockets = to.tally.sockets;
    read(from, "sending", sockets.sending);
    read_time(from, "observed_ns", sockets.observed);
    read_time(from, "busy_ns", sockets.busy);
    read_time(from, "rwnd_limited_ns", sockets.rwnd_limited);
    read_time(from, "sndbuf_limited_ns", sockets.sndbuf_limited);
    read(from, "segments", sockets.segments);
    read(from, "retransmits", sockets.retransmits);
    read(from, "rtt_us_sum", sockets.rtt_us_sum);
    read(from, "rtt_count", sockets.rtt_count);
    read(from, "receiving", sockets.receiving);
    read(from, "unread_max_bytes", sockets.unread_max);
  }
}

void read_intervals(const json& from, Record& to) {
  require(from.size() <= kIntervalsMax, "too many intervals");
  for (const json& one : from) {
    Interval& interval = to.intervals.emplace_back();
    interval.start_s = one.at("t").get<double>();
    interval.length_s = one.at("length_s").get<double>();
    interval.sent = one.at("sent").get<uint64_t>();
    interval.received = one.at("received").get<uint64_t>();
    interval.backlog = one.value("backlog", int64_t{0});
    interval.client_cpu = one.value("client_cpu", 0.0);
    const Result<Histogram> response = from_base64(one.at("latency").get<std::string>());
    if (!response) throw std::runtime_error(response.error().text);
    Buffer encoded;
    response->encode(encoded);
    interval.response.assign(encoded.bytes().begin(), encoded.bytes().end());
  }
}

void read_groups(const json& from, Record& to) {
  if (!from.contains("groups")) return;
  require(from.at("groups").size() <= kGroupsMax, "too many groups");
  for (const json& one : from.at("groups")) {
    GroupRecord& group = to.groups.emplace_back();
    group.name = one.at("name").get<std::string>();
    group.clients = one.at("clients").get<uint64_t>();
    if (!one.at("rate_target").is_null()) group.rate = one.at("rate_target").get<double>();
    group.subscribes = one.at("subscribes").get<bool>();
    group.tally.sent_in_window = one.at("sent_in_window").get<uint64_t>();
    group.tally.received_in_window = one.at("received_in_window").get<uint64_t>();
    Record own;
    read_counts(one.at("counts"), own);
    group.counts = std::move(own.counts);
    const json& histograms = one.at("histograms");
    std::vector<NamedHistogram> named = step_histograms(group.tally.steps);
    named.insert(named.end(), {{"response", &group.tally.response},
                               {"send_lag", &group.tally.send_lag},
                               {"ack", &group.tally.ack},
                               {"connect", &group.tally.connect}});
    for (const auto& [name, histogram] : named) {
      if (histograms.contains(name)) *histogram = histogram_from(histograms.at(name));
    }
  }
}

// Results of older versions have none of it.
void read_arrival(const json& load, Record& to) {
  if (load.contains("stages")) {
    require(load.at("stages").size() <= kRateStagesMax, "too many stages");
    for (const json& one : load.at("stages")) {
      const double length_s = one.at("length_s").get<double>();
      require(length_s >= 0 && length_s < 1e9, "a stage without a length");
      to.stages.push_back({Duration(static_cast<int64_t>(std::llround(length_s * 1e9))),
                           one.at("rate").get<double>()});
    }
  }
  const std::string arrival = load.value("arrival", "uniform"), phase = load.value("phase", "even");
  to.arrival.seed = load.value("seed", uint64_t{0});
  for (const Arrival one : {Arrival::kUniform, Arrival::kPoisson}) {
    if (name(one) == arrival) to.arrival.arrival = one;
  }
  for (const Phase one : {Phase::kEven, Phase::kRandom, Phase::kSync}) {
    if (name(one) == phase) to.arrival.phase = one;
  }
  require(name(to.arrival.arrival) == arrival, "arrival is unknown");
  require(name(to.arrival.phase) == phase, "phase is unknown");
}

Record read_record(const json& from) {
  require(from.at("schema").get<std::string>() == kSchema, "not of schema mqbench/1");
  Record to;
  to.version = from.at("tool").at("version").get<std::string>();
  const json& run = from.at("run");
  to.run_name = run.at("id").get<std::string>();
  to.started = run.at("started").get<std::string>();
  to.started_s = run.at("started_s").get<double>();
  to.warm_up_s = run.at("warmup_s").get<double>();
  to.window_s = run.at("window_s").get<double>();
  to.drain_s = run.at("drain_s").get<double>();
  to.shard = run.at("shard").at("index").get<uint32_t>();
  to.shards = run.at("shard").at("of").get<uint32_t>();
  to.scenario_sha256 = run.value("scenario_sha256", "");
  to.labels = run.at("labels").get<std::map<std::string, std::string>>();
  to.percentiles = run.at("percentiles").get<std::vector<double>>();
  const json& host = from.at("host");
  to.kernel = host.value("kernel", "");
  to.cpus = host.at("cpus").get<uint32_t>();
  to.host.shared_with_broker = host.value("shared_with_broker", false);
  to.target = from.at("target").at("address").get<std::string>();
  to.protocol = from.at("target").at("protocol").get<std::string>();

  const json& load = from.at("load");
  to.pubs = load.at("pubs").get<uint64_t>();
  to.subs = load.at("subs").get<uint64_t>();
  to.pattern = load.at("pattern").get<std::string>();
  const json& receivers = load.at("deliveries_per_publish");
  to.receivers = {receivers.at("min").get<uint32_t>(), receivers.at("max").get<uint32_t>(),
                  receivers.at("mean").get<double>()};
  to.qos = load.at("qos").get<int>();
  to.sub_qos = load.at("sub_qos").get<int>();
  to.size_bytes = load.at("size_bytes").get<uint64_t>();
  to.payload = load.value("payload", "random");
  to.verify = load.value("verify", "seq");
  to.pairs = load.value("pairs", uint64_t{0});
  if (!load.at("rate_target").is_null()) to.rate = load.at("rate_target").get<double>();
  read_arrival(load, to);
  to.inflight = load.at("inflight").get<uint64_t>();
  to.threads = load.at("threads").get<uint64_t>();

  read_histograms(from.at("histograms"), to);
  read_counts(from.at("counts"), to);
  const json& client = from.at("client");
  to.tally.sent_in_window = client.at("sent_in_window").get<uint64_t>();
  to.tally.received_in_window = client.at("received_in_window").get<uint64_t>();
  to.tally.cpu_s = client.at("cpu_s").get<double>();
  to.connecting_s = client.value("connecting_s", 0.0);
  require(client.at("threads").size() <= kThreadsMax, "too many threads");
  for (const json& thread : client.at("threads")) {
    to.threads_busy.push_back(thread.at("cpu").get<double>());
  }
  to.blocked_share = client.at("blocked_share").get<double>();
  to.rate_ratio = client.at("rate_ratio").get<double>();
  read_signals(client, to);
  read_groups(from, to);
  read_intervals(from.at("intervals"), to);
  for (const json& one : from.at("events")) {
    to.tally.events.push_back({one.at("t").get<double>(), one.at("text").get<std::string>()});
  }

  const json& verdict = from.at("verdict");
  to.verdict.valid = verdict.at("valid").get<bool>();
  to.verdict.limited_by = limited_by(verdict.at("limited_by").get<std::string>());
  to.verdict.reasons = verdict.at("reasons").get<std::vector<std::string>>();
  to.counts.violations = verdict.at("violations").get<std::vector<std::string>>();
  for (const json& one : from.at("thresholds")) {
    to.thresholds.push_back({one.at("expr").get<std::string>(), one.at("value").get<double>(),
                             one.at("hit").get<bool>()});
  }
  to.exit_code = from.at("exit").get<int>();
  return to;
}

}  // namespace

std::string to_json(const Record& record) {
  ordered_json to;
  to["schema"] = kSchema;
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

Result<Record> from_json(std::string_view text) {
  try {
    return read_record(json::parse(text));
  } catch (const std::exception& error) {
    return fail(ErrorCode::kMalformed, fmt::format("no result of mqbench: {}", error.what()));
  }
}

}  // namespace mq
