#include "mqbench/rate_search.h"

#include <doctest/doctest.h>

using namespace mq;

namespace {

// Searches against a broker that sustains just `capacity`; gives the steps that it took.
int search(RateSearch& search, double capacity) {
  int steps = 0;
  while (const auto rate = search.next()) {
    REQUIRE(++steps < 100);
    if (*rate <= capacity) {
      search.passed();
    } else {
      search.failed();
    }
  }
  return steps;
}

}  // namespace

TEST_CASE("rate search: finds any capacity to the precision") {
  for (double capacity = 40; capacity < 1e6; capacity *= 1.37) {
    CAPTURE(capacity);
    RateSearch s(1000, 1e9, 1.5, 0.05);
    CHECK(search(s, capacity) < 30);
    REQUIRE(s.best());
    CHECK(*s.best() <= capacity);
    CHECK(*s.best() * 1.05 >= capacity);
    CHECK(*s.lowest_failed() > capacity);
  }
}

TEST_CASE("rate search: no higher than the maximum") {
  RateSearch s(1000, 5000, 1.5, 0.05);
  search(s, 1e9);
  CHECK(s.best() == 5000.0);
  CHECK_FALSE(s.lowest_failed());
}

TEST_CASE("rate search: gives up when nothing passes") {
  RateSearch s(1000, 1e9, 1.5, 0.05);
  CHECK(search(s, 0) < 20);
  CHECK_FALSE(s.best());
}

TEST_CASE("rate search: a rate that did not hold is searched below") {
  RateSearch s(1000, 1e9, 1.5, 0.05);
  search(s, 30'000);
  const double found = *s.best();
  s.reject_best();
  search(s, found * 0.9);
  REQUIRE(s.best());
  CHECK(*s.best() <= found * 0.9);
  CHECK(*s.best() * 1.05 >= found * 0.9);
}
