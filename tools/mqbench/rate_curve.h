// How the planned rate changes in the course of a run: linear in each stage.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace mq {

// From the rate at the end of the stage before, 0 at the beginning, to `rate` at its own end.
struct RateStage {
  Duration length{};
  double rate = 0;
};

inline constexpr size_t kRateStagesMax = 500;

// `LENGTH:RATE,...`: "10s:1k,30s,0s:5k". Without a rate it stays what it was.
Result<std::vector<RateStage>> parse_stages(std::string_view text);

Duration length_of(const std::vector<RateStage>& stages);
double rate_max_of(const std::vector<RateStage>& stages);

// The messages of a run in the order of their times: number k is due when the integral of the rate
// is k. Numbers have decimals, so that messages may be due between.
class RateCurve {
 public:
  // Without an end. REQUIRES: rate > 0
  explicit RateCurve(double rate);
  explicit RateCurve(const std::vector<RateStage>& stages);

  // The integral over all of it; infinite without an end.
  double messages() const { return messages_; }
  // The time from the beginning. `piece` is where the last number was found, 0 at first; numbers
  // that are looked up with it must not descend. REQUIRES: 0 <= number < messages()
  Duration when(double number, uint32_t& piece) const {
    while (piece + 1 < pieces_.size() && number >= pieces_[piece + 1].messages_before) ++piece;
    return pieces_[piece].when(number);
  }

 private:
  struct Piece {
    double start_ns;
    double messages_before;
    double rate;      // at its beginning, by nanosecond
    double slope;     // by nanosecond
    double interval;  // between messages, where the slope is 0

    Duration when(double number) const {
      const double n = number - messages_before;
      const double t = slope == 0 ? n * interval : when_sloping(n);
      return Duration(static_cast<int64_t>(start_ns + t + 0.5));
    }
    double when_sloping(double n) const;
  };
  std::vector<Piece> pieces_;
  double messages_ = std::numeric_limits<double>::infinity();
};

}  // namespace mq
