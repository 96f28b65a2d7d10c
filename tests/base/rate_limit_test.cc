#include "base/rate_limit.h"

#include <doctest/doctest.h>

using namespace mq;
using namespace std::chrono_literals;

namespace {

Time at(Duration since_start) {
  return Time(1h + since_start);
}

}  // namespace

TEST_CASE("a full bucket holds a second's worth, and fills evenly") {
  RateLimit limit;
  for (int i = 0; i < 4; ++i) {
    CHECK(limit.ready_at() < at(0s));
    limit.take(1, 4, at(0s));
  }
  CHECK(limit.ready_at() == at(0s));  // empty, and ready for one more: that one is waited for
  limit.take(1, 4, at(0s));
  CHECK(limit.ready_at() == at(250ms));
  limit.take(2, 4, at(250ms));
  CHECK(limit.ready_at() == at(750ms));
}

TEST_CASE("a bucket does not fill beyond its size") {
  RateLimit limit;
  limit.take(10, 10, at(0s));
  limit.take(10, 10, at(1h));
  CHECK(limit.ready_at() == at(1h));
}

TEST_CASE("more than a bucket holds becomes a debt") {
  RateLimit limit;
  limit.take(1'000, 100, at(0s));
  CHECK(limit.ready_at() == at(9s));
}

TEST_CASE("the fastest and the slowest rate, the largest packet") {
  RateLimit fast, slow;
  fast.take(1, 1'000'000'000, at(0s));
  CHECK(fast.ready_at() == at(1ns) - 1s);
  slow.take(268'435'460, 1, at(0s));
  CHECK(slow.ready_at() == at(268'435'459s));
  for (int i = 0; i < 100; ++i) slow.take(268'435'460, 1, at(0s));
  CHECK(slow.ready_at() > at(0s));  // no overflow
}
