// Slow consumers and rates: who is dropped, closed, or not read, and when that ends.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "support/broker_script.h"

using namespace mq;
using namespace mq::test;
using namespace std::chrono_literals;

namespace {

constexpr Version kV5 = Version::kV5;
constexpr std::string_view kKept = "11 000003e8";

BrokerOptions with(SlowConsumer policy, uint32_t queued_max) {
  BrokerOptions options = quiet();
  options.slow_consumer = policy;
  options.queued_messages_max = queued_max;
  return options;
}

bool has_event(const BrokerScript& s, std::string_view start) {
  return std::ranges::any_of(s.events, [&](const std::string& e) { return e.starts_with(start); });
}

// "0" to "n-1" on topic "t" in one read.
std::vector<uint8_t> numbered(int from, int to) {
  std::vector<uint8_t> all;
  for (int i = from; i < to; ++i) {
    const auto packet = publish_packet(kV5, "t", std::to_string(i), {});
    all.insert(all.end(), packet.begin(), packet.end());
  }
  return all;
}

}  // namespace

TEST_CASE("drop: said once, counted, and over when half of the queue is free") {
  BrokerScript s(with(SlowConsumer::kDrop, 4));
  s["b"].connect().subscribe("t").stop_reading();
  s["a"].connect().send(numbered(0, 4));
  CHECK(s.counters().slow_consumers == 0);
  s["a"].send(numbered(4, 6));
  CHECK(s.counters().slow_consumers == 1);
  CHECK(s.counters().publishes_dropped == 2);
  CHECK(has_event(s, "slow_consumer b: what does not fit is dropped (max_queued_messages)"));
  s["b"].read_again();
  for (const char* payload : {"0", "1", "2", "3"}) s["b"].expect_publish("t", payload);
  CHECK(has_event(s, "slow_consumer_over b: dropped 2"));
}

TEST_CASE("disconnect: closed with 0x97, what QoS 1 left is there when it comes back") {
  BrokerScript s(with(SlowConsumer::kDisconnect, 3));
  s["b"].connect({.properties = kKept}).subscribe("t", 1);
  s["a"].connect();
  for (uint16_t id = 1; id <= 3; ++id) {
    s["a"].publish("t", "x", {.qos = 1, .id = id}).expect("40 02 000" + std::to_string(id));
    s["b"].expect_publish("t", "x", {.qos = 1, .id = id});
  }
  CHECK(s.counters().slow_consumers == 0);
  s["a"].publish("t", "y", {.qos = 1, .id = 4}).expect("40 02 0004");
  s["b"].expect_disconnect(0x97);
  CHECK(s.counters().slow_consumers == 1);
  s["b"].resume({.properties = kKept});
  for (uint16_t id = 1; id <= 3; ++id) {
    s["b"].expect_publish("t", "x", {.qos = 1, .id = id, .dup = true});
  }
}

TEST_CASE("disconnect: a client that is away is not closed, and wills of the closed are sent") {
  BrokerScript s(with(SlowConsumer::kDisconnect, 2));
  s["gone"].connect({.properties = kKept}).subscribe("t", 1).drop();
  s["b"].connect({.will = WillOf{"will", "b"}}).subscribe("t").stop_reading();
  s["w"].connect().subscribe("will");
  s["a"].connect().send(numbered(0, 9));
  s["w"].expect_publish("will", "b");
  s["b"].read_again().expect_disconnect(0x97);
  CHECK(s.counters().slow_consumers == 1);
}

TEST_CASE("disconnect: who floods itself is closed, too") {
  BrokerScript s(with(SlowConsumer::kDisconnect, 2));
  s["a"].connect().subscribe("t").stop_reading().send(numbered(0, 9)).read_again();
  s["a"].expect_disconnect(0x97);
}

TEST_CASE("block: the publisher is not read until half of the queue is free; nothing is lost") {
  BrokerScript s(with(SlowConsumer::kBlock, 4));
  s["b"].connect().subscribe("t").stop_reading();
  s["a"].connect().send(numbered(0, 3));
  CHECK(!s.broker().wants_pause(s["a"].id()));
  s["a"].send(numbered(3, 20));
  CHECK(s.broker().wants_pause(s["a"].id()));
  CHECK(s.counters().publishes_received == 4);
  CHECK(s.counters().slow_consumers == 1);
  CHECK(has_event(s, "slow_consumer b: publishers wait for it (max_queued_messages)"));
  for (int i = 0; i < 20; ++i) {
    if (i % 4 == 0) {
      s["b"].read_again().stop_reading();  // takes all there is: four
      s.advance(0s);
    }
  }
  s["b"].read_again();
  s.advance(0s);
  for (int i = 0; i < 20; ++i) s["b"].expect_publish("t", std::to_string(i));
  CHECK(!s.broker().wants_pause(s["a"].id()));
  CHECK(s.counters().publishes_dropped == 0);
}

TEST_CASE("block: by QoS 1 that is not acknowledged, until half of it is") {
  BrokerScript s(with(SlowConsumer::kBlock, 4));
  s["b"].connect().subscribe("t", 1);
  s["a"].connect();
  for (uint16_t id = 1; id <= 4; ++id) {
    s["a"].publish("t", "x", {.qos = 1, .id = id}).expect("40 02 000" + std::to_string(id));
    s["b"].expect_publish("t", "x", {.qos = 1, .id = id});
  }
  s["a"].publish("t", "y", {.qos = 1, .id = 5}).expect_nothing();
  s["b"].send("40 02 0001");
  s.advance(0s);
  s["a"].expect_nothing();
  s["b"].send("40 02 0002");
  s.advance(0s);
  s["a"].expect("40 02 0005");
  s["b"].expect_publish("t", "y", {.qos = 1, .id = 5});
}

TEST_CASE("block: others are read on, also what goes to clients that keep up") {
  BrokerScript s(with(SlowConsumer::kBlock, 2));
  s["b"].connect().subscribe("t").stop_reading();
  s["c"].connect().subscribe("u");
  s["a"].connect().send(numbered(0, 5));
  s["d"].connect().publish("u", "1");
  s["c"].expect_publish("u", "1");
  CHECK(!s.broker().wants_pause(s["d"].id()));
  s["d"].publish("t", "late");  // one more for a queue that is full: then it waits, too
  CHECK(s.broker().wants_pause(s["d"].id()));
  s["d"].publish("u", "2");
  s["c"].expect_nothing();
  s["b"].drop();  // nobody is left to wait for
  s.advance(0s);
  CHECK(!s.broker().wants_pause(s["a"].id()));
  s["c"].expect_publish("u", "2");
  CHECK(s.counters().publishes_received == 8);
}

TEST_CASE("block: a client that feeds itself does not wait; its queue drops") {
  BrokerScript s(with(SlowConsumer::kBlock, 3));
  s["a"].connect().subscribe("t").stop_reading().send(numbered(0, 5));
  CHECK(!s.broker().wants_pause(s["a"].id()));
  CHECK(s.counters().publishes_dropped == 2);
  s["a"].read_again();
  for (const char* payload : {"0", "1", "2"}) s["a"].expect_publish("t", payload);
}

TEST_CASE("block: clients that feed each other do not wait for each other") {
  BrokerScript s(with(SlowConsumer::kBlock, 2));
  for (const char* name : {"a", "b", "c"}) s[name].connect();
  // a feeds b, b feeds c, c feeds a.
  s["b"].subscribe("a", 1);
  s["c"].subscribe("b", 1);
  s["a"].subscribe("c", 1);
  for (const char* name : {"a", "b", "c"}) {
    for (uint16_t id = 1; id <= 3; ++id) s[name].publish(name, "x", {.qos = 1, .id = id});
  }
  CHECK(s.broker().wants_pause(s["a"].id()));
  CHECK(s.broker().wants_pause(s["b"].id()));
  CHECK(!s.broker().wants_pause(s["c"].id()));  // it would close the circle
  CHECK(s.counters().publishes_dropped == 1);
  for (const char* name : {"a", "b", "c"}) s[name].skip_output();
}

TEST_CASE("block: keep alive does not run for who is not read") {
  BrokerScript s(with(SlowConsumer::kBlock, 2));
  s["b"].connect().subscribe("t").stop_reading();
  s["a"].connect({.keep_alive_s = 2}).send(numbered(0, 3));
  s.advance(20s);
  CHECK(s.broker().wants_pause(s["a"].id()));
  s["b"].read_again();
  s.advance(0s);
  for (const char* payload : {"0", "1", "2"}) s["b"].expect_publish("t", payload);
  s.advance(2'999ms);
  s["a"].expect_nothing();  // its time has begun anew
  s.advance(1ms);
  s["a"].expect_disconnect(0x8D);
}

TEST_CASE("block_timeout: who takes nothing while others wait is closed") {
  BrokerOptions options = with(SlowConsumer::kBlock, 2);
  options.block_timeout = 10s;
  BrokerScript s(options);
  s["b"].connect().subscribe("t").stop_reading();
  s["a"].connect().send(numbered(0, 2));
  CHECK(s.broker().wants_pause(s["a"].id()));
  s.advance(9'999ms);
  CHECK(s.counters().limit_block_seconds == 0);
  s.advance(1ms);
  CHECK(s.counters().limit_block_seconds == 1);
  CHECK(
      has_event(s, "closing b: publishers wait for it, and it takes nothing (max_block_seconds)"));
  s["b"].read_again().expect_disconnect(0x97);
  CHECK(!s.broker().wants_pause(s["a"].id()));
}

TEST_CASE("block_timeout: taking a little is enough") {
  BrokerOptions options = with(SlowConsumer::kBlock, 4);
  options.block_timeout = 10s;
  BrokerScript s(options);
  s["b"].connect().subscribe("t", 1);
  s["a"].connect();
  for (uint16_t id = 1; id <= 4; ++id) s["a"].publish("t", "x", {.qos = 1, .id = id});
  s.advance(9s);
  s["b"].skip_output().send("40 02 0001");
  s.advance(9s);
  CHECK(s.broker().wants_pause(s["a"].id()));
  CHECK(s.counters().limit_block_seconds == 0);
  s.advance(1s);
  CHECK(s.counters().limit_block_seconds == 1);
  s["a"].skip_output();
  s["b"].expect_disconnect(0x97);
}

TEST_CASE("block: what a publisher had sent before its end is not lost") {
  BrokerScript s(with(SlowConsumer::kBlock, 2));
  s["w"].connect().subscribe("will");
  s["b"].connect().subscribe("t").stop_reading();
  s["a"].connect({.will = WillOf{"will", "a"}}).send(numbered(0, 5)).send("e0 00");
  CHECK(s.broker().wants_pause(s["a"].id()));
  SUBCASE("while it waits") {
    s["a"].drop();
  }
  SUBCASE("and the broker sees it later") {
    s["b"].read_again();
    s.advance(0s);
    s["a"].expect_close();
  }
  s["b"].read_again();
  for (int i = 0; i < 5; ++i) s["b"].expect_publish("t", std::to_string(i));
  s["w"].expect_nothing();  // its DISCONNECT counts
}

TEST_CASE("block: a session taken over, or a publisher gone, leaves nobody waiting for a ghost") {
  BrokerScript s(with(SlowConsumer::kBlock, 2));
  s["b"].connect({.properties = kKept}).subscribe("t").stop_reading();
  s["a"].connect().send(numbered(0, 4));
  s["c"].connect().send(numbered(0, 4));
  s["a"].drop();
  s["b2"].resume({.properties = kKept, .client_id = "b"});
  s.advance(0s);
  s["b2"].expect_publish("t", "1").expect_publish("t", "2").expect_publish("t", "3");
  s["b"].read_again().expect_disconnect(0x8E);
  CHECK(!s.broker().wants_pause(s["c"].id()));
}

// Publishers and subscribers of random speed and in random order: with no circle among them
// everything arrives, in order, and in the end nobody waits.
TEST_CASE("block: random traffic loses nothing") {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    BrokerScript s(with(SlowConsumer::kBlock, 1 + static_cast<uint32_t>(random.below(8))));
    constexpr int kMessages = 40;
    const std::vector<std::string> publishers = {"p0", "p1", "p2"};
    const std::vector<std::string> subscribers = {"s0", "s1", "s2"};
    for (const std::string& name : publishers) s[name].connect();
    for (const std::string& name : subscribers) {
      s[name].connect();
      for (const std::string& topic : publishers) {
        if (random.below(3) != 0) s[name].subscribe(topic);
      }
    }
    std::vector<int> sent(publishers.size());
    for (int step = 0; step < 600; ++step) {
      const size_t p = random.below(publishers.size());
      // As a transport does, no more is read of one that is to wait.
      if (sent[p] < kMessages && !s.broker().wants_pause(s[publishers[p]].id())) {
        std::vector<uint8_t> read;
        for (uint64_t n = 1 + random.below(10); n > 0 && sent[p] < kMessages; --n) {
          const auto packet = publish_packet(kV5, publishers[p], std::to_string(sent[p]++), {});
          read.insert(read.end(), packet.begin(), packet.end());
        }
        s[publishers[p]].send(read);
      }
      Peer& subscriber = s[subscribers[random.below(subscribers.size())]];
      if (random.below(2) == 0) {
        subscriber.stop_reading();
      } else {
        subscriber.read_again();
      }
      if (random.below(2) == 0) s.advance(0s);
    }
    for (const std::string& name : subscribers) s[name].read_again();
    for (int round = 0; round < 100; ++round) {
      for (size_t p = 0; p < publishers.size(); ++p) {
        if (sent[p] == kMessages || s.broker().wants_pause(s[publishers[p]].id())) continue;
        s[publishers[p]].publish(publishers[p], std::to_string(sent[p]++));
      }
      s.advance(0s);
    }
    CHECK(s.counters().publishes_received == publishers.size() * kMessages);
    CHECK(s.counters().publishes_dropped == 0);
    for (const std::string& name : publishers) CHECK(!s.broker().wants_pause(s[name].id()));
    // What came, by topic: the numbers without a gap.
    for (const std::string& name : subscribers) {
      std::map<std::string, int> next;
      for (auto packet = s[name].take_packet(); !packet.empty(); packet = s[name].take_packet()) {
        const std::string topic(packet.begin() + 4, packet.begin() + 6);
        const std::string payload(packet.begin() + 7, packet.end());
        CHECK(payload == std::to_string(next[topic]++));
      }
      for (const auto& [topic, count] : next) CHECK(count == kMessages);
    }
  }
}

TEST_CASE("rate_messages_max: a second's worth at once, then one after the other") {
  BrokerOptions options = quiet();
  options.rate_messages_max = 4;
  BrokerScript s(options);
  s["b"].connect().subscribe("t");
  s["a"].connect({.keep_alive_s = 1}).send(numbered(0, 3));
  CHECK(!s.broker().wants_pause(s["a"].id()));
  s["a"].send(numbered(3, 8)).send("c0 00");
  CHECK(s.broker().wants_pause(s["a"].id()));
  CHECK(s.counters().limit_rate_messages == 1);
  CHECK(has_event(s, "rate_limited a: it is not read for a while (rate_messages)"));
  for (const char* payload : {"0", "1", "2", "3", "4"}) s["b"].expect_publish("t", payload);
  for (const char* payload : {"5", "6", "7"}) {
    s.advance(249ms);
    s["b"].expect_nothing();
    s.advance(1ms);
    s["b"].expect_publish("t", payload);
  }
  s["a"].expect_nothing();
  s.advance(250ms);
  s["a"].expect("d0 00");
  CHECK(!s.broker().wants_pause(s["a"].id()));
  CHECK(s.counters().publishes_dropped == 0);
  s.advance(1s);
  s["a"].send(numbered(0, 3));  // a second later a part of the bucket is full again
  CHECK(!s.broker().wants_pause(s["a"].id()));
  s["a"].drop();
  s["b"].skip_output();
}

TEST_CASE("rate_bytes_max counts bytes of every packet; a large one is waited for afterwards") {
  BrokerOptions options = quiet();
  options.rate_bytes_max = 100;
  BrokerScript s(options);
  s["b"].connect().subscribe("t");
  s["a"].connect().publish("t", std::string(293, 'x'));  // 300 bytes, all at once
  CHECK(s.broker().wants_pause(s["a"].id()));
  CHECK(s.counters().limit_rate_bytes == 1);
  s["b"].skip_output();
  s["a"].send("c0 00").expect_nothing();
  s.advance(1'999ms);
  s["a"].expect_nothing();
  s.advance(1ms);
  s["a"].expect("d0 00");
  s["b"].connect().expect_nothing();
}
