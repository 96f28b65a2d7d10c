// What writing is expected to cost.
#include <doctest/doctest.h>

#include "store/write_cost.h"

using namespace mq;
using namespace std::chrono_literals;

TEST_CASE("the cost of a sync is that of the last small transaction") {
  WriteCost cost;
  CHECK(cost.of(0) == 0ns);
  cost.written(100, 5ms);
  CHECK(cost.of(0) == 5ms);
  cost.written(200, 3ms);
  CHECK(cost.of(0) == 3ms);
  CHECK(cost.of(1 << 20) > 3ms);
}

TEST_CASE("the cost of a byte follows what was measured, a single delay counts for a quarter") {
  WriteCost cost;
  const auto before = cost.of(1'000'000);
  cost.written(1'000'000, 1003ms);  // a thousand times what is expected of it
  const auto once = cost.of(1'000'000);
  CHECK(once > before);
  CHECK(once < 300ms);
  for (int i = 0; i < 50; ++i) {
    cost.written(1'000'000, 2ms);
    cost.folded(1'000'000, 4ms);
  }
  CHECK(cost.of(1'000'000) > 5ms);
  CHECK(cost.of(1'000'000) < 7ms);
  CHECK(cost.of(2'000'000) > 11ms);
}

TEST_CASE("a large transaction that was quicker than a sync says nothing") {
  WriteCost cost;
  cost.written(10, 8ms);
  const auto before = cost.of(1'000'000);
  cost.written(1'000'000, 1ms);
  CHECK(cost.of(1'000'000) == before);
}
