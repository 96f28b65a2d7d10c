#include "mqbench/metric.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include <fmt/core.h>

#include "mqbench/record.h"

namespace mq {
namespace {

// 99.9 of "p99.9".
std::optional<double> percent_of(std::string_view statistic) {
  if (!statistic.starts_with('p')) return std::nullopt;
  const std::string_view digits = statistic.substr(1);
  double percent = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), percent,
                                            std::chars_format::fixed);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  if (!(percent >= 0 && percent <= 100)) return std::nullopt;
  return percent;
}

bool is_statistic(std::string_view text) {
  return text == "mean" || text == "min" || text == "max" || percent_of(text);
}

double statistic_of(const Histogram& histogram, std::string_view statistic) {
  if (statistic == "mean") return histogram.mean();
  if (statistic == "min") return static_cast<double>(histogram.min());
  if (statistic == "max") return static_cast<double>(histogram.max());
  return static_cast<double>(histogram.percentile(*percent_of(statistic)));
}

struct Latency {
  std::string_view prefix;
  std::string_view label;  // of latencies(); empty: none of them
};
constexpr Latency kLatencies[] = {{"response", "response"}, {"service", "service"},
                                  {"lag", "send lag"},      {"recv_wait", "recv wait"},
                                  {"ack", "ack"},           {"connect", "connect"},
                                  {"tcp", "tcp"},           {"tls", ""},
                                  {"tls_full", "tls full"}, {"tls_resumed", "tls resumed"},
                                  {"upgrade", "upgrade"},   {"connack", "connack"},
                                  {"suback", "suback"},     {"ready", ""}};

std::optional<double> as_double(uint64_t count) {
  return static_cast<double>(count);
}

// What of nothing would be 0 and is not known.
std::optional<double> if_any(uint64_t of, double value) {
  return of == 0 ? std::nullopt : std::optional(value);
}

struct Number {
  std::string_view name;
  bool larger_is_worse, live;
  std::optional<double> (*value)(const Record&);
};
constexpr Number kNumbers[] = {
    {"loss", true, false, [](const Record& r) { return if_any(r.counts.expected, loss_ratio(r)); }},
    {"dup", true, true,
     [](const Record& r) {
       return if_any(r.counts.expected, static_cast<double>(r.counts.duplicates()));
     }},
    {"reorder", true, true,
     [](const Record& r) {
       return if_any(r.counts.expected, static_cast<double>(r.counts.reordered));
     }},
    {"corrupt", true, true,
     [](const Record& r) {
       return if_any(r.verify == "strict" ? r.counts.expected : 0,
                     static_cast<double>(r.counts.corrupt));
     }},
    {"errors", true, true, [](const Record& r) { return as_double(r.counts.refused); }},
    {"disconnects", true, true, [](const Record& r) { return as_double(r.counts.disconnects); }},
    {"not_sent", true, false,
     [](const Record& r) {
       return if_any(r.counts.planned, static_cast<double>(r.counts.not_sent()));
     }},
    {"rate", false, true, [](const Record& r) { return if_any(r.pubs, sent_per_s(r)); }},
    {"recv_rate", false, true, [](const Record& r) { return if_any(r.subs, received_per_s(r)); }},
    {"rate_ratio", false, true,
     [](const Record& r) { return if_any(r.open_loop() ? r.counts.planned : 0, r.rate_ratio); }},
    {"conn_rate", false, true,
     [](const Record& r) -> std::optional<double> {
       const uint64_t count = r.tally.connect.count();
       if (count == 0 || !(r.connecting_s > 0)) return std::nullopt;
       return static_cast<double>(count) / r.connecting_s;
     }},
    {"client_cpu", true, true, [](const Record& r) -> std::optional<double> {
       if (r.threads_busy.empty()) return std::nullopt;
       return *std::ranges::max_element(r.threads_busy);
     }}};

class RecordMetrics final : public MetricSource {
 public:
  explicit RecordMetrics(const Record& record)
      : record_(record), rows_(latencies(record)), tls_(record.tally.steps.tls()) {}

  const Histogram* latency(std::string_view prefix) const override {
    if (prefix == "tls") return &tls_;
    const auto latency = std::ranges::find(kLatencies, prefix, &Latency::prefix);
    const auto row = std::ranges::find(rows_, latency->label, &LatencyRow::label);
    return row == rows_.end() ? nullptr : row->histogram;
  }
  std::optional<double> number(std::string_view name) const override {
    return std::ranges::find(kNumbers, name, &Number::name)->value(record_);
  }

 private:
  const Record& record_;
  const std::vector<LatencyRow> rows_;
  const Histogram tls_;
};

}  // namespace

Result<Metric> Metric::parse(std::string_view name) {
  Metric metric;
  if (const size_t colon = name.find(':'); colon != std::string_view::npos && colon > 0) {
    metric.group_ = name.substr(0, colon);
    name.remove_prefix(colon + 1);
  }
  metric.name_ = is_statistic(name) ? fmt::format("response.{}", name) : std::string(name);
  const std::string_view full = metric.name_;
  const size_t dot = full.find('.');
  metric.is_time_ = std::ranges::any_of(kLatencies, [&](const Latency& latency) {
    return dot != std::string_view::npos && latency.prefix == full.substr(0, dot) &&
           is_statistic(full.substr(dot + 1));
  });
  if (!metric.is_time_ && std::ranges::find(kNumbers, full, &Number::name) == std::end(kNumbers)) {
    return fail(ErrorCode::kInvalidArgument, fmt::format("there is no metric '{}'", full));
  }
  return metric;
}

std::string_view Metric::kind() const {
  const std::string_view name = name_;
  return is_time_ ? name.substr(0, name.find('.')) : name;
}

bool Metric::larger_is_worse() const {
  return is_time_ || std::ranges::find(kNumbers, name_, &Number::name)->larger_is_worse;
}

bool Metric::is_live() const {
  // How far each group is only its end tells.
  if (!group_.empty()) return false;
  return is_time_ || std::ranges::find(kNumbers, name_, &Number::name)->live;
}

bool Metric::is_of_groups() const {
  constexpr std::string_view kOfAllOnly[] = {"service", "recv_wait", "suback",
                                             "ready",   "conn_rate", "client_cpu"};
  return std::ranges::find(kOfAllOnly, kind()) == std::end(kOfAllOnly);
}

Result<double> Metric::value(const MetricSource& source) const {
  if (!is_time_) {
    if (const auto value = source.number(name_)) return *value;
  } else {
    const size_t dot = name_.find('.');
    const Histogram* const histogram = source.latency(std::string_view(name_).substr(0, dot));
    if (histogram != nullptr && histogram->count() > 0) {
      return statistic_of(*histogram, name_.substr(dot + 1));
    }
  }
  return fail(ErrorCode::kNotFound, fmt::format("{}: nothing of the kind was measured", name_));
}

Result<double> Metric::value(const Record& record) const {
  if (group_.empty()) return value(RecordMetrics(record));
  const auto group = std::ranges::find(record.groups, group_, &GroupRecord::name);
  if (group == record.groups.end()) {
    return fail(ErrorCode::kNotFound, fmt::format("there is no group '{}'", group_));
  }
  const Record own = of_group(record, *group);
  return value(RecordMetrics(own));
}

}  // namespace mq
