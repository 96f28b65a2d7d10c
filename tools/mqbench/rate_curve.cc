#include "mqbench/rate_curve.h"

#include <cassert>
#include <cmath>

#include <fmt/core.h>

#include "base/units.h"

namespace mq {
namespace {

constexpr double kRateMax = 1e9;
constexpr Duration kLengthMax = std::chrono::hours(24 * 365);

tl::unexpected<Error> invalid(std::string_view text, std::string_view why) {
  return fail(ErrorCode::kInvalidArgument, fmt::format("Invalid stages given: {}, {}.", text, why));
}

}  // namespace

Result<std::vector<RateStage>> parse_stages(std::string_view text) {
  std::vector<RateStage> stages;
  double rate = 0;
  for (std::string_view rest = text;;) {
    const size_t comma = std::min(rest.find(','), rest.size());
    const std::string_view one = rest.substr(0, comma);
    const size_t colon = std::min(one.find(':'), one.size());
    const Result<Duration> length = parse_duration(one.substr(0, colon));
    if (!length || *length > kLengthMax) {
      return invalid(text,
                     fmt::format("'{}' must be LENGTH:RATE, like 10s:5k, or LENGTH alone, of at "
                                 "most a year",
                                 one));
    }
    if (colon < one.size()) {
      const Result<double> given = parse_rate(one.substr(colon + 1));
      if (!given || *given > kRateMax) {
        return invalid(
            text, fmt::format("'{}' is not a rate like 500, 10k or 1.5M/s", one.substr(colon + 1)));
      }
      rate = *given;
    }
    stages.push_back({*length, rate});
    if (stages.size() > kRateStagesMax) {
      return invalid(text, fmt::format("more than {} stages", kRateStagesMax));
    }
    if (comma == rest.size()) break;
    rest.remove_prefix(comma + 1);
  }
  if (RateCurve(stages).messages() < 0.5) return invalid(text, "no message is due in them");
  return stages;
}

Duration length_of(const std::vector<RateStage>& stages) {
  Duration sum{0};
  for (const RateStage& stage : stages) sum += stage.length;
  return sum;
}

double rate_max_of(const std::vector<RateStage>& stages) {
  double most = 0;
  for (const RateStage& stage : stages) most = std::max(most, stage.rate);
  return most;
}

RateCurve::RateCurve(double rate) : pieces_{{0, 0, rate / 1e9, 0, 1e9 / rate}} {
  assert(rate > 0);
}

RateCurve::RateCurve(const std::vector<RateStage>& stages) : messages_(0) {
  double start_ns = 0, rate = 0;
  for (const RateStage& stage : stages) {
    const double to = stage.rate / 1e9;
    if (stage.length > Duration::zero()) {
      const auto length = static_cast<double>(stage.length.count());
      pieces_.push_back(
          {start_ns, messages_, rate, (to - rate) / length, rate > 0 ? 1e9 / (rate * 1e9) : 0});
      start_ns += length;
      messages_ += (rate + to) / 2 * length;
    }
    rate = to;
  }
  if (pieces_.empty()) pieces_.push_back({});
}

// The rate r and its slope s give r t + s t^2 / 2 messages until t; this is the form of the
// solution that loses no digits where s is small.
double RateCurve::Piece::when_sloping(double n) const {
  if (n <= 0) return 0;
  return 2 * n / (rate + std::sqrt(std::max(rate * rate + 2 * slope * n, 0.0)));
}

}  // namespace mq
