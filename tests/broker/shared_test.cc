// Shared subscriptions: who gets what, and who gets it when that one goes.
#include <doctest/doctest.h>

#include "support/broker_script.h"

using namespace mq;
using namespace mq::test;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view kKept = "11 000003e8";

}  // namespace

TEST_CASE("members of a group take turns, and each group gets its own copy") {
  BrokerScript s;
  for (const char* name : {"a", "b", "c"}) s[name].connect().subscribe("$share/g/t/+");
  s["d"].connect().subscribe("$share/other/t/+");
  s["e"].connect().subscribe("t/1");
  s["p"].connect();
  for (const char* payload : {"1", "2", "3", "4", "5", "6"}) {
    s["p"].publish("t/1", payload);
    s["d"].expect_publish("t/1", payload);
    s["e"].expect_publish("t/1", payload);
  }
  s["a"].expect_publish("t/1", "1").expect_publish("t/1", "4");
  s["b"].expect_publish("t/1", "2").expect_publish("t/1", "5");
  s["c"].expect_publish("t/1", "3").expect_publish("t/1", "6");
}

TEST_CASE("[MQTT-4.8.2-1] [MQTT-4.8.2-2] $share needs a name without wildcards and a filter") {
  BrokerScript s;
  for (const char* filter : {"$share/", "$share/g", "$share//t", "$share/g/", "$share/g+/t",
                             "$share/#/t", "$share/g/t#", "$share/g/#/x"}) {
    INFO(filter);
    s["a"].connect().send(subscribe_packet(Version::kV5, 1, filter, 0)).expect_disconnect(0x8F);
  }
  // Without the slash it is a filter like any other.
  s["a"].connect().subscribe("$share").subscribe("$shared/g/t");
  s["a"].subscribe("$share/g//").publish("/", "x").expect_publish("/", "x");
}

TEST_CASE("[MQTT-3.8.3-4] No Local on a shared subscription is a protocol error") {
  BrokerScript s;
  s["a"].connect().send("82 10 0001 00 000a '$share/g/t' 04").expect_disconnect(0x82);
}

TEST_CASE("a shared subscription brings no retained messages") {
  BrokerScript s;
  s["p"].connect().publish("t", "x", {.retain = true});
  s["a"].connect().subscribe("$share/g/t").expect_nothing();
  s["a"].subscribe("$share/g/t").expect_nothing();
}

TEST_CASE("who is away is passed over while others are connected") {
  BrokerScript s;
  s["away"].connect({.properties = kKept}).subscribe("$share/g/t", 1).drop();
  s["here"].connect().subscribe("$share/g/t", 1);
  s["p"].connect();
  for (uint16_t id = 1; id <= 4; ++id) {
    s["p"].publish("t", "x", {.qos = 1, .id = id}).skip_output();
    s["here"].expect_publish("t", "x", {.qos = 1, .id = id});
  }
  s["away"].resume().expect_nothing();
}

TEST_CASE("when all are away a message waits for one that keeps it") {
  BrokerScript s;
  s["0"].connect({.properties = kKept}).subscribe("$share/g/t", 0).drop();
  s["1"].connect({.properties = kKept}).subscribe("$share/g/t", 1).drop();
  s["p"].connect();
  s["p"].publish("t", "x", {.qos = 1, .id = 1}).expect("40 02 0001");
  s["p"].publish("t", "y", {.qos = 1, .id = 2}).expect("40 02 0002");
  s["0"].resume().expect_nothing();
  s["1"]
      .resume()
      .expect_publish("t", "x", {.qos = 1, .id = 1})
      .expect_publish("t", "y", {.qos = 1, .id = 2});
}

TEST_CASE("nobody gets the message when all members are away at QoS 0") {
  BrokerScript s;
  s["0"].connect({.properties = kKept}).subscribe("$share/g/t", 0).drop();
  s["p"].connect().publish("t", "x", {.qos = 1, .id = 1}).expect("40 03 0001 10");
  s["0"].resume().expect_nothing();
}

TEST_CASE(
    "unacknowledged and waiting QoS 1 messages of a member whose session ends go to another") {
  BrokerScript s;
  s["a"].connect({.properties = "21 0001"}).subscribe("$share/g/t", 1, "0b 01");
  s["p"].connect();
  for (const char* payload : {"1", "2", "3"})
    s["p"].publish("t", payload, {.qos = 1, .id = 1}).expect("40 02 0001");
  s["a"].expect_publish("t", "1", {.qos = 1, .id = 1, .properties = "0b 01"});
  s["b"].connect().subscribe("$share/g/t", 1, "0b 02");
  s["c"].connect().subscribe("$share/h/t", 1);
  s["a"].drop();
  for (uint16_t id = 1; id <= 3; ++id) {
    s["b"].expect_publish("t", std::to_string(id), {.qos = 1, .id = id, .properties = "0b 02"});
  }
  s["c"].expect_nothing();
}

TEST_CASE("a session that ends by its expiry or by Clean Start passes its messages on, too") {
  BrokerScript s;
  const Hello short_lived{.properties = "11 0000000a"};
  s["p"].connect();
  s["b"].connect({.properties = kKept}).subscribe("$share/g/t", 2).drop();
  for (const bool by_expiry : {true, false}) {
    s["a"].connect(short_lived).subscribe("$share/g/t", 1);
    s["p"].publish("t", "x", {.qos = 1, .id = 1}).expect("40 02 0001");
    s["a"].expect_publish("t", "x", {.qos = 1, .id = 1}).drop();
    if (by_expiry) {
      s.advance(11s);
    } else {
      s["a"].connect();
    }
    s["b"]
        .resume({.properties = kKept})
        .expect_publish("t", "x", {.qos = 1, .id = by_expiry ? uint16_t{1} : uint16_t{2}});
    s["b"].send(by_expiry ? "40 02 0001" : "40 02 0002").drop();
  }
}

TEST_CASE("the QoS of a message passed on is what its new receiver was granted") {
  BrokerScript s;
  s["a"].connect().subscribe("$share/g/t", 0x01);
  s["p"].connect();
  s["p"].publish("t", "1", {.qos = 2, .id = 1, .retain = true}).expect("50 02 0001");
  s["p"].publish("t", "2", {.qos = 1, .id = 2}).expect("40 02 0002");
  s["a"]
      .expect_publish("t", "1", {.qos = 1, .id = 1})
      .expect_publish("t", "2", {.qos = 1, .id = 2});
  s["b"].connect().subscribe("$share/g/t", 0x0A);
  s["a"].drop();
  s["b"]
      .expect_publish("t", "1", {.qos = 2, .id = 1, .retain = true})
      .expect_publish("t", "2", {.qos = 1, .id = 2});
}

TEST_CASE("[MQTT-4.8.2-4] QoS 2 that was begun is completed with the same client when it is back") {
  BrokerScript s;
  s["a"].connect({.properties = kKept}).subscribe("$share/g/t", 2);
  s["p"].connect().publish("t", "x", {.qos = 2, .id = 1}).expect("50 02 0001");
  s["a"].expect_publish("t", "x", {.qos = 2, .id = 1}).drop();
  s["b"].connect().subscribe("$share/g/t", 2).expect_nothing();
  s["a"].resume({.properties = kKept}).expect_publish("t", "x", {.qos = 2, .id = 1, .dup = true});
  s["a"].send("50 02 0001").expect("62 02 0001").drop();
  s["a"].resume({.properties = kKept}).expect("62 02 0001").send("70 02 0001");
  s["b"].expect_nothing();
}

TEST_CASE("[MQTT-4.8.2-5] QoS 2 that was begun goes to nobody else, what was not begun does") {
  BrokerScript s;
  s["a"].connect({.properties = "21 0001"}).subscribe("$share/g/t", 2);
  s["p"].connect();
  for (uint16_t id = 1; id <= 2; ++id)
    s["p"].publish("t", std::to_string(id), {.qos = 2, .id = id}).skip_output();
  s["a"].expect_publish("t", "1", {.qos = 2, .id = 1});
  s["b"].connect().subscribe("$share/g/t", 2);
  s["a"].drop();
  s["b"].expect_publish("t", "2", {.qos = 2, .id = 1}).expect_nothing();
}

TEST_CASE("[MQTT-4.8.2-6] what a member refused goes to nobody else") {
  BrokerScript s;
  s["a"].connect().subscribe("$share/g/t", 2);
  s["p"].connect();
  s["p"]
      .publish("t", "1", {.qos = 1, .id = 1})
      .skip_output()
      .publish("t", "2", {.qos = 2, .id = 2})
      .skip_output();
  s["a"]
      .expect_publish("t", "1", {.qos = 1, .id = 1})
      .expect_publish("t", "2", {.qos = 2, .id = 2});
  s["a"].send("40 03 0001 80 50 03 0002 80");
  s["b"].connect().subscribe("$share/g/t", 2);
  s["a"].drop();
  s["b"].expect_nothing();
}

TEST_CASE("more shared subscriptions in a session than tags: messages still find their group") {
  BrokerScript s;
  s["a"].connect();
  for (int i = 0; i < 300; ++i) s["a"].subscribe("$share/g/t/" + std::to_string(i), 1);
  s["p"].connect();
  for (const int i : {0, 253, 254, 255, 299}) {
    s["p"].publish("t/" + std::to_string(i), "x", {.qos = 1, .id = 1}).expect("40 02 0001");
  }
  s["a"].skip_output();
  s["b"].connect();
  for (const int i : {0, 254, 299}) s["b"].subscribe("$share/g/t/" + std::to_string(i), 1);
  s["a"].drop();
  s["b"]
      .expect_publish("t/0", "x", {.qos = 1, .id = 1})
      .expect_publish("t/254", "x", {.qos = 1, .id = 2});
  s["b"].expect_publish("t/299", "x", {.qos = 1, .id = 3}).expect_nothing();
}

TEST_CASE("members leave in any order and the turn goes on") {
  BrokerScript s;
  for (const char* name : {"a", "b", "c", "d"}) s[name].connect().subscribe("$share/g/t");
  s["p"].connect();
  s["p"].publish("t", "1").publish("t", "2").publish("t", "3");
  s["a"].expect_publish("t", "1");
  s["b"].expect_publish("t", "2");
  s["c"].expect_publish("t", "3");
  s["d"].unsubscribe("$share/g/t");
  s["b"].drop();
  size_t got = 0;
  for (int i = 0; i < 10; ++i) s["p"].publish("t", "x");
  for (const char* name : {"a", "c"}) {
    size_t own = 0;
    while (!s[name].take_packet().empty()) ++own;
    CHECK(own == 5);
    got += own;
  }
  CHECK(got == 10);
  s["a"].drop();
  s["c"].unsubscribe("$share/g/t");
  s["p"].publish("t", "x", {.qos = 1, .id = 1}).expect("40 03 0001 10");
}

TEST_CASE("a 3.1.1 client shares, too") {
  BrokerScript s;
  s["a"].connect({.version = Version::kV311}).subscribe("$share/g/t", 1);
  s["b"].connect().subscribe("$share/g/t", 1);
  s["p"].connect().publish("t", "1").publish("t", "2");
  s["a"].expect_publish("t", "1");
  s["b"].expect_publish("t", "2");
}

TEST_CASE("a member that may not read a message does not use it up") {
  BrokerScript s;
  s.access.restrict_reading();
  s.access.unreadable = {{"a", "t"}, {"c", "t"}};
  for (const char* name : {"a", "b", "c"}) s[name].connect().subscribe("$share/g/#", 1);
  s["p"].connect();
  for (uint16_t id = 1; id <= 4; ++id) {
    s["p"].publish("t", "x", {.qos = 1, .id = id}).send("c0 00");
    s["p"].expect("40 02 000" + std::to_string(id)).expect("d0 00");
    s["b"].expect_publish("t", "x", {.qos = 1, .id = id});
    s["b"].send("40 02 000" + std::to_string(id));
  }
  // What all may read goes round.
  for (int i = 0; i < 3; ++i) s["p"].publish("u", "y");
  for (const char* name : {"a", "b", "c"}) s[name].expect_publish("u", "y");
  // What nobody may read reaches nobody.
  s.access.unreadable.insert({"b", "t"});
  s["p"].publish("t", "z");
  for (const char* name : {"a", "b", "c"}) s[name].expect_nothing();
}

TEST_CASE("nor does one that is away and may not read it: it waits for one that may") {
  BrokerScript s;
  s.access.restrict_reading();
  s.access.unreadable = {{"a", "t"}};
  for (const char* name : {"a", "b"}) {
    s[name].connect({.properties = kKept}).subscribe("$share/g/t", 1).drop();
  }
  s["p"].connect();
  s["p"].publish("t", "1", {.qos = 1, .id = 1}).expect("40 02 0001");
  s["p"].publish("t", "2", {.qos = 1, .id = 2}).expect("40 02 0002");
  s["a"].resume({.clean = false, .properties = kKept}).expect_nothing();
  s["b"].resume({.clean = false, .properties = kKept});
  s["b"].expect_publish("t", "1", {.qos = 1, .id = 1});
  s["b"].expect_publish("t", "2", {.qos = 1, .id = 2});
}

TEST_CASE("a right that is lost while a shared message waits: another member gets it") {
  BrokerScript s;
  s["a"].connect({.properties = kKept}).subscribe("$share/g/t", 1).drop();
  s["p"].connect();
  s["p"].publish("t", "x", {.qos = 1, .id = 1}).expect("40 02 0001");
  s["b"].connect().subscribe("$share/g/t", 1);
  s.access.restrict_reading();
  s.access.unreadable = {{"a", "t"}};
  s["a"].resume({.clean = false, .properties = kKept}).expect_nothing();
  s["b"].expect_publish("t", "x", {.qos = 1, .id = 1}).send("40 02 0001");
  CHECK(s.counters().publishes_dropped == 0);
}

TEST_CASE("a member whose queue is full is passed over, at every QoS and for every policy") {
  for (const SlowConsumer policy :
       {SlowConsumer::kDrop, SlowConsumer::kDisconnect, SlowConsumer::kBlock}) {
    for (const int qos : {0, 1, 2}) {
      CAPTURE(qos);
      BrokerOptions options = quiet();
      options.queued_messages_max = 2;
      options.slow_consumer = policy;
      BrokerScript s(options);
      for (const char* name : {"a", "b"}) {
        s[name].connect().subscribe("$share/g/t", static_cast<uint8_t>(qos));
      }
      s["p"].connect();
      s["a"].stop_reading();
      for (uint16_t id = 1; id <= 12; ++id) {
        With with{.qos = qos, .id = qos == 0 ? uint16_t{0} : id};
        s["p"].publish("t", "x", with);
        s["p"].skip_output();
        if (s["b"].output().empty()) continue;
        const uint16_t its =
            qos == 0 ? 0 : static_cast<uint16_t>(s["b"].output()[5] * 256 + s["b"].output()[6]);
        s["b"].expect_publish("t", "x", {.qos = qos, .id = its});
        if (qos == 1)
          s["b"].send(std::vector<uint8_t>{0x40, 2, static_cast<uint8_t>(its >> 8),
                                           static_cast<uint8_t>(its)});
        if (qos == 2) {
          s["b"].send(std::vector<uint8_t>{0x50, 2, static_cast<uint8_t>(its >> 8),
                                           static_cast<uint8_t>(its)});
          s["b"].skip_output();
          s["b"].send(std::vector<uint8_t>{0x70, 2, static_cast<uint8_t>(its >> 8),
                                           static_cast<uint8_t>(its)});
        }
      }
      CHECK(s.counters().publishes_dropped == 0);
      CHECK(s["a"].is_open());
      s["a"].read_again();
      s["a"].skip_output();
    }
  }
}

TEST_CASE("when all who are connected are full, QoS 1 waits for a member that is away") {
  BrokerOptions options = quiet();
  options.queued_messages_max = 1;
  BrokerScript s(options);
  s["away"].connect({.properties = kKept}).subscribe("$share/g/t", 1).drop();
  s["a"].connect().subscribe("$share/g/t", 1);
  s["p"].connect();
  for (uint16_t id = 1; id <= 3; ++id) {
    s["p"].publish("t", std::to_string(id), {.qos = 1, .id = id});
    s["p"].expect("40 02 000" + std::to_string(id));
  }
  s["a"].expect_publish("t", "1", {.qos = 1, .id = 1});
  CHECK(s.counters().publishes_dropped == 1);  // the third: there is no room anywhere
  s["away"].resume({.clean = false, .properties = kKept});
  s["away"].expect_publish("t", "2", {.qos = 1, .id = 1});
}

TEST_CASE("what a member leaves behind goes to one that has room and may read it") {
  BrokerOptions options = quiet();
  options.queued_messages_max = 1;
  BrokerScript s(options);
  s["p"].connect();
  s["a"].connect().subscribe("$share/g/t", 1);
  s["p"].publish("t", "1", {.qos = 1, .id = 1}).expect("40 02 0001");
  s["a"].expect_publish("t", "1", {.qos = 1, .id = 1});
  for (const char* name : {"full", "denied", "b"}) s[name].connect().subscribe("$share/g/t", 1);
  s["full"].subscribe("own", 1);
  s["p"].publish("own", "x", {.qos = 1, .id = 1}).expect("40 02 0001");
  s["full"].expect_publish("own", "x", {.qos = 1, .id = 1});
  s.access.restrict_reading();
  s.access.unreadable = {{"denied", "t"}};
  s["a"].drop();
  s["b"].expect_publish("t", "1", {.qos = 1, .id = 1});
}

TEST_CASE("members that are all away take turns, too") {
  BrokerScript s;
  for (const char* name : {"a", "b", "c"}) {
    s[name].connect({.properties = kKept}).subscribe("$share/g/t", 1).drop();
  }
  s["p"].connect();
  for (uint16_t id = 1; id <= 6; ++id) {
    s["p"].publish("t", "x", {.qos = 1, .id = id}).expect("40 02 000" + std::to_string(id));
  }
  for (const char* name : {"a", "b", "c"}) {
    s[name].resume({.clean = false, .properties = kKept});
    s[name].expect_publish("t", "x", {.qos = 1, .id = 1});
    s[name].expect_publish("t", "x", {.qos = 1, .id = 2});
  }
}
