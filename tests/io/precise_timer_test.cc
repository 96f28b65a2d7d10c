#include "io/precise_timer.h"

#include <algorithm>
#include <vector>

#include "io/harness.h"
#include "io/loop.h"

namespace mq::test {
namespace {

TEST_CASE("a precise timer rings as often as it is set and never early") {
  Loop loop;
  std::vector<Duration> late;
  Time due = loop.read_clock().mono + 100us;
  PreciseTimer timer(loop, [&](Now now) {
    late.push_back(now.mono - due);
    if (late.size() == 100) return;
    due += 300us;
    timer.set(due);
  });
  timer.set(due);
  loop.run();
  REQUIRE(late.size() == 100);
  CHECK(*std::ranges::min_element(late) >= Duration(0));
}

TEST_CASE("a precise timer that is past is due at once, one that is cancelled never") {
  Loop loop;
  int rang = 0;
  PreciseTimer timer(loop, [&](Now) { ++rang; });
  timer.set(Time(Duration(0)));
  loop.run();
  CHECK(rang == 1);
  CHECK(timer.at() == kNever);
  timer.set(loop.read_clock().mono + 1ms);
  timer.set(kNever);
  loop.run();
  CHECK(rang == 1);
}

TEST_CASE("a precise timer can be moved, both ways") {
  Loop loop;
  Time rang{};
  PreciseTimer timer(loop, [&](Now now) { rang = now.mono; });
  const Time start = loop.read_clock().mono;
  timer.set(start + 1h);
  timer.set(start + 1ms);
  timer.set(start + 3ms);
  loop.run();
  CHECK(rang >= start + 3ms);
}

}  // namespace
}  // namespace mq::test
