#include "mqbench/threshold.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include <fmt/core.h>

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
  const Result<Metric> metric = Metric::parse(trimmed(text.substr(0, at)));
  if (!metric) return invalid(text, metric.error().text);
  condition.metric_ = *metric;
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

  const auto number = metric->is_time() ? with_unit(value, kTimes) : with_unit(value, kCounts);
  if (!number) {
    return invalid(text, fmt::format("'{}' is not a value of {}", value, metric->name()));
  }
  condition.value_ = *number;
  return condition;
}

Result<Threshold> Condition::judged(const Result<double>& value) const {
  Threshold to{text_, 0, false};
  if (!value) {
    return fail(ErrorCode::kNotFound, fmt::format("{}: nothing of the kind was measured", text_));
  }
  to.value = *value;
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
