// queue_qos0: QoS 0 messages that wait for a client that is away.
#include <doctest/doctest.h>

#include "support/broker_script.h"
#include "support/memory_store.h"

using namespace mq;
using namespace mq::test;
using namespace std::chrono_literals;

namespace {

constexpr Hello kDurable{.clean = false, .properties = "11 00000e10"};

BrokerOptions queueing() {
  BrokerOptions options = quiet();
  options.queue_qos0 = true;
  return options;
}

}  // namespace

TEST_CASE("queue_qos0: what is published while the client is away comes in order, behind QoS 1") {
  for (const bool on : {true, false}) {
    CAPTURE(on);
    BrokerScript s(on ? queueing() : quiet());
    s["a"].connect(kDurable).subscribe("#", 1).drop();
    s["b"].connect();
    s["b"].publish("t", "0a");
    s["b"].publish("t", "1a", {.qos = 1, .id = 1}).expect("40 02 0001");
    s["b"].publish("t", "0b");
    s["b"].publish("t", "1b", {.qos = 1, .id = 2}).expect("40 02 0002");
    s["a"].resume(kDurable);
    if (on) s["a"].expect_publish("t", "0a");
    // Numbers of QoS 0 are used up: identifiers are still those of the numbers.
    const uint16_t first = on ? 2 : 1, second = on ? 4 : 2;
    s["a"].expect_publish("t", "1a", {.qos = 1, .id = first});
    if (on) s["a"].expect_publish("t", "0b");
    s["a"].expect_publish("t", "1b", {.qos = 1, .id = second});
    s["a"].send(on ? "40 02 0002 40 02 0004" : "40 02 0001 40 02 0002");
    s["b"].publish("t", "live");
    s["a"].expect_publish("t", "live").disconnect();
    CHECK(s.broker().sessions() == 2);
  }
}

TEST_CASE("queue_qos0: what comes meanwhile waits behind what waits for the window") {
  BrokerScript s(queueing());
  const Hello narrow{.clean = false, .properties = "21 0001 11 00000e10"};
  s["a"].connect(narrow).subscribe("#", 1);
  s["b"].connect();
  for (uint16_t id = 1; id <= 2; ++id) {
    s["b"].publish("t", "1", {.qos = 1, .id = id});
  }
  s["b"].skip_output().publish("t", "0");
  s["a"].expect_publish("t", "1", {.qos = 1, .id = 1}).expect_nothing();
  s["a"].send("40 02 0001").expect_publish("t", "1", {.qos = 1, .id = 2}).expect_nothing();
  s["a"].send("40 02 0002").expect_publish("t", "0");
}

TEST_CASE("queue_qos0: such messages count for the queue's limits, expire, and can be denied") {
  BrokerOptions options = queueing();
  options.queued_messages_max = 3;
  BrokerScript s(options);
  s["a"].connect(kDurable).subscribe("#").drop();
  s["b"].connect();
  s["b"].publish("t", "denied").publish("u", "short", {.properties = "02 00000005"});
  s["b"].publish("u", "y").publish("u", "too much");
  CHECK(s.counters().limit_queued_messages == 1);
  s.access.restrict_reading();
  s.access.unreadable = {{"a", "t"}};
  s.advance(6s);
  s["a"].resume(kDurable).expect_publish("u", "y").expect_nothing();
  // A session that ends with its connection keeps nothing.
  s["c"].connect().subscribe("#").drop();
  s["b"].publish("u", "z");
  s["a"].expect_publish("u", "z");
  CHECK(s.broker().sessions() == 2);
}

TEST_CASE("queue_qos0: they survive the broker, and are gone once they are sent") {
  MemoryStore store;
  BrokerScript s(queueing(), &store);
  const auto settle = [&] {
    s.turn();
    if (store.pending() > 0) s.durable(store.write_all());
  };
  s["a"].open().send(connect_packet("a", kDurable)).send(subscribe_packet(Version::kV5, 1, "#", 1));
  settle();
  s["a"].skip_output().drop();
  s["b"].open().send(connect_packet("b", {}));
  settle();
  s["b"].publish("t", "0").publish("t", "1", {.qos = 1, .id = 1}).publish("t", "2");
  settle();
  s["b"].skip_output();
  CHECK(store.queued("a") == 3);
  store.crash();
  s.restart();
  s["a"].open().send(connect_packet("a", kDurable));
  settle();
  s["a"].expect("20 06 01 00 03 22 ffff").expect_publish("t", "0");
  s["a"].expect_publish("t", "1", {.qos = 1, .id = 2}).expect_publish("t", "2");
  s["a"].send("40 02 0002");
  settle();
  CHECK(store.queued("a") == 0);
}
