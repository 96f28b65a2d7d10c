// Which rate to try next, to find the highest that a broker sustains.
#pragma once

#include <algorithm>
#include <cmath>
#include <optional>

namespace mq {

// Goes up by a factor until a rate fails, then halves the gap (on a logarithmic scale) between the
// highest rate that passed and the lowest that failed, until they are within `precision`.
class RateSearch {
 public:
  // REQUIRES: 0 < first <= max, growth > 1, precision > 0
  RateSearch(double first, double max, double growth, double precision)
      : max_(max), growth_(growth), precision_(precision), next_(first) {}

  // Nothing when the search is over.
  std::optional<double> next() const { return given(next_); }

  // The outcome at next().
  void passed() {
    best_ = next_;
    settle();
  }
  void failed() {
    if (first_failed_ == 0) first_failed_ = next_;
    failed_ = next_;
    settle();
  }
  // The rate that had been found did not hold when it was tried for longer: search below it again.
  void reject_best() {
    failed_ = best_;
    best_ = 0;
    next_ = failed_ / (1 + 2 * precision_);
  }

  std::optional<double> best() const { return given(best_); }  // highest that passed
  std::optional<double> lowest_failed() const { return given(failed_); }

 private:
  // Below that share of the first rate that failed nothing is looked for.
  static constexpr double kGiveUp = 1.0 / 1024;

  static std::optional<double> given(double rate) {
    return rate > 0 ? std::optional<double>(rate) : std::nullopt;
  }

  void settle() {
    if (best_ == 0) {
      next_ = failed_ / growth_ / growth_;
      if (next_ < first_failed_ * kGiveUp) next_ = 0;
    } else if (failed_ == 0) {
      next_ = best_ >= max_ ? 0 : std::min(best_ * growth_, max_);
    } else {
      next_ = failed_ / best_ <= 1 + precision_ ? 0 : std::sqrt(best_ * failed_);
    }
  }

  double max_, growth_, precision_;
  // 0: there is none.
  double next_, best_ = 0, failed_ = 0, first_failed_ = 0;
};

}  // namespace mq
