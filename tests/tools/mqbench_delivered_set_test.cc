#include "mqbench/delivered_set.h"

#include <set>

#include <doctest/doctest.h>

#include "base/random.h"

using namespace mq;

TEST_CASE("delivered: as a set, in whatever order") {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    Random random(seed);
    DeliveredSet set;
    std::set<uint64_t> all;
    for (uint64_t i = 0; i < 5000; ++i) {
      const uint64_t sequence = i / 2 + random.below(500);
      CHECK(set.insert(sequence) == all.insert(sequence).second);
      CHECK(set.size() == all.size());
      CHECK(set.next() == *all.rbegin() + 1);
    }
  }
}

TEST_CASE("delivered: exact to the edge of the window") {
  constexpr uint64_t kWindow = DeliveredSet::kWindow;
  DeliveredSet set;
  CHECK(set.insert(1));
  CHECK(set.insert(kWindow - 1));
  CHECK(set.insert(0));
  CHECK_FALSE(set.insert(1));
  CHECK(set.insert(2));
  CHECK_FALSE(set.insert(2));
  CHECK(set.insert(kWindow + 63));  // 3 is now out of the window, and missing with 60 others
  CHECK(set.insert(3));
  for (int i = 0; i < 60; ++i) CHECK(set.insert(3));  // which of them is not known any more
  CHECK_FALSE(set.insert(3));
  CHECK(set.size() == 66);
}

TEST_CASE("delivered: a jump over more than the window") {
  DeliveredSet set;
  CHECK(set.insert(0));
  const uint64_t far = 10 * DeliveredSet::kWindow + 7;
  CHECK(set.insert(far));
  CHECK_FALSE(set.insert(far));
  CHECK(set.insert(far - 1));
  CHECK(set.insert(1));  // one of those that are missing
  CHECK(set.next() == far + 1);
  CHECK(set.size() == 4);
}
