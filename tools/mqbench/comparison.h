// Whether two sets of measurements differ.
#pragma once

#include <cstddef>
#include <vector>

namespace mq {

struct Comparison {
  double median_a = 0, median_b = 0;
  // Of the difference B - A as a share of A: what was found, and where 95 % of resampled data lie.
  double change = 0, low = 0, high = 0;
  double p = 1;  // Mann and Whitney's, two-sided: how likely it is that far apart by chance
  bool differs = false;
};

// From fewer values than that on a side nothing is concluded.
inline constexpr size_t kComparableMin = 5;

// REQUIRES: neither is empty
Comparison compare(const std::vector<double>& a, const std::vector<double>& b);

// The probability of a rank sum as extreme as that of `a` against `b`, if there were no difference;
// exact without ties.
double mann_whitney(const std::vector<double>& a, const std::vector<double>& b);

}  // namespace mq
