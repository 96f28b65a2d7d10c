#include "mqbench/comparison.h"

#include <doctest/doctest.h>

#include "base/random.h"

using namespace mq;

namespace {

// Around `middle`, with a spread of a tenth.
std::vector<double> noise(double middle, size_t count, uint64_t seed) {
  Random random(seed);
  std::vector<double> values;
  for (size_t i = 0; i < count; ++i) values.push_back(middle * (0.9 + 0.2 * random.unit()));
  return values;
}

}  // namespace

TEST_CASE("comparison: exact probabilities of Mann and Whitney") {
  // All of one side below the other: 2 of the C(m + n, m) orders are that extreme.
  CHECK(mann_whitney({1, 2, 3}, {4, 5, 6}) == doctest::Approx(2.0 / 20));
  CHECK(mann_whitney({4, 5, 6}, {1, 2, 3}) == doctest::Approx(2.0 / 20));
  CHECK(mann_whitney({1, 2, 3, 4, 5}, {6, 7, 8, 9, 10}) == doctest::Approx(2.0 / 252));
  CHECK(mann_whitney({1, 2}, {3, 4, 5}) == doctest::Approx(2.0 / 10));
  // U = 1: the orders with U of 0 and 1 are 1 + 1.
  CHECK(mann_whitney({1, 2, 4}, {3, 5, 6}) == doctest::Approx(4.0 / 20));
  CHECK(mann_whitney({1, 4}, {2, 3}) == 1.0);
  CHECK(mann_whitney({7, 7}, {7, 7}) == 1.0);
}

TEST_CASE("comparison: a difference that is there is found, with its interval") {
  const Comparison c = compare(noise(100, 10, 1), noise(150, 10, 2));
  CHECK(c.differs);
  CHECK(c.change == doctest::Approx(0.5).epsilon(0.3));
  CHECK(c.low > 0.3);
  CHECK(c.high < 0.7);
  CHECK(c.low <= c.change);
  CHECK(c.change <= c.high);
}

TEST_CASE("comparison: the same thing twice seldom differs") {
  int found = 0;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    found += compare(noise(100, 10, 2 * seed + 10), noise(100, 10, 2 * seed + 11)).differs ? 1 : 0;
  }
  CHECK(found <= 10);  // 5 are to be expected
}

TEST_CASE("comparison: too few values decide nothing") {
  CHECK_FALSE(compare({1, 1, 1, 1}, {9, 9, 9, 9}).differs);
  CHECK(compare({1, 1, 1, 1, 1}, {9, 9, 9, 9, 9}).differs);
}
