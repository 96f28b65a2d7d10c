#include "mqbench/sink_faults.h"

#include <vector>

#include <doctest/doctest.h>

using namespace mq;
using namespace std::chrono_literals;

namespace {

// The numbers, from 1, of the messages among `count` for which `is` holds.
template <class Is>
std::vector<int> numbers(const SinkFaults& faults, int count, Is is) {
  FaultPlan plan(faults);
  std::vector<int> found;
  for (int i = 1; i <= count; ++i) {
    if (is(plan.next())) found.push_back(i);
  }
  return found;
}

bool lost(FaultPlan::Fate fate) {
  return fate.copies == 0;
}
bool doubled(FaultPlan::Fate fate) {
  return fate.copies == 2;
}
bool swapped(FaultPlan::Fate fate) {
  return fate.swapped;
}
bool usual(FaultPlan::Fate fate) {
  return fate.copies == 1 && !fate.swapped;
}

constexpr Time kStart{1000s};

}  // namespace

TEST_CASE("sink faults: every n-th message") {
  CHECK(numbers({}, 100, usual).size() == 100);
  CHECK(numbers({.drop_every = 3}, 10, lost) == std::vector{3, 6, 9});
  CHECK(numbers({.duplicate_every = 4}, 10, doubled) == std::vector{4, 8});
  CHECK(numbers({.swap_every = 5}, 10, swapped) == std::vector{5, 10});
  const auto corrupt = [](const FaultPlan::Fate& fate) { return fate.corrupt; };
  CHECK(numbers({.corrupt_every = 5}, 10, corrupt) == std::vector{5, 10});
  CHECK(numbers({.swap_every = 5, .corrupt_every = 5}, 10, corrupt).empty());
}

TEST_CASE("sink faults: one fault a message, the graver first") {
  const SinkFaults all{.drop_every = 4, .duplicate_every = 2, .swap_every = 1};
  CHECK(numbers(all, 8, lost) == std::vector{4, 8});
  CHECK(numbers(all, 8, doubled) == std::vector{2, 6});
  CHECK(numbers(all, 8, swapped) == std::vector{1, 3, 5, 7});
}

TEST_CASE("sink faults: delay") {
  FaultPlan plan({.delay = 5ms});
  CHECK(plan.due(kStart) == kStart + 5ms);
  CHECK(plan.due(kStart + 1ms) == kStart + 6ms);
}

TEST_CASE("sink faults: capacity spaces messages out, and what is idle is not saved up") {
  FaultPlan plan({.capacity = 1000});
  CHECK(plan.due(kStart) == kStart);
  CHECK(plan.due(kStart) == kStart + 1ms);
  CHECK(plan.due(kStart) == kStart + 2ms);
  CHECK(plan.due(kStart + 1s) == kStart + 1s);
  CHECK(plan.due(kStart + 1s) == kStart + 1001ms);
}

TEST_CASE("sink faults: a stall, from the first message") {
  FaultPlan plan({.stall_after = 1s, .stall_for = 2s});
  CHECK(plan.due(kStart) == kStart);
  CHECK(plan.due(kStart + 999ms) == kStart + 999ms);
  CHECK(plan.due(kStart + 1s) == kStart + 3s);
  CHECK(plan.due(kStart + 2999ms) == kStart + 3s);
  CHECK(plan.due(kStart + 3s) == kStart + 3s);
  CHECK(plan.due(kStart + 4s) == kStart + 4s);
}

TEST_CASE("sink faults: what waits is served in order") {
  FaultPlan plan({.delay = 10ms, .capacity = 100});
  CHECK(plan.due(kStart) == kStart + 10ms);
  CHECK(plan.due(kStart + 1ms) == kStart + 20ms);
  CHECK(plan.due(kStart + 100ms) == kStart + 110ms);
}
