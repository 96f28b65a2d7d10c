#include "mqbench/regression.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include <fmt/core.h>

#include "mqbench/comparison.h"

namespace mq {
namespace {

tl::unexpected<Error> invalid(std::string_view list, std::string_view why) {
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("Invalid limits of regression given: {}, {}.", list, why));
}

Result<std::vector<double>> values(const Metric& metric, const std::vector<Record>& records) {
  std::vector<double> to;
  for (const Record& record : records) {
    MQ_TRY(const double value, metric.value(record));
    to.push_back(value);
  }
  return to;
}

}  // namespace

Result<std::vector<MaxRegress>> parse_max_regress(std::string_view list) {
  std::vector<MaxRegress> limits;
  for (std::string_view rest = list;;) {
    const size_t comma = std::min(rest.find(','), rest.size());
    const std::string_view one = rest.substr(0, comma);
    const size_t equals = one.find('=');
    if (equals == std::string_view::npos || !one.ends_with('%')) {
      return invalid(list, "they must be like p99=20%,recv_rate=2%");
    }
    const Result<Metric> metric = Metric::parse(one.substr(0, equals));
    if (!metric) return invalid(list, metric.error().text);
    const std::string_view number = one.substr(equals + 1, one.size() - equals - 2);
    double percent = 0;
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), percent,
                                              std::chars_format::fixed);
    if (error != std::errc() || end != number.data() + number.size() ||
        !(percent >= 0 && percent <= 1e6)) {
      return invalid(list, fmt::format("'{}' is not a share", number));
    }
    limits.push_back({*metric, percent / 100});
    if (comma == rest.size()) return limits;
    rest.remove_prefix(comma + 1);
  }
}

const char* load_difference(const Record& a, const Record& b) {
  if (a.scenario_sha256 != b.scenario_sha256) return "their scenarios differ";
  if (a.pattern != b.pattern) return "their patterns differ";
  if (a.pubs != b.pubs || a.subs != b.subs) return "their numbers of clients differ";
  if (a.qos != b.qos || a.sub_qos != b.sub_qos) return "their qualities of service differ";
  if (a.size_bytes != b.size_bytes) return "their payload sizes differ";
  if (a.payload != b.payload) return "their payloads differ";
  if (a.open_loop() != b.open_loop()) return "one is open loop and the other is not";
  const auto same_stage = [](const RateStage& x, const RateStage& y) {
    return x.length == y.length && std::abs(x.rate - y.rate) <= 1e-6 * x.rate;
  };
  if (!std::ranges::equal(a.stages, b.stages, same_stage)) return "their stages differ";
  if (a.arrival.arrival != b.arrival.arrival || a.arrival.phase != b.arrival.phase) {
    return "their messages come in different ways";
  }
  if (a.rate && std::abs(*a.rate - *b.rate) > 1e-6 * *a.rate) return "their rates differ";
  return nullptr;
}

Result<std::vector<Threshold>> check_regress(const std::vector<MaxRegress>& limits,
                                             const std::vector<Record>& baseline,
                                             const std::vector<Record>& records) {
  const bool enough = std::min(baseline.size(), records.size()) >= kComparableMin;
  std::vector<Threshold> to;
  for (const MaxRegress& limit : limits) {
    MQ_TRY(const std::vector<double> before, values(limit.metric, baseline));
    MQ_TRY(const std::vector<double> after, values(limit.metric, records));
    const Comparison c = compare(before, after);
    const double worse =
        limit.metric.larger_is_worse() ? c.median_b - c.median_a : c.median_a - c.median_b;
    const bool over = worse > limit.share * std::abs(c.median_a);
    to.push_back({fmt::format("{} worse than the baseline by more than {:g} %", limit.metric.name(),
                              limit.share * 100),
                  c.median_b, over && (!enough || c.differs)});
  }
  return to;
}

}  // namespace mq
