#include "mqbench/threshold.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include <fmt/core.h>

#include "mqbench/record.h"

namespace mq {
namespace {

tl::unexpected<Error> invalid(std::string_view text, std::string_view why) {
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("Invalid condition given: {}, {}.", text, why));
}

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

std::optional<double> decimal(std::string_view text) {
  double value = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  if (error != std::errc() || end != text.data() + text.size() || !(value >= 0)) {
    return std::nullopt;
  }
  return value;
}

// 99.9 of "p99.9".
std::optional<double> percent_of(std::string_view statistic) {
  if (!statistic.starts_with('p')) return std::nullopt;
  const std::optional<double> percent = decimal(statistic.substr(1));
  if (!percent || *percent > 100) return std::nullopt;
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

struct LatencyMetric {
  std::string_view prefix;
  std::string_view label;  // of latencies()
};
constexpr LatencyMetric kLatencies[] = {{"response", "response"},
                                        {"service", "service"},
                                        {"lag", "send lag"},
                                        {"ack", "ack"},
                                        {"connack", "connect"}};

struct NumberMetric {
  std::string_view name;
  double (*value)(const Record&);
};
double as_double(uint64_t count) {
  return static_cast<double>(count);
}
constexpr NumberMetric kNumbers[] = {
    {"loss", [](const Record& r) { return loss_ratio(r); }},
    {"dup", [](const Record& r) { return as_double(r.counts.duplicates()); }},
    {"reorder", [](const Record& r) { return as_double(r.counts.reordered); }},
    {"errors", [](const Record& r) { return as_double(r.counts.refused); }},
    {"disconnects", [](const Record& r) { return as_double(r.counts.disconnects); }},
    {"not_sent", [](const Record& r) { return as_double(r.counts.not_sent()); }},
    {"rate", sent_per_s},
    {"recv_rate", received_per_s},
    {"rate_ratio", [](const Record& r) { return r.rate_ratio; }},
    {"client_cpu", [](const Record& r) {
       return r.threads_busy.empty() ? 0.0 : *std::ranges::max_element(r.threads_busy);
     }}};

struct Unit {
  std::string_view name;
  double factor;
};
constexpr Unit kTimes[] = {{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"", 1e9}};
constexpr Unit kCounts[] = {{"%", 0.01}, {"k", 1e3}, {"M", 1e6}, {"", 1}};

template <size_t N>
std::optional<double> with_unit(std::string_view text, const Unit (&units)[N]) {
  for (const Unit& unit : units) {
    if (!text.ends_with(unit.name)) continue;
    const auto number = decimal(trimmed(text.substr(0, text.size() - unit.name.size())));
    if (number) return *number * unit.factor;
  }
  return std::nullopt;
}

}  // namespace

Result<Condition> Condition::parse(std::string_view text) {
  Condition condition;
  condition.text_ = trimmed(text);
  const size_t at = text.find_first_of("<>=");
  if (at == std::string_view::npos) return invalid(text, "it must be like p99>10ms or loss>0");
  const bool wide = at + 1 < text.size() && text[at + 1] == '=';
  condition.metric_ = trimmed(text.substr(0, at));
  if (text[at] == '>') {
    condition.op_ = wide ? Op::kGreaterEqual : Op::kGreater;
  } else if (text[at] == '<') {
    condition.op_ = wide ? Op::kLessEqual : Op::kLess;
  } else if (wide) {
    condition.op_ = Op::kEqual;
  } else {
    return invalid(text, "equality is ==");
  }
  const std::string_view value = trimmed(text.substr(at + (wide ? 2 : 1)));

  std::string_view metric = condition.metric_;
  if (is_statistic(metric)) {
    condition.metric_ = fmt::format("response.{}", metric);
    metric = condition.metric_;
  }
  const size_t dot = metric.find('.');
  const bool is_latency = std::ranges::any_of(kLatencies, [&](const LatencyMetric& m) {
    return dot != std::string_view::npos && m.prefix == metric.substr(0, dot) &&
           is_statistic(metric.substr(dot + 1));
  });
  if (!is_latency &&
      std::ranges::find(kNumbers, metric, &NumberMetric::name) == std::end(kNumbers)) {
    return invalid(text, fmt::format("there is no metric '{}'", metric));
  }
  const auto number = is_latency ? with_unit(value, kTimes) : with_unit(value, kCounts);
  if (!number) return invalid(text, fmt::format("'{}' is not a value of {}", value, metric));
  condition.value_ = *number;
  return condition;
}

Result<Threshold> Condition::evaluate(const Record& record) const {
  Threshold to{text_, 0, false};
  const auto number = std::ranges::find(kNumbers, metric_, &NumberMetric::name);
  if (number != std::end(kNumbers)) {
    to.value = number->value(record);
  } else {
    const size_t dot = metric_.find('.');
    const auto latency =
        std::ranges::find(kLatencies, metric_.substr(0, dot), &LatencyMetric::prefix);
    const std::vector<LatencyRow> rows = latencies(record);
    const auto row = std::ranges::find(rows, latency->label, &LatencyRow::label);
    if (row == rows.end() || row->histogram->count() == 0) {
      return fail(ErrorCode::kNotFound, fmt::format("{}: nothing of the kind was measured", text_));
    }
    to.value = statistic_of(*row->histogram, metric_.substr(dot + 1));
  }
  switch (op_) {
    case Op::kGreater: to.hit = to.value > value_; break;
    case Op::kGreaterEqual: to.hit = to.value >= value_; break;
    case Op::kLess: to.hit = to.value < value_; break;
    case Op::kLessEqual: to.hit = to.value <= value_; break;
    case Op::kEqual: to.hit = to.value == value_; break;
  }
  return to;
}

}  // namespace mq
