// What waits for the store, and what a broker that starts again has kept.
#include <doctest/doctest.h>

#include "support/broker_script.h"
#include "support/memory_store.h"

using namespace mq;
using namespace mq::test;
using namespace std::chrono_literals;

namespace {

// A session that outlives its connections by an hour.
constexpr Hello kDurable{.clean = false, .properties = "11 00000e10"};

struct Stored {
  explicit Stored(const BrokerOptions& options = quiet()) : s(options, &store) {}

  MemoryStore store;
  BrokerScript s;

  Peer& operator[](std::string_view name) { return s[name]; }
  // One loop turn whose changes the disk takes.
  void settle() {
    s.turn();
    if (store.pending() > 0) s.durable(store.write_all());
  }
  // The process and everything the disk had not taken are gone.
  void crash(Duration down = {}) {
    store.crash();
    s.restart(down);
  }
  Peer& connect(std::string_view name, const Hello& hello = kDurable) {
    s[name].open().send(connect_packet(name, hello));
    settle();
    return s[name];
  }
  // Connects and drops the CONNACK.
  Peer& back(std::string_view name, bool present, const Hello& hello = kDurable) {
    Peer& peer = connect(name, hello);
    const std::vector<uint8_t> connack = peer.take_packet();
    REQUIRE(connack.size() > 3);
    CHECK(connack[0] == 0x20);
    CHECK(connack[2] == (present ? 1 : 0));
    CHECK(connack[3] == 0);
    return peer;
  }
  Peer& subscribe(std::string_view name, std::string_view filter, uint8_t options) {
    s[name].send(subscribe_packet(Version::kV5, 0x00ff, filter, options));
    settle();
    const std::vector<uint8_t> suback = s[name].take_packet();
    REQUIRE(suback.size() == 6);
    CHECK(suback[5] == (options & 3));
    return s[name];
  }
};

}  // namespace

TEST_CASE("acknowledged means stored: PUBACK leaves when its batch is safe") {
  Stored t;
  t.back("sub", false);
  t.subscribe("sub", "a", 1);
  t["sub"].drop();
  t.settle();
  t["pub"].connect();
  t["pub"].publish("a", "x", {.qos = 1, .id = 7}).expect_nothing();
  t.s.turn();
  CHECK(t.store.pending() == 1);
  t["pub"].expect_nothing();
  t.s.durable(t.store.write_all());
  t["pub"].expect("40 02 0007");
}

TEST_CASE("a PUBACK without a change does not wait, but not ahead of one that does") {
  Stored t;
  t.back("sub", false);
  t.subscribe("sub", "a", 1);
  t["sub"].drop();
  t.settle();
  t["pub"].connect();
  t["pub"].publish("nobody", "x", {.qos = 1, .id = 1}).expect("40 03 0001 10");
  t["pub"].publish("a", "x", {.qos = 1, .id = 2});
  t["pub"].publish("nobody", "x", {.qos = 1, .id = 3}).expect_nothing();
  t.settle();
  t["pub"].expect("40 02 0002 40 03 0003 10");
}

TEST_CASE("batches become safe one after the other and release only what they hold") {
  Stored t;
  t.back("sub", false);
  t.subscribe("sub", "a", 1);
  t["sub"].drop();
  t.settle();
  t["pub"].connect();
  t["pub"].publish("a", "1", {.qos = 1, .id = 1});
  t.s.turn();
  t["pub"].publish("a", "2", {.qos = 1, .id = 2});
  t.s.turn();
  REQUIRE(t.store.pending() == 2);
  t.s.durable(t.store.write_one());
  t["pub"].expect("40 02 0001").expect_nothing();
  t.s.durable(t.store.write_one());
  t["pub"].expect("40 02 0002");
}

TEST_CASE("a durable session comes back with its subscriptions and what waited for it, in order") {
  Stored t;
  t.back("sub", false);
  t.subscribe("sub", "a/+", 2);
  t["sub"].drop();
  t.settle();
  t["pub"].connect();
  t["pub"].publish("a/1", "one", {.qos = 1, .id = 1}).publish("a/2", "two", {.qos = 2, .id = 2});
  t.settle();
  t["pub"].expect("40 02 0001 50 02 0002");
  t.crash();
  t.back("sub", true)
      .expect_publish("a/1", "one", {.qos = 1, .id = 1})
      .expect_publish("a/2", "two", {.qos = 2, .id = 2});
  t.settle();
  t["pub"].connect();
  t["pub"].publish("a/3", "three").skip_output();
  t["sub"].expect_publish("a/3", "three");
}

TEST_CASE("messages that expired in the queue keep their numbers, also in the store") {
  BrokerOptions options = quiet();
  options.queued_messages_max = 3;
  Stored t(options);
  const Hello one{.clean = false, .properties = "11 00000e10 21 0001"};
  t.back("sub", false, one);
  t.subscribe("sub", "a", 1);
  t["pub"].connect();
  const auto publish = [&t](const char* payload, std::string_view properties) {
    t["pub"].publish("a", payload, {.qos = 1, .id = 1, .properties = properties});
    t.settle();
    t["pub"].expect("40 02 0001");
  };
  publish("sent", "");
  t["sub"].expect_publish("a", "sent", {.qos = 1, .id = 1}).drop();
  publish("gone", "02 00000001");
  publish("gone", "02 00000001");
  t.s.advance(2s);
  publish("kept", "");
  t.crash();
  t.back("sub", true, one).expect_publish("a", "sent", {.qos = 1, .id = 1, .dup = true});
  t["sub"].send("40 02 0001").expect_publish("a", "kept", {.qos = 1, .id = 4}).send("40 02 0004");
  t.settle();
  t.crash();
  t.back("sub", true, one).expect_nothing();
}

TEST_CASE("what was not safe at the crash is gone, and was not acknowledged") {
  Stored t;
  t.back("sub", false);
  t.subscribe("sub", "a", 1);
  t["sub"].drop();
  t.settle();
  t["pub"].connect();
  t["pub"].publish("a", "lost", {.qos = 1, .id = 1});
  t.s.turn();
  t["pub"].expect_nothing();
  t.crash();
  t.back("sub", true).expect_nothing();
}

TEST_CASE("what had been sent before the crash comes with DUP and its old identifier") {
  Stored t;
  t.back("sub", false);
  t.subscribe("sub", "a", 1);
  t.settle();
  t["pub"].connect();
  for (uint16_t i = 1; i <= 3; ++i) t["pub"].publish("a", "m", {.qos = 1, .id = i});
  t.settle();
  t["pub"].skip_output();
  t["sub"].skip_output();
  t["sub"].send("40 02 0001");  // the first one is done
  t.settle();
  t.crash();
  t.back("sub", true)
      .expect_publish("a", "m", {.qos = 1, .id = 2, .dup = true})
      .expect_publish("a", "m", {.qos = 1, .id = 3, .dup = true});
  t.settle();
  t["pub"].connect();
  t["pub"].publish("a", "n", {.qos = 1, .id = 9});
  t.settle();
  t["pub"].skip_output();
  t["sub"].expect_publish("a", "n", {.qos = 1, .id = 4});
}

TEST_CASE("an exchange that was between PUBREC and PUBCOMP goes on with PUBREL") {
  Stored t;
  t.back("sub", false);
  t.subscribe("sub", "a", 2);
  t.settle();
  t["pub"].connect();
  t["pub"].publish("a", "m", {.qos = 2, .id = 1});
  t.settle();
  t["pub"].skip_output();
  t["sub"].skip_output();
  t["sub"].send("50 02 0001");
  t.settle();
  t["sub"].expect("62 02 0001");
  t.crash();
  t.back("sub", true).expect("62 02 0001").send("70 02 0001");
  t.settle();
  CHECK(t.store.queued("sub") == 0);
}

TEST_CASE("a QoS 2 PUBLISH repeated after the crash is answered and not delivered again") {
  Stored t;
  t.back("sub", false);
  t.subscribe("sub", "a", 2);
  t["sub"].drop();
  t.back("pub", false);
  t["pub"].publish("a", "m", {.qos = 2, .id = 5});
  t.settle();
  t["pub"].expect("50 02 0005");
  t.crash();
  t.back("pub", true);
  t["pub"].publish("a", "m", {.qos = 2, .id = 5, .dup = true}).expect("50 02 0005");
  t["pub"].send("62 02 0005");
  t.settle();
  t["pub"].expect("70 02 0005");
  t.back("sub", true).expect_publish("a", "m", {.qos = 2, .id = 1}).expect_nothing();
}

TEST_CASE("retained messages come back, cleared ones do not") {
  Stored t;
  t.settle();
  t["pub"].connect();
  t["pub"].publish("kept", "k", {.retain = true}).publish("gone", "g", {.retain = true});
  t["pub"].publish("gone", "", {.retain = true}).publish("brief", "b", {.retain = true,
                                                         .properties = "02 00000005"});
  t.settle();
  t.crash(6s);
  t.settle();
  t["sub"].connect().subscribe("#").expect_publish("kept", "k", {.retain = true}).expect_nothing();
}

TEST_CASE("[MQTT-3.3.2-6] message expiry goes on while the broker is down") {
  Stored t;
  t.back("sub", false);
  t.subscribe("sub", "a", 1);
  t["sub"].drop();
  t.settle();
  t["pub"].connect();
  t["pub"].publish("a", "short", {.qos = 1, .id = 1, .properties = "02 00000005"});
  t["pub"].publish("a", "long", {.qos = 1, .id = 2, .properties = "02 00000064"});
  t.settle();
  t["pub"].skip_output();
  t.crash(10s);
  t.back("sub", true).expect_publish("a", "long", {.qos = 1, .id = 2,
                                                   .properties = "02 0000005a"});
}

TEST_CASE("[MQTT-4.1.0-2] session expiry goes on while the broker is down") {
  Stored t;
  t.back("a", false, {.clean = false, .properties = "11 0000000a"});
  t["a"].drop();
  t.settle();
  SUBCASE("within it") {
    t.crash(9s);
    t.back("a", true);
  }
  SUBCASE("over it") {
    t.crash(11s);
    t.s.advance(0s);
    t.back("a", false);
  }
}

TEST_CASE("a session that ends with its connection is not stored") {
  Stored t;
  t["a"].connect();
  t.settle();
  CHECK(t.store.sessions() == 0);
  // One that was stored and is resumed without an expiry is not any more.
  t.back("b", false);
  CHECK(t.store.sessions() == 1);
  t["b"].drop();
  t.back("b", true, {.clean = false});
  CHECK(t.store.sessions() == 0);
  t.crash();
  t.back("b", false);
}

TEST_CASE("a session that ends leaves nothing in the store") {
  Stored t;
  t.back("a", false);
  t.subscribe("a", "x", 1);
  t["a"].drop();
  t.settle();
  t["pub"].connect();
  t["pub"].publish("x", "m", {.qos = 1, .id = 1});
  t.settle();
  t["pub"].skip_output();
  CHECK(t.store.queued("a") == 1);
  t.s.advance(3601s);
  t.settle();
  CHECK(t.store.sessions() == 0);
}

TEST_CASE("UNSUBSCRIBE is kept") {
  Stored t;
  t.back("a", false);
  t.subscribe("a", "$share/g/x", 1);
  t["a"].send(unsubscribe_packet(Version::kV5, 2, "$share/g/x"));
  t.settle();
  t["a"].expect("b0 04 0002 00 00");
  t.crash();
  t.back("a", true);
  t.settle();
  t["pub"].connect();
  t["pub"].publish("x", "m", {.qos = 1, .id = 1}).expect("40 03 0001 10");
}

TEST_CASE("the will of a client that was connected at the crash is published afterwards") {
  Stored t;
  const WillOf will{.topic = "w", .payload = "dead", .properties = "18 00000005"};
  t.back("a", false, {.clean = false, .properties = "11 00000e10", .will = will});
  t.crash();
  t.settle();
  t["watch"].connect().subscribe("w");
  t.s.advance(4s);
  t["watch"].expect_nothing();
  t.s.advance(1s);
  t["watch"].expect_publish("w", "dead");
}

TEST_CASE("the will that waited at the crash keeps its time, and a resumed session ends it") {
  Stored t;
  const WillOf will{.topic = "w", .payload = "dead", .properties = "18 00000014"};
  t.back("a", false, {.clean = false, .properties = "11 00000e10", .will = will});
  t["a"].drop();
  t.settle();
  t.crash(15s);
  t.settle();
  t["watch"].connect().subscribe("w");
  SUBCASE("published when it is due") {
    t.s.advance(4s);
    t["watch"].expect_nothing();
    t.s.advance(1s);
    t["watch"].expect_publish("w", "dead");
  }
  SUBCASE("[MQTT-3.1.3-9] not published after a resume") {
    t.back("a", true);
    t.s.advance(60s);
    t["watch"].expect_nothing();
  }
}

TEST_CASE("a store that is behind: who published is not read until that is written") {
  Stored t;
  t.back("sub", false);
  t.subscribe("sub", "a", 1);
  t["sub"].drop();
  t.settle();
  t["pub"].connect();
  t["retainer"].connect();
  t["reader"].connect();
  t.store.set_state({.behind = true});
  t.s.turn();
  CHECK(t.s.counters().limit_store_backlog == 1);
  CHECK(!t.s.broker().wants_pause(t["pub"].id()));
  t["pub"].publish("a", "x", {.qos = 1, .id = 1});
  t["retainer"].publish("r", "x", {.retain = true});
  t.s.turn();
  CHECK(t.s.broker().wants_pause(t["pub"].id()));
  CHECK(t.s.broker().wants_pause(t["retainer"].id()));
  CHECK(!t.s.broker().wants_pause(t["reader"].id()));
  t["pub"].expect_nothing();
  // A client that waits for the disk is not taken for dead, nor is the broker.
  t["pub"].send("c0 00").expect("d0 00");
  t.s.durable(t.store.write_all());
  t["pub"].expect("40 02 0001");
  CHECK(!t.s.broker().wants_pause(t["pub"].id()));
  CHECK(!t.s.broker().wants_pause(t["retainer"].id()));
  t.s.turn();
  CHECK(t.s.counters().limit_store_backlog == 1);
}

TEST_CASE("a store that fails: 5.0 publishers are told, 3.1.1 publishers wait") {
  Stored t;
  t.back("sub", false);
  t.subscribe("sub", "a", 1);
  t["pub"].connect();
  t["old"].connect({.version = Version::kV311});
  t["old2"].connect({.version = Version::kV311});
  t.settle();
  t.store.set_state({.failing = true});
  t.s.turn();
  t["pub"].publish("a", "x", {.qos = 1, .id = 1}).expect("40 03 0001 97");
  t["pub"].publish("kept", "x", {.qos = 1, .id = 2, .retain = true}).expect("40 03 0002 97");
  // What needs no store goes on.
  t["pub"].publish("nobody", "x", {.qos = 1, .id = 3}).expect("40 03 0003 10");
  t["pub"].publish("a", "y");
  t["sub"].expect_publish("a", "y");
  t["old"].publish("a", "z", {.qos = 1, .id = 1});
  t.s.turn();
  t["old"].expect_nothing();
  t["sub"].expect_publish("a", "z", {.qos = 1, .id = 1});
  t.store.set_state({});
  t.s.durable(t.store.write_all());
  t["old"].expect("40 02 0001");
  t.s.turn();
  t["pub"].publish("a", "w", {.qos = 1, .id = 4});
  t.settle();
  t["pub"].expect("40 02 0004");
  t["sub"].skip_output();
}

TEST_CASE("a store that fails: sessions that it has go on, new ones are refused") {
  Stored t;
  t.back("sub", false);
  t["sub"].drop();
  t.settle();
  t.store.set_state({.failing = true});
  t.s.turn();
  t["new"].open().send(connect_packet("new", kDurable));
  t["new"].expect_refusal(0x88);
  t["sub"].open().send(connect_packet("sub", kDurable));
  const std::vector<uint8_t> connack = t["sub"].take_packet();
  REQUIRE(connack.size() > 3);
  CHECK(connack[3] == 0);
  t["sub"].send(subscribe_packet(Version::kV5, 1, "a", 1));
  CHECK(t["sub"].take_packet() == std::vector<uint8_t>{0x90, 4, 0, 1, 0, 0x97});
  t["brief"].connect();  // ends with its connection: nothing to store
}

TEST_CASE("a retained message that expired while the broker was down leaves the store") {
  Stored t;
  t["pub"].connect();
  t["pub"].publish("brief", "b", {.retain = true, .properties = "02 00000005"});
  t.settle();
  CHECK(t.store.retained() == 1);
  t.crash(6s);
  t.settle();
  CHECK(t.store.retained() == 0);
}

TEST_CASE("the store is told what may be dropped before it is written") {
  Stored t;
  const auto awaited = [&] {
    t.s.turn();
    return t.store.awaited();
  };
  t.back("sub", false);
  t.subscribe("sub", "a", 2);
  t.back("away", false);
  t.subscribe("away", "a", 1);
  t["away"].drop();
  t.settle();
  t["pub"].connect();
  uint16_t id = 0;
  const auto publish = [&](uint8_t qos, std::string_view reaches) {
    t["pub"].publish("a", "x", {.qos = qos, .id = ++id});
    t["sub"].expect(reaches);
  };

  SUBCASE("until it is acknowledged; nothing of who is away") {
    publish(1, "32 07 0001 61 0001 00 78");
    publish(1, "32 07 0001 61 0002 00 78");
    CHECK(awaited() == 2);
    t["sub"].send("40 02 0001");
    CHECK(awaited() == 1);
    t["sub"].send("40 02 0002");
    CHECK(awaited() == 0);
  }
  SUBCASE("until PUBREC, as PUBREL waits for the store") {
    publish(2, "34 07 0001 61 0001 00 78");
    CHECK(awaited() == 1);
    t["sub"].send("50 02 0001");
    CHECK(awaited() == 0);
  }
  SUBCASE("until its batch is begun") {
    publish(1, "32 07 0001 61 0001 00 78");
    CHECK(awaited() == 1);
    t.store.set_state({.begun = t.store.committed()});
    publish(1, "32 07 0001 61 0002 00 78");
    CHECK(awaited() == 2);  // was told before the broker knew
    publish(1, "32 07 0001 61 0003 00 78");
    CHECK(awaited() == 2);
    t["sub"].send("40 02 0001");  // in a batch that is being written: that changes nothing
    CHECK(awaited() == 2);
    t["sub"].send("40 02 0003");
    CHECK(awaited() == 1);
    t["sub"].send("40 02 0002");
    CHECK(awaited() == 0);
  }
}
