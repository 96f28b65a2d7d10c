#include "mqbench/progress_line.h"

#include <doctest/doctest.h>

using namespace mq;
using namespace std::chrono_literals;

TEST_CASE("progress line: rates since the last one") {
  const Time start{100s};
  ProgressLine line(start, 60s);
  CHECK(line.next({1000, 900, 100}, start + 1s) ==
        "1s/60s  sent 1.00k/s  received 900/s  under way 100");
  CHECK(line.next({1500, 1500, 0}, start + 3s) ==
        "3s/60s  sent 250/s  received 300/s  under way 0");
}

TEST_CASE("progress line: without an end") {
  ProgressLine line(Time{}, 0s);
  CHECK(line.next({0, 5, 0}, Time{10s}) == "10s  sent 0/s  received 0.5/s  under way 0");
}
