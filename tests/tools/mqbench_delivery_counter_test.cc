#include "mqbench/delivery_counter.h"

#include <doctest/doctest.h>

using namespace mq;

TEST_CASE("delivery counter: a message has arrived when every subscriber has it") {
  const LoadPlan plan = *LoadPlan::make(Pattern::kFanOut, 2, 3, "t", "r");
  DeliveryCounter counter(plan);
  CHECK(counter.arrived(0) == 0);
  counter.delivered(0);
  counter.delivered(0);
  CHECK(counter.arrived(0) == 0);
  counter.delivered(0);
  CHECK(counter.arrived(0) == 1);
  CHECK(counter.arrived(1) == 0);
}
