#include "session/inbound_qos2.h"

#include <set>

#include <doctest/doctest.h>

#include "base/random.h"

using namespace mq;

TEST_CASE(
    "[MQTT-4.3.3-10] [MQTT-4.3.3-12] an identifier is new until it is there, and again after") {
  InboundQos2 ids;
  CHECK(ids.insert(7));
  CHECK_FALSE(ids.insert(7));
  CHECK(ids.contains(7));
  CHECK(ids.erase(7));
  CHECK_FALSE(ids.erase(7));
  CHECK_FALSE(ids.contains(7));
  CHECK(ids.insert(7));
}

TEST_CASE("it holds what a set holds, sorted") {
  Random random(3);
  InboundQos2 ids;
  std::set<uint16_t> model;
  for (int i = 0; i < 20'000; ++i) {
    const auto id = static_cast<uint16_t>(1 + random.below(300));
    const bool same = random.chance(0.5) ? ids.insert(id) == model.insert(id).second
                                         : ids.erase(id) == (model.erase(id) == 1);
    if (!same || ids.size() != model.size()) FAIL("step " << i << ", identifier " << id);
  }
  CHECK(std::equal(ids.ids().begin(), ids.ids().end(), model.begin(), model.end()));
  ids.clear();
  CHECK(ids.size() == 0);
}

TEST_CASE("all 65535 identifiers fit") {
  InboundQos2 ids;
  for (uint32_t id = 65'535; id >= 1; --id) ids.insert(static_cast<uint16_t>(id));
  CHECK(ids.size() == 65'535);
  CHECK_FALSE(ids.insert(1));
  CHECK_FALSE(ids.insert(65'535));
}
