#include "session/inflight.h"

#include <vector>

#include <doctest/doctest.h>

using namespace mq;
using State = InflightEntry::State;

namespace {

InflightEntry entry(State state, uint32_t aux = 0) {
  return {nullptr, aux, 0x32, state};
}

// Identifiers that for_each() visits.
std::vector<uint16_t> waiting(Inflight& inflight) {
  std::vector<uint16_t> ids;
  inflight.for_each([&](uint16_t id, InflightEntry&) { ids.push_back(id); });
  return ids;
}

}  // namespace

TEST_CASE("identifiers ascend from 1 and are found again") {
  Inflight inflight;
  CHECK(inflight.empty());
  CHECK(inflight.find(1) == nullptr);
  for (uint16_t id = 1; id <= 5; ++id) {
    CHECK(inflight.next_id() == id);
    CHECK(inflight.add(entry(State::kPublishSent, 100u + id)) == id);
  }
  CHECK(inflight.find(0) == nullptr);
  CHECK(inflight.find(6) == nullptr);
  REQUIRE(inflight.find(3) != nullptr);
  CHECK(inflight.find(3)->aux == 103);
}

TEST_CASE("an entry that is done keeps its place until everything before it is done") {
  Inflight inflight;
  for (int i = 0; i < 4; ++i) inflight.add(entry(State::kPublishSent));
  inflight.finish(*inflight.find(2));
  inflight.finish(*inflight.find(4));
  CHECK(inflight.find(2) == nullptr);
  CHECK(inflight.size() == 4);
  CHECK(inflight.publishes() == 2);
  CHECK(waiting(inflight) == std::vector<uint16_t>{1, 3});
  inflight.finish(*inflight.find(1));
  CHECK(inflight.size() == 2);
  CHECK(inflight.id_at(0) == 3);
  inflight.finish(*inflight.find(3));
  CHECK(inflight.empty());
  CHECK(inflight.add(entry(State::kPublishSent)) == 5);
}

TEST_CASE("only PUBLISH packets count against the window") {
  Inflight inflight;
  inflight.add(entry(State::kSubscribe));
  inflight.add(entry(State::kPublishSent));
  inflight.add(entry(State::kUnsubscribe));
  inflight.add(entry(State::kPubrelSent));
  CHECK(inflight.publishes() == 2);
  inflight.finish(*inflight.find(1));
  inflight.finish(*inflight.find(3));
  CHECK(inflight.publishes() == 2);
  inflight.finish(*inflight.find(4));
  inflight.finish(*inflight.find(2));
  CHECK(inflight.publishes() == 0);
}

TEST_CASE("[MQTT-2.2.1-3] identifiers go round from 65535 to 1 and are never 0") {
  Inflight inflight;
  uint16_t expected = 1;
  for (uint32_t n = 0; n < 3 * 65'535u; ++n) {
    const uint16_t id = inflight.add(entry(State::kPublishSent, n));
    if (id != expected) FAIL("identifier " << id << " instead of " << expected);
    expected = expected == 65'535 ? uint16_t{1} : static_cast<uint16_t>(expected + 1);
    if (Inflight::id_after(id) != expected) FAIL("the one after " << id);
    // Three in flight at a time, so that the window itself goes round.
    if (inflight.size() > 3) {
      InflightEntry* const oldest = inflight.find(inflight.id_at(0));
      if (oldest == nullptr || oldest->aux != n - 3) FAIL("the oldest behind " << id);
      inflight.finish(*oldest);
    }
  }
}

TEST_CASE("all 65535 identifiers can be in flight at a time, wherever they begin") {
  for (const uint32_t start : {0u, 1u, 40'000u, 65'534u}) {
    Inflight inflight;
    for (uint32_t i = 0; i < start; ++i) {
      const uint16_t id = inflight.add(entry(State::kPublishSent));
      inflight.finish(*inflight.find(id));
    }
    CHECK(inflight.room() == 65'535);
    std::vector<bool> seen(65'536);
    for (uint32_t i = 0; i < 65'535; ++i) {
      if (inflight.full()) FAIL("full with " << i);
      const uint16_t id = inflight.add(entry(State::kPublishSent, i));
      if (id == 0 || seen[id]) FAIL("identifier " << id << " in use");
      seen[id] = true;
    }
    CHECK(inflight.full());
    CHECK(inflight.room() == 0);
    uint32_t found = 0;
    while (found < 65'535 && inflight.find(inflight.id_at(found))->aux == found) ++found;
    CHECK(found == 65'535);
    // One in the middle does not make room, the oldest does.
    inflight.finish(*inflight.find(inflight.id_at(1000)));
    CHECK(inflight.full());
    const uint16_t oldest = inflight.id_at(0);
    inflight.finish(*inflight.find(oldest));
    CHECK(inflight.room() == 1);
    CHECK(inflight.add(entry(State::kPublishSent)) == oldest);
  }
}

TEST_CASE("for_each() may finish what it is given") {
  Inflight inflight;
  for (int i = 0; i < 6; ++i) {
    inflight.add(entry(i % 2 == 0 ? State::kSubscribe : State::kPublishSent));
  }
  inflight.for_each([&](uint16_t, InflightEntry& visited) {
    if (visited.state == State::kSubscribe) inflight.finish(visited);
  });
  CHECK(waiting(inflight) == std::vector<uint16_t>{2, 4, 6});
  CHECK(inflight.id_at(0) == 2);
  inflight.for_each([&](uint16_t, InflightEntry& visited) { inflight.finish(visited); });
  CHECK(inflight.empty());
  CHECK(inflight.next_id() == 7);
}

TEST_CASE("finish() and clear() let go of the messages") {
  const size_t before = Message::alive();
  Inflight inflight;
  for (int i = 0; i < 3; ++i) {
    inflight.add({Message::make({.topic = "a"}), 0, 0x32, State::kPublishSent});
  }
  inflight.finish(*inflight.find(2));
  CHECK(Message::alive() == before + 2);
  inflight.clear();
  CHECK(Message::alive() == before);
  CHECK(inflight.publishes() == 0);
  CHECK(inflight.next_id() == 1);
}
