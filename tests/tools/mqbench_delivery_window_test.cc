#include "mqbench/delivery_window.h"

#include <doctest/doctest.h>

using namespace mq;

TEST_CASE("delivery window: a message is under way until every subscriber has it") {
  const LoadPlan plan = *LoadPlan::make(Pattern::kFanOut, 2, 3, "t", "r");
  DeliveryWindow window(plan, 10);
  CHECK(window.room(0, 0) == 10);
  CHECK(window.room(0, 4) == 6);
  CHECK(window.room(0, 10) == 0);
  CHECK(window.room(0, 11) == 0);
  window.delivered(0);
  window.delivered(0);
  CHECK(window.room(0, 10) == 0);
  window.delivered(0);
  CHECK(window.room(0, 10) == 1);
  CHECK(window.room(1, 10) == 0);
}

TEST_CASE("delivery window: without subscribers there is nothing to wait for") {
  const LoadPlan plan = *LoadPlan::make(Pattern::kP2p, 2, 0, "t/{i}", "r");
  DeliveryWindow window(plan, 10);
  CHECK(window.room(1, 1'000'000) > 1000);
}
