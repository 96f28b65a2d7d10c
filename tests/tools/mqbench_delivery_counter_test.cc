#include "mqbench/delivery_counter.h"

#include <doctest/doctest.h>

using namespace mq;

TEST_CASE("delivery counter: each publisher has its own") {
  DeliveryCounter counter(2);
  counter.delivered(0);
  counter.delivered(0);
  CHECK(counter.deliveries(0) == 2);
  CHECK(counter.deliveries(1) == 0);
}
