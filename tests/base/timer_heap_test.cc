#include "base/timer_heap.h"

#include <array>
#include <map>
#include <vector>

#include <doctest/doctest.h>

#include "base/random.h"

using namespace mq;

namespace {

struct Owner {
  int id = 0;
  TimerNode timer;
  TimerNode other_timer;
};
using Timers = TimerHeap<Owner, &Owner::timer>;

Time at(int64_t ns) {
  return Time(Duration(ns));
}

}  // namespace

TEST_CASE("an empty heap has no deadline") {
  Timers timers;
  CHECK(timers.empty());
  CHECK(timers.next() == kNever);
  CHECK(timers.pop_due(kNever) == nullptr);
}

TEST_CASE("owners come out by deadline, and only when due") {
  Timers timers;
  Owner a, b, c;
  timers.set(a, at(30));
  timers.set(b, at(10));
  timers.set(c, at(20));
  CHECK(timers.next() == at(10));
  CHECK(timers.pop_due(at(9)) == nullptr);
  CHECK(timers.pop_due(at(10)) == &b);
  CHECK(!b.timer.armed());
  CHECK(timers.pop_due(at(10)) == nullptr);
  CHECK(timers.pop_due(at(100)) == &c);
  CHECK(timers.pop_due(at(100)) == &a);
  CHECK(timers.empty());
}

TEST_CASE("setting again moves the deadline, both ways") {
  Timers timers;
  Owner a, b;
  timers.set(a, at(10));
  timers.set(b, at(20));
  timers.set(a, at(30));
  CHECK(timers.next() == at(20));
  timers.set(a, at(5));
  CHECK(timers.next() == at(5));
  CHECK(timers.size() == 2);
}

TEST_CASE("a deadline of never is none") {
  Timers timers;
  Owner a;
  timers.set(a, kNever);
  CHECK(!a.timer.armed());
  timers.set(a, at(1));
  timers.set(a, kNever);
  CHECK(!a.timer.armed());
  CHECK(timers.empty());
}

TEST_CASE("cancelling an owner that has no deadline does nothing") {
  Timers timers;
  Owner a;
  timers.cancel(a);
  CHECK(!a.timer.armed());
}

TEST_CASE("an owner may be in two heaps") {
  Timers timers;
  TimerHeap<Owner, &Owner::other_timer> others;
  Owner a;
  timers.set(a, at(1));
  others.set(a, at(2));
  CHECK(timers.pop_due(at(1)) == &a);
  CHECK(a.other_timer.armed());
  CHECK(others.next() == at(2));
}

TEST_CASE("a heap agrees with a sorted map after any sequence of operations") {
  Random random(11);
  std::array<Owner, 100> owners;
  Timers timers;
  std::map<Owner*, int64_t> expected;
  for (int i = 0; i < 50'000; ++i) {
    Owner& owner = owners[random.below(owners.size())];
    if (random.chance(0.6)) {
      const auto deadline = static_cast<int64_t>(random.below(1000));
      timers.set(owner, at(deadline));
      expected[&owner] = deadline;
    } else if (random.chance(0.5)) {
      timers.cancel(owner);
      expected.erase(&owner);
    } else {
      const auto now = static_cast<int64_t>(random.below(1000));
      int64_t earliest = INT64_MAX;
      for (const auto& [other, deadline] : expected) earliest = std::min(earliest, deadline);
      Owner* due = timers.pop_due(at(now));
      REQUIRE((due != nullptr) == (earliest <= now));
      if (due != nullptr) {
        REQUIRE(expected.at(due) == earliest);
        expected.erase(due);
      }
    }
    REQUIRE(timers.size() == expected.size());
  }
}

TEST_CASE("adding to a time stops at never") {
  CHECK(add(at(5), Duration(6)) == at(11));
  CHECK(add(at(5), Duration::max()) == kNever);
  CHECK(add(kNever, Duration(1)) == kNever);
  CHECK(add(kNever - Duration(1), Duration(1)) == kNever);
}
