#include "mqbench/comparison.h"

#include <algorithm>
#include <cassert>
#include <cmath>

#include "base/random.h"

namespace mq {
namespace {

constexpr int kResamples = 2000;
constexpr double kSignificant = 0.05;
constexpr uint64_t kSeed = 1;  // the same files give the same answer every time

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  if (values.size() % 2 == 1) return *middle;
  return (*middle + *std::max_element(values.begin(), middle)) / 2;
}

std::vector<double> resample(const std::vector<double>& values, Random& random) {
  std::vector<double> drawn(values.size());
  for (double& value : drawn) value = values[random.below(values.size())];
  return drawn;
}

}  // namespace

double mann_whitney(const std::vector<double>& a, const std::vector<double>& b) {
  const size_t m = a.size(), n = b.size();
  double u = 0;  // pairs in which a is the larger
  for (const double x : a) {
    for (const double y : b) u += x > y ? 1 : x == y ? 0.5 : 0;
  }
  const auto extreme = static_cast<size_t>(std::floor(std::min(u, static_cast<double>(m * n) - u)));
  // ways[j][s]: choices of j of the b values looked at so far whose ranks make up s, as numbers of
  // arrangements with that U; built up one value of `a` at a time.
  std::vector<std::vector<double>> ways(n + 1, std::vector<double>(m * n + 1, 0));
  for (auto& row : ways) row[0] = 1;
  for (size_t i = 1; i <= m; ++i) {
    std::vector<std::vector<double>> next(n + 1, std::vector<double>(m * n + 1, 0));
    next[0][0] = 1;
    for (size_t j = 1; j <= n; ++j) {
      for (size_t s = 0; s <= i * j; ++s) {
        // The largest of i + j values is one of b's (and beats no pair), or of a's and beats j.
        next[j][s] = next[j - 1][s] + (s >= j ? ways[j][s - j] : 0);
      }
    }
    ways = std::move(next);
  }
  double all = 0, tail = 0;
  for (size_t s = 0; s <= m * n; ++s) {
    all += ways[n][s];
    if (s <= extreme) tail += ways[n][s];
  }
  return std::min(1.0, 2 * tail / all);
}

Comparison compare(const std::vector<double>& a, const std::vector<double>& b) {
  assert(!a.empty() && !b.empty());
  Comparison to;
  to.median_a = median(a);
  to.median_b = median(b);
  const auto change = [](double from, double into) { return from > 0 ? into / from - 1 : 0; };
  to.change = change(to.median_a, to.median_b);
  Random random(kSeed);
  std::vector<double> changes;
  for (int i = 0; i < kResamples; ++i) {
    const double from = median(resample(a, random));
    changes.push_back(change(from, median(resample(b, random))));
  }
  std::ranges::sort(changes);
  to.low = changes[kResamples * 25 / 1000];
  to.high = changes[kResamples * 975 / 1000];
  to.p = mann_whitney(a, b);
  to.differs = std::min(a.size(), b.size()) >= kComparableMin && to.p < kSignificant &&
               (to.low > 0 || to.high < 0);
  return to;
}

}  // namespace mq
