#include "mqbench/record_reader.h"

#include <cmath>
#include <stdexcept>
#include <utility>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "mqbench/histogram_text.h"
#include "mqbench/record_json.h"

namespace mq {
namespace {

using nlohmann::json;

constexpr size_t kIntervalsMax = 100'000;  // that a file may have
constexpr size_t kThreadsMax = 100'000;
constexpr size_t kGroupsMax = 1000;

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
  a.unanswered = from.value("unanswered", uint64_t{0});  // not in results of earlier versions
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
  require(from.at("schema").get<std::string>() == kRecordSchema, "not of schema mqbench/1");
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

Result<Record> from_json(std::string_view text) {
  try {
    return read_record(json::parse(text));
  } catch (const std::exception& error) {
    return fail(ErrorCode::kMalformed, fmt::format("no result of mqbench: {}", error.what()));
  }
}

}  // namespace mq
