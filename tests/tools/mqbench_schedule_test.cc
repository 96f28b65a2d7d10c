#include "mqbench/schedule.h"

#include <cstdint>
#include <numeric>
#include <vector>

#include <doctest/doctest.h>

using namespace mq;
using namespace std::chrono_literals;

namespace {
constexpr Time kStart{1000s};
}

TEST_CASE("schedule: messages are shared out to the last one") {
  for (const uint64_t messages : {0, 1, 6, 7, 8, 600'001}) {
    const Schedule schedule(kStart, 1000, messages, 7);
    uint64_t sum = 0;
    for (uint32_t p = 0; p < 7; ++p) sum += schedule.messages_of(p);
    CHECK(sum == messages);
  }
  const Schedule schedule(kStart, 1000, 8, 7);
  CHECK(schedule.messages_of(0) == 2);
  CHECK(schedule.messages_of(6) == 1);
}

TEST_CASE("schedule: evenly in time, publisher after publisher, without drift") {
  const Schedule schedule(kStart, 3000, UINT64_MAX, 3);
  CHECK(schedule.planned(0, 0) == kStart);
  CHECK(schedule.planned(1, 0) == kStart + 333'333ns);
  CHECK(schedule.planned(2, 0) == kStart + 666'667ns);
  CHECK(schedule.planned(0, 1) == kStart + 1ms);
  CHECK(schedule.planned(0, 1'000'000'000) == kStart + 1'000'000s);
  CHECK(schedule.planned(2, 1'000'000'000) == kStart + 1'000'000s + 666'667ns);
}

TEST_CASE("schedule: slow rates") {
  const Schedule schedule(kStart, 0.1, 10, 1);
  CHECK(schedule.planned(0, 9) == kStart + 90s);
}

TEST_CASE("pacer: the threads' parts make up the whole, in order") {
  constexpr uint32_t kPublishers = 10, kThreads = 3;
  const Schedule schedule(kStart, 12'345, 1007, kPublishers);
  std::vector<uint64_t> sent(kPublishers);
  for (uint32_t thread = 0; thread < kThreads; ++thread) {
    std::vector<uint32_t> mine;
    for (uint32_t p = thread; p < kPublishers; p += kThreads) mine.push_back(p);
    Pacer pacer(schedule, mine);
    Time last = kStart;
    while (pacer.next() != kNever) {
      const Time now = pacer.next();
      CHECK(now >= last);
      last = now;
      pacer.advance(now, [&](size_t i) {
        CHECK(schedule.planned(mine[i], sent[mine[i]]) == now);
        ++sent[mine[i]];
      });
      CHECK(pacer.next() > now);
    }
  }
  for (uint32_t p = 0; p < kPublishers; ++p) CHECK(sent[p] == schedule.messages_of(p));
}

TEST_CASE("pacer: after a stall everything that was missed is due at once") {
  const Schedule schedule(kStart, 1000, 5000, 2);
  Pacer pacer(schedule, {0, 1});
  std::vector<int> due(2);
  pacer.advance(kStart - 1ns, [&](size_t i) { ++due[i]; });
  CHECK(due == std::vector<int>{0, 0});
  pacer.advance(kStart + 1s, [&](size_t i) { ++due[i]; });
  CHECK(due == std::vector<int>{501, 500});
  pacer.advance(kStart + 1h, [&](size_t i) { ++due[i]; });
  CHECK(due == std::vector<int>{2500, 2500});
  CHECK(pacer.next() == kNever);
}

TEST_CASE("pacer: fewer messages than publishers, and nobody to pace") {
  const Schedule schedule(kStart, 1000, 2, 5);
  Pacer pacer(schedule, {1, 3});
  int due = 0;
  pacer.advance(kStart + 1s, [&](size_t i) {
    CHECK(i == 0);
    ++due;
  });
  CHECK(due == 1);
  CHECK(pacer.next() == kNever);
  CHECK(Pacer(schedule, {}).next() == kNever);
}
