#include "mqbench/storm_report.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/units.h"
#include "common/exit_code.h"
#include "mqbench/exit_code.h"
#include "mqbench/histogram_text.h"
#include "mqbench/report.h"

namespace mq {
namespace {

using nlohmann::ordered_json;

constexpr std::string_view kSchema = "mqbench-storm/1";
constexpr double kBusy = 0.9;         // a thread that computes so much has no time left
constexpr double kForeignMax = 0.05;  // of a processor
constexpr double kPercentiles[] = {50, 90, 99, 99.9, 100};

double milliseconds(double ns) {
  return ns / 1e6;
}
int percent(double share) {
  return static_cast<int>(share * 100 + 0.5);
}
std::string in_words(const std::optional<Duration>& time) {
  return time ? format_duration(*time) : "never";
}

struct Phase {
  std::string_view label;
  const Histogram* histogram;
};

std::vector<Phase> phases(const StormTally& tally) {
  std::vector<Phase> all{{"tcp", &tally.tcp},
                         {"tls full", &tally.tls_full},
                         {"tls resumed", &tally.tls_resumed},
                         {"upgrade", &tally.upgrade},
                         {"connack", &tally.connack},
                         {"suback", &tally.suback},
                         {"ready", &tally.ready}};
  std::erase_if(all, [](const Phase& phase) { return phase.histogram->count() == 0; });
  return all;
}

double per_second(const StormResult& result) {
  return result.length > Duration::zero()
             ? static_cast<double>(result.tally.succeeded) / seconds(result.length)
             : 0;
}

class StormMetrics final : public MetricSource {
 public:
  explicit StormMetrics(const StormResult& result) : result_(result), tls_(result.tally.tls()) {}

  const Histogram* latency(std::string_view prefix) const override {
    if (prefix == "tls") return &tls_;
    for (const auto& [label, histogram] : phases(result_.tally)) {
      if (key_of(label) == prefix) return histogram;
    }
    return nullptr;
  }
  std::optional<double> number(std::string_view name) const override {
    if (name == "conn_rate") return per_second(result_);
    if (name == "errors") return static_cast<double>(result_.tally.failed_tries());
    if (name == "disconnects") return static_cast<double>(result_.tally.lost);
    return std::nullopt;
  }

 private:
  const StormResult& result_;
  const Histogram tls_;
};

std::string header(const StormOptions& options) {
  std::string text =
      fmt::format("mqbench storm -> {}, run {}\n", options.target, options.load.run_name);
  const std::string rate = options.connect_rate > 0
                               ? fmt::format(", {} planned", format_rate(options.connect_rate))
                               : "";
  switch (options.mode) {
    case StormMode::kConnect:
      text += fmt::format("connect {} clients{}, {} at a time\n", format_count(options.clients),
                          rate, format_count(options.window));
      break;
    case StormMode::kReconnect:
      text += fmt::format("reconnect {} of {} clients, after {} to {}\n",
                          format_count(options.to_cut), format_count(options.clients),
                          format_duration(options.load.runner.backoff.first),
                          format_duration(options.load.runner.backoff.max));
      break;
    case StormMode::kChurn:
      text += fmt::format("churn for {}{}, at most {} clients\n",
                          format_duration(options.churn_time), rate, format_count(options.clients));
      break;
  }
  return text;
}

std::string table(const std::vector<Phase>& rows) {
  std::string text = fmt::format("{:<12}", "");
  for (const double p : kPercentiles) {
    text += fmt::format("{:>10}", p == 100 ? "max" : fmt::format("p{:g}", p));
  }
  text += fmt::format("{:>14}\n", "count");
  for (const auto& [label, histogram] : rows) {
    text += fmt::format("{:<12}", label);
    for (const double p : kPercentiles) {
      text += fmt::format("{:>10}", format_duration(Duration(histogram->percentile(p))));
    }
    text += fmt::format("{:>14}\n", format_count(histogram->count()));
  }
  return text;
}

std::string syn_line(const StormResult& result) {
  const StormTally& tally = result.tally;
  const uint64_t overflows = result.host.listen_overflows.value_or(0);
  if (tally.syn_retransmitted + tally.data_retransmitted + overflows == 0) return "";
  const SynModes modes = syn_modes(tally.tcp);
  std::string text = fmt::format(
      "kernel    {} connections had their SYN sent again ({} after 1 s, {} after 3 s, {} after 7 "
      "s), "
      "{} something later",
      format_count(tally.syn_retransmitted), format_count(modes.after_1s),
      format_count(modes.after_3s), format_count(modes.after_7s),
      format_count(tally.data_retransmitted));
  if (overflows > 0) {
    text += fmt::format("; the accept queue was full {} times", format_count(overflows));
  }
  return text +
         ":\n          that is the time of TCP, and not of the broker's work; --conn-window "
         "keeps it out\n";
}

ordered_json histogram_json(const Histogram& histogram) {
  ordered_json to;
  for (const double p : kPercentiles) {
    if (p == 100) continue;
    std::string key = fmt::format("p{:g}_ms", p);
    std::ranges::replace(key, '.', '_');
    to[key] = milliseconds(static_cast<double>(histogram.percentile(p)));
  }
  to["max_ms"] = milliseconds(static_cast<double>(histogram.max()));
  to["mean_ms"] = milliseconds(histogram.mean());
  to["count"] = histogram.count();
  to["data"] = to_base64(histogram);
  return to;
}

ordered_json time_json(const std::optional<Duration>& time) {
  return time ? ordered_json(seconds(*time)) : ordered_json(nullptr);
}

template <class T>
ordered_json optional_json(const std::optional<T>& value) {
  return value ? ordered_json(*value) : ordered_json(nullptr);
}

}  // namespace

StormVerdict judge(const StormResult& result) {
  StormVerdict verdict;
  verdict.reasons.push_back(fmt::format("mqbench's thread {} % busy", percent(result.thread_busy)));
  if (result.thread_busy > kBusy) verdict.valid = false;
  if (const auto broker = result.host.broker_cpu; broker && *broker > 0) {
    verdict.reasons.push_back(
        fmt::format("the broker's processes {} % of a processor", percent(*broker)));
  }
  if (const auto foreign = result.host.foreign_cpu) {
    verdict.reasons.push_back(fmt::format("others {} %", percent(*foreign)));
    if (*foreign > kForeignMax) verdict.valid = false;
  }
  return verdict;
}

bool in_time(const StormOptions& options, const StormResult& result) {
  return !options.within || (result.back_all && *result.back_all <= *options.within);
}

Result<std::vector<Threshold>> judge_conditions(const StormOptions& options,
                                                const StormResult& result) {
  std::vector<Threshold> thresholds;
  for (const Condition& condition : options.fail_if) {
    MQ_TRY(Threshold threshold, condition.evaluate(StormMetrics(result)));
    thresholds.push_back(std::move(threshold));
  }
  return thresholds;
}

int judge_exit(const StormOptions& options, const StormResult& result) {
  if (result.signal != 0) return kExitSignal + result.signal;
  if (result.tally.succeeded == 0 || result.unjudged) return kExitFailure;
  const bool strict = options.strict || options.within || !result.thresholds.empty();
  if (strict && !judge(result).valid) return kExitNotValid;
  const bool hit = std::ranges::any_of(result.thresholds, &Threshold::hit);
  return in_time(options, result) && !hit ? int{kExitOk} : int{kExitThreshold};
}

SynModes syn_modes(const Histogram& tcp) {
  const auto between = [&tcp](double from_s, double to_s) {
    uint64_t sum = 0;
    tcp.for_each([&](const Histogram::Bucket& bucket) {
      const double s = static_cast<double>(bucket.low) / 1e9;
      if (s >= from_s && s < to_s) sum += bucket.count;
    });
    return sum;
  };
  return {between(0.9, 2.5), between(2.5, 6), between(6, 14)};
}

std::string storm_text(const StormOptions& options, const StormResult& result) {
  const StormTally& tally = result.tally;
  std::string text = header(options);
  if (!phases(tally).empty()) text += table(phases(tally));
  text +=
      fmt::format("tries     {} = connected {} + failed {}{}\n", format_count(tally.tries),
                  format_count(tally.succeeded),
                  format_count(tally.tries - std::min(tally.tries, tally.succeeded)),
                  tally.lost > 0 ? fmt::format("; {} lost again", format_count(tally.lost)) : "");
  for (const auto& [why, count] : tally.failures) {
    text += fmt::format("          {} x {}\n", format_count(count), why);
  }
  text += fmt::format("rate      {} connected, over {}\n", format_rate(per_second(result)),
                      format_duration(result.length));
  if (options.mode != StormMode::kChurn) {
    text += fmt::format("back      {} of {}: 99 % after {}, all after {}\n",
                        format_count(result.back), format_count(result.wanted),
                        in_words(result.back_99), in_words(result.back_all));
  }
  text += syn_line(result);
  if (result.bytes_per_connection) {
    text += fmt::format("memory    {} a connection in mqbench\n",
                        format_size(static_cast<uint64_t>(*result.bytes_per_connection)));
  }
  if (result.flow) {
    const auto figures = [](const Histogram& h) {
      if (h.count() == 0) return std::string("nothing arrived");
      return fmt::format("p50 {}, p99 {}, max {}", format_duration(Duration(h.percentile(50))),
                         format_duration(Duration(h.percentile(99))),
                         format_duration(Duration(h.max())));
    };
    text +=
        fmt::format("probe     {} messages/s meanwhile: {}; before: {}; lost {}\n",
                    options.probe_rate, figures(result.flow->during), figures(result.flow->before),
                    format_count(result.flow->accounting.lost.all()));
  }
  const StormVerdict verdict = judge(result);
  text += fmt::format("verdict   {}: {}\n", verdict.valid ? "VALID" : "NOT VALID",
                      fmt::join(verdict.reasons, "; "));
  if (options.within) {
    text +=
        fmt::format("{}   all back within {}\n", in_time(options, result) ? "passed " : "FAILED ",
                    format_duration(*options.within));
  }
  for (const Threshold& threshold : result.thresholds) text += threshold_line(threshold);
  return text;
}

std::string storm_json(const StormOptions& options, const StormResult& result) {
  const StormTally& tally = result.tally;
  ordered_json to;
  to["schema"] = kSchema;
  to["tool"] = {{"name", "mqbench"}, {"version", MQKIT_VERSION}};
  to["run"] = {
      {"id", options.load.run_name},
      {"started_s", std::chrono::duration<double>(result.started.time_since_epoch()).count()},
      {"length_s", seconds(result.length)}};
  to["target"] = {{"address", options.target}};
  to["load"] = {
      {"mode", name(options.mode)},
      {"clients", options.clients},
      {"cut", options.to_cut},
      {"conn_rate", options.connect_rate},
      {"conn_window", options.window},
      {"backoff_s",
       {seconds(options.load.runner.backoff.first), seconds(options.load.runner.backoff.max)}}};
  to["counts"] = {{"tries", tally.tries},           {"connected", tally.succeeded},
                  {"failed", tally.failed_tries()}, {"lost", tally.lost},
                  {"wanted", result.wanted},        {"back", result.back},
                  {"failures", tally.failures}};
  to["metrics"] = {{"connected_per_s", per_second(result)},
                   {"back_99_s", time_json(result.back_99)},
                   {"back_all_s", time_json(result.back_all)},
                   {"bytes_per_connection", optional_json(result.bytes_per_connection)}};
  ordered_json all = ordered_json::object();
  for (const auto& [label, histogram] : phases(tally)) {
    all[key_of(label)] = histogram_json(*histogram);
  }
  if (const Histogram tls = tally.tls(); tls.count() > 0) all["tls"] = histogram_json(tls);
  to["phases"] = std::move(all);
  const SynModes modes = syn_modes(tally.tcp);
  to["kernel"] = {{"syn_retransmitted", tally.syn_retransmitted},
                  {"data_retransmitted", tally.data_retransmitted},
                  {"tcp_about_1s", modes.after_1s},
                  {"tcp_about_3s", modes.after_3s},
                  {"tcp_about_7s", modes.after_7s},
                  {"listen_overflows", optional_json(result.host.listen_overflows)}};
  if (result.flow) {
    to["probe"] = {{"rate", options.probe_rate},
                   {"before", histogram_json(result.flow->before)},
                   {"during", histogram_json(result.flow->during)},
                   {"sent", result.flow->accounting.sent},
                   {"received", result.flow->accounting.received},
                   {"lost", result.flow->accounting.lost.all()}};
  }
  const StormVerdict verdict = judge(result);
  to["client"] = {{"thread_busy", result.thread_busy},
                  {"broker_cpu", optional_json(result.host.broker_cpu)},
                  {"foreign_cpu", optional_json(result.host.foreign_cpu)}};
  to["verdict"] = {{"valid", verdict.valid}, {"reasons", verdict.reasons}};
  to["thresholds"] = ordered_json::array();
  for (const Threshold& threshold : result.thresholds) {
    to["thresholds"].push_back(
        {{"expression", threshold.expression}, {"value", threshold.value}, {"hit", threshold.hit}});
  }
  to["exit"] = judge_exit(options, result);
  return to.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace mq
