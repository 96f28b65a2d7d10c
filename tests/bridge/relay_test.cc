#include "bridge/relay.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <set>

#include "bridge/relay_world.h"
#include "session/via.h"

using namespace mq;
using namespace mq::test;
using enum BridgeDirection;

namespace {

constexpr BridgeEnd kHere = BridgeEnd::kLocal, kThere = BridgeEnd::kRemote;
using Heard = std::vector<std::string>;

RelayWorld::Options both(std::string pattern = "#", Qos qos = Qos::kExactlyOnce) {
  return {.topics = {{std::move(pattern), kBoth, qos}}};
}

// What was heard of TOPIC, as numbers.
std::vector<int> numbers(const Heard& heard, std::string_view topic) {
  std::vector<int> numbers;
  for (const std::string& line : heard) {
    if (line.starts_with(fmt::format("{} ", topic))) {
      numbers.push_back(std::stoi(line.substr(topic.size() + 1)));
    }
  }
  return numbers;
}

std::vector<int> up_to(int count) {
  std::vector<int> numbers;
  for (int i = 0; i < count; ++i) numbers.push_back(i);
  return numbers;
}

bool all_there(std::vector<int> numbers, int count) {
  std::ranges::sort(numbers);
  numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
  return numbers == up_to(count);
}

constexpr int kCount = 120;  // messages of each QoS and direction

// Sends them, with fewer than `rounds` rounds after each, and then what goes wrong.
void exchange(RelayWorld& world, Random& random, uint32_t rounds,
              const std::function<void()>& fault) {
  world.connect_remote();
  world.subscribe(kHere, "there/#", 2);
  world.subscribe(kThere, "here/#", 2);
  for (int i = 0; i < kCount; ++i) {
    for (int qos = 1; qos < 3; ++qos) {
      world.publish(kHere, fmt::format("here/{}", qos), std::to_string(i), qos);
      world.publish(kThere, fmt::format("there/{}", qos), std::to_string(i), qos);
    }
    world.connect_remote();
    world.rounds(static_cast<int>(random.below(rounds)), random.below(200));
    fault();
  }
}

}  // namespace

TEST_CASE("a bridge passes messages on in both directions, with their QoS, and makes no loop") {
  auto options = both();
  SUBCASE("5.0") {}
  SUBCASE("3.1.1 that says it is a bridge") {
    options.version = Version::kV311;
  }
  RelayWorld world(options);
  world.connect_remote();
  world.subscribe(kHere, "#", 2);
  world.subscribe(kThere, "#", 2);
  for (int qos = 0; qos < 3; ++qos) {
    world.publish(kHere, "from/here", std::to_string(qos), qos);
    world.publish(kThere, "from/there", std::to_string(qos), qos);
  }
  world.settle();
  for (const BridgeEnd at : {kHere, kThere}) {
    CHECK(numbers(world.heard(at), "from/here") == up_to(3));
    CHECK(numbers(world.heard(at), "from/there") == up_to(3));
  }
  CHECK(world.relay().passed() == 6);
}

TEST_CASE("a 3.1.1 broker that does not know bridges sends back what it is sent, and no further") {
  auto options = both();
  options.version = Version::kV311;
  options.bridge_bit = false;
  RelayWorld world(options);
  world.connect_remote();
  world.subscribe(kHere, "#", 2);
  world.publish(kHere, "a", "0", 1);
  world.settle();
  CHECK(numbers(world.heard(kHere), "a") == std::vector<int>{0, 0});
  CHECK(world.relay().passed() == 2);
}

TEST_CASE("prefixes are exchanged") {
  RelayWorld world({.topics = {{"#", kBoth, Qos::kAtLeastOnce, "l/", "r/"}}});
  world.connect_remote();
  world.subscribe(kHere, "#", 0);
  world.subscribe(kThere, "#", 0);
  world.publish(kHere, "l/a", "0", 1);
  world.publish(kHere, "x/a", "0", 1);
  world.publish(kThere, "r/b", "0", 1);
  world.settle();
  auto there = world.heard(kThere);
  std::ranges::sort(there);
  CHECK(there == Heard{"r/a 0", "r/b 0"});
  CHECK(numbers(world.heard(kHere), "l/b") == up_to(1));
}

TEST_CASE("what is retained at one end is retained at the other, and taken away again") {
  RelayWorld world(both());
  world.publish(kHere, "old/here", "1", 1, true);
  world.publish(kThere, "old/there", "1", 0, true);
  world.settle();
  world.connect_remote();
  world.settle();
  world.publish(kHere, "new/here", "1", 0, true);
  world.publish(kHere, "gone", "1", 1, true);
  world.settle();
  world.publish(kHere, "gone", "", 1, true);
  world.settle();
  world.subscribe(kHere, "+/+", 0);
  world.subscribe(kThere, "#", 0);
  auto here = world.heard(kHere), there = world.heard(kThere);
  std::ranges::sort(here);
  std::ranges::sort(there);
  CHECK(here == Heard{"new/here 1 retained", "old/here 1 retained", "old/there 1 retained"});
  CHECK(there == here);
}

TEST_CASE("the state is told at both ends, and by the will when the connection is lost") {
  RelayWorld world(both("a"));
  world.subscribe(kHere, "$SYS/broker/connection/#", 0);
  world.subscribe(kThere, "$SYS/broker/connection/#", 0);
  world.connect_remote();
  world.settle();
  const std::string topic = "$SYS/broker/connection/remote/state";
  CHECK(world.heard(kHere).back() == topic + " 1 retained");
  CHECK(world.heard(kThere).back() == topic + " 1 retained");
  world.cut_remote();
  world.settle();
  CHECK(world.heard(kHere).back() == topic + " 0 retained");
  CHECK(world.heard(kThere).back() == topic + " 0 retained");
  world.connect_remote();
  world.settle();
  CHECK(world.heard(kThere).back() == topic + " 1 retained");
  world.relay().say_goodbye(world.now);
  world.settle();
  CHECK(world.heard(kThere).back() == topic + " 0 retained");
}

TEST_CASE("while the other end is away the broker queues, and the bridge holds nothing") {
  RelayWorld world(both());
  world.subscribe(kThere, "#", 2);
  for (int i = 0; i < 100; ++i) world.publish(kHere, "a", std::to_string(i), 1 + i % 2);
  world.publish(kHere, "b", "0", 0);
  world.settle();
  CHECK(world.broker(kHere).queued("local") == 100);
  CHECK(world.session(kThere).queued() == 0);
  world.connect_remote();
  world.settle();
  CHECK(numbers(world.heard(kThere), "a") == up_to(100));
  CHECK(numbers(world.heard(kThere), "b").empty());
  CHECK(world.broker(kHere).queued("local") == 0);
}

TEST_CASE("without a session that lasts nothing is queued") {
  auto options = both();
  options.clean = true;
  RelayWorld world(options);
  world.subscribe(kThere, "#", 2);
  world.publish(kHere, "a", "0", 1);
  world.settle();
  world.connect_remote();
  world.settle();
  CHECK(numbers(world.heard(kThere), "a").empty());
  world.publish(kHere, "a", "1", 1);
  world.settle();
  CHECK(numbers(world.heard(kThere), "a") == std::vector<int>{1});
}

TEST_CASE("nothing is acknowledged here before it is there") {
  RelayWorld world(both());
  world.connect_remote();
  world.settle();
  world.publish(kHere, "a", "0", 1);
  world.publish(kHere, "a", "1", 2);
  // Everything goes but what the remote end has to send or receive.
  world.rounds(20, 0);
  CHECK(world.broker(kHere).queued("local") == 2);
  CHECK(world.session(kThere).queued() == 2);
  world.settle();
  CHECK(world.broker(kHere).queued("local") == 0);
}

TEST_CASE("a message that the other end does not take is lost, is told, and holds up nothing") {
  auto options = both();
  options.remote.payload_max = 10;
  RelayWorld world(options);
  world.connect_remote();
  world.subscribe(kThere, "#", 1);
  world.publish(kHere, "a", "12345678901", 1);
  world.publish(kHere, "a", "2", 1);
  world.settle();
  CHECK(numbers(world.heard(kThere), "a") == std::vector<int>{2});
  CHECK(world.broker(kHere).queued("local") == 0);
  CHECK(world.relay().dropped() == 1);
  const auto notes = world.relay().take_notes();
  REQUIRE(notes.size() == 1);
  CHECK(notes[0].what == Relay::Note::What::kMessageRefused);
  CHECK(notes[0].at == kThere);
}

TEST_CASE("a broker with less QoS, or without retained messages, gets what it can take") {
  auto options = both();
  SUBCASE("nothing retained") {
    options.remote.retain_available = false;
  }
  SUBCASE("QoS 0") {
    options.remote.qos_max = Qos::kAtMostOnce;
  }
  SUBCASE("neither") {
    options.remote.retain_available = false;
    options.remote.qos_max = Qos::kAtMostOnce;
  }
  RelayWorld world(options);
  // It refuses the will, and is asked again for one that it can take.
  world.subscribe(kThere, "$SYS/broker/connection/#", 1);
  world.subscribe(kThere, "#", 1);
  world.connect_remote();
  world.settle();
  CHECK(world.relay().established());
  world.publish(kHere, "a", "1", 1, options.remote.retain_available);
  world.settle();
  CHECK(numbers(world.heard(kThere), "a") == std::vector<int>{1});
  CHECK(world.broker(kHere).queued("local") == 0);
  world.cut_remote();
  world.settle();
  CHECK(world.heard(kThere).back().starts_with("$SYS/broker/connection/remote/state 0"));
}

TEST_CASE("what a message says of its way, and where it does not go again") {
  RelayWorld world(both());
  world.connect_remote();
  world.subscribe(kHere, "#", 1);
  world.subscribe(kThere, "#", 1);
  PropertyList properties;
  properties.add_user("a", "b");
  SUBCASE("from elsewhere, it goes on and says where it leaves") {
    properties.add_user(kVia, "ELSEWHERE");
    world.publish(kHere, "a", "1", 1, false, properties.view());
    world.settle();
    CHECK(world.way(kThere) == "ELSEWHERE HERE ");
    world.publish(kThere, "b", "1", 2, false, properties.view());
    world.settle();
    CHECK(world.way(kHere) == "ELSEWHERE THERE ");
    CHECK(world.relay().passed() == 2);
  }
  SUBCASE("what has been there does not go there again") {
    properties.add_user(kVia, "THERE");
    world.publish(kHere, "a", "1", 1, false, properties.view());
    world.publish(kHere, "a", "2", 0, false, properties.view());
  }
  SUBCASE("what has come back to where it left does not leave again") {
    properties.add_user(kVia, "HERE");
    world.publish(kHere, "a", "1", 2, false, properties.view());
    world.publish(kHere, "a", "2", 2, false, properties.view());
  }
  SUBCASE("what has been here does not come again") {
    properties.add_user(kVia, "HERE");
    world.publish(kThere, "b", "1", 2, false, properties.view());
    world.publish(kThere, "b", "2", 2, false, properties.view());
  }
  const uint64_t passed = world.relay().passed();
  world.settle();
  // It is acknowledged, and is told once.
  CHECK(world.broker(kHere).queued("local") == 0);
  CHECK(world.broker(kThere).queued("remote") == 0);
  const auto notes = world.relay().take_notes();
  if (passed == 0) {
    REQUIRE(notes.size() == 1);
    CHECK(notes[0].what == Relay::Note::What::kCircle);
    CHECK(world.relay().passed() == 0);
  } else {
    CHECK(notes.empty());
  }
}

TEST_CASE("RETAIN can be taken off what goes out") {
  auto options = both();
  options.outgoing_retain = false;
  RelayWorld world(options);
  world.connect_remote();
  world.settle();
  world.publish(kHere, "out", "1", 1, true);
  world.publish(kThere, "in", "1", 1, true);
  world.settle();
  world.subscribe(kHere, "#", 0);
  world.subscribe(kThere, "#", 0);
  CHECK(world.heard(kThere) == Heard{"in 1 retained"});
  Heard here = world.heard(kHere);
  std::ranges::sort(here);
  CHECK(here == Heard{"in 1 retained", "out 1 retained"});
}

TEST_CASE("a message over the bridge's own maximum is lost, is told, and holds up nothing") {
  auto options = both();
  options.send_packet_max = 100;
  RelayWorld world(options);
  world.connect_remote();
  world.subscribe(kThere, "#", 1);
  world.publish(kHere, "a", std::string(100, '1'), 1);
  world.publish(kHere, "a", "2", 1);
  world.settle();
  CHECK(numbers(world.heard(kThere), "a") == std::vector<int>{2});
  CHECK(world.broker(kHere).queued("local") == 0);
  REQUIRE(world.relay().take_notes().size() == 1);
}

TEST_CASE("what an earlier process with other topics subscribed to is given up at both ends") {
  RelayWorld world(both("a"));
  world.connect_remote();
  world.settle();
  world.restart_bridge({{"a", kIn, Qos::kAtLeastOnce}});
  world.connect_remote();
  world.settle();
  world.publish(kHere, "a", "1", 1);
  world.settle();
  CHECK(world.relay().passed() == 0);
  world.restart_bridge({{"a", kOut, Qos::kAtLeastOnce}});
  world.connect_remote();
  world.settle();
  world.publish(kThere, "a", "1", 1);
  world.settle();
  CHECK(world.relay().passed() == 0);
  CHECK(world.relay().take_notes().empty());
}

TEST_CASE("the network breaks at any moment: QoS 1 at least once, QoS 2 once and in order") {
  for (const Version version : {Version::kV5, Version::kV311}) {
    for (uint64_t seed = 1; seed <= 60; ++seed) {
      CAPTURE(seed);
      Random random(seed);
      auto options = both();
      options.version = version;
      RelayWorld world(options);
      exchange(world, random, 4, [&] {
        if (random.below(3) == 0) world.cut_remote();
      });
      world.connect_remote();
      world.settle();
      CHECK(all_there(numbers(world.heard(kThere), "here/1"), kCount));
      CHECK(all_there(numbers(world.heard(kHere), "there/1"), kCount));
      CHECK(numbers(world.heard(kThere), "here/2") == up_to(kCount));
      CHECK(numbers(world.heard(kHere), "there/2") == up_to(kCount));
      CHECK(world.broker(kHere).queued("local") == 0);
      CHECK(world.broker(kThere).queued("remote") == 0);
      CHECK(world.relay().dropped() == 0);
    }
  }
}

TEST_CASE("the bridge's process dies at any moment: nothing is lost, of any QoS") {
  for (const Version version : {Version::kV5, Version::kV311}) {
    for (uint64_t seed = 1; seed <= 60; ++seed) {
      CAPTURE(seed);
      Random random(seed);
      auto options = both();
      options.version = version;
      RelayWorld world(options);
      exchange(world, random, 6, [&] {
        if (random.below(4) == 0) world.restart_bridge();
      });
      world.settle();
      for (int qos = 1; qos < 3; ++qos) {
        CHECK(all_there(numbers(world.heard(kThere), fmt::format("here/{}", qos)), kCount));
        CHECK(all_there(numbers(world.heard(kHere), fmt::format("there/{}", qos)), kCount));
      }
    }
  }
}

TEST_CASE("one end is not read while the other does not keep up, and never both") {
  RelayWorld world(both("#", Qos::kAtMostOnce));
  world.connect_remote();
  world.settle();
  const std::string big(64 << 10, 'x');
  for (int i = 0; i < 17; ++i) {
    world.publish(kHere, "a", big, 0);
    world.rounds(3, 0);
  }
  CHECK(world.relay().wants_pause(kHere));
  CHECK_FALSE(world.relay().wants_pause(kThere));
  // Whoever is read all the same drops what is of QoS 0.
  const uint64_t before = world.session(kThere).queued_bytes();
  world.publish(kHere, "a", big, 0);
  world.rounds(3, 0);
  CHECK(world.session(kThere).queued_bytes() == before);
  CHECK(world.relay().dropped() > 0);
  world.settle();
  CHECK_FALSE(world.relay().wants_pause(kHere));
}
