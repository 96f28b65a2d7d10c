// Retained messages.
#include <doctest/doctest.h>

#include "support/broker_script.h"

using namespace mq;
using namespace mq::test;
using namespace std::chrono_literals;

namespace {

constexpr Version kV311 = Version::kV311;

}  // namespace

TEST_CASE(
    "[MQTT-3.3.1-5] 3.1.1 [MQTT-3.3.1-5] 3.1.1 [MQTT-3.3.1-7] the last retained message of a topic "
    "is kept with its QoS") {
  for (const Version version : {Version::kV5, kV311}) {
    BrokerScript s;
    s["p"].connect({.version = version});
    s["p"].publish("t", "1", {.qos = 1, .id = 1, .retain = true}).skip_output();
    s["a"]
        .connect()
        .subscribe("t", 2)
        .expect_publish("t", "1", {.qos = 1, .id = 1, .retain = true})
        .drop();
    s["p"].publish("t", "2", {.retain = true});
    s["a"].connect().subscribe("t", 2).expect_publish("t", "2", {.retain = true}).drop();
    s["p"].publish("t", "3", {.qos = 2, .id = 1, .retain = true}).skip_output();
    s["a"].connect().subscribe("t", 1).expect_publish("t", "3",
                                                      {.qos = 1, .id = 1, .retain = true});
    CHECK(s.broker().retained_messages() == 1);
  }
}

TEST_CASE(
    "[MQTT-3.3.1-6] [MQTT-3.3.1-7] 3.1.1 [MQTT-3.3.1-10] 3.1.1 [MQTT-3.3.1-11] an empty retained "
    "message is delivered, removes what was retained, and is not kept") {
  for (const Version version : {Version::kV5, kV311}) {
    BrokerScript s;
    s["a"].connect().subscribe("t");
    s["p"]
        .connect({.version = version})
        .publish("t", "x", {.retain = true})
        .publish("t", "", {.retain = true});
    s["a"].expect_publish("t", "x").expect_publish("t", "");
    s["b"].connect().subscribe("t").expect_nothing();
    CHECK(s.broker().retained_messages() == 0);
    s["p"].publish("t", "", {.retain = true});  // again: nothing is there to be removed
    s["a"].expect_publish("t", "");
    s["b"].expect_publish("t", "");
  }
}

TEST_CASE(
    "[MQTT-3.3.1-8] 3.1.1 [MQTT-3.3.1-12] a message without RETAIN changes nothing that is "
    "retained") {
  for (const Version version : {Version::kV5, kV311}) {
    BrokerScript s;
    s["p"].connect({.version = version}).publish("u", "x").publish("t", "kept", {.retain = true});
    s["p"].publish("t", "passing").publish("t", "");
    s["a"].connect().subscribe("#").expect_publish("t", "kept", {.retain = true}).expect_nothing();
  }
}

TEST_CASE("[MQTT-3.3.1-9] [MQTT-3.3.1-10] [MQTT-3.3.1-11] Retain Handling") {
  BrokerScript s;
  s["p"].connect().publish("t/1", "x", {.retain = true});
  const auto kept = [](Peer& peer) -> Peer& {
    return peer.expect_publish("t/1", "x", {.retain = true});
  };
  Peer& a = s["a"].connect({.properties = "11 000003e8"});
  kept(a.subscribe("t/#", 0x00));
  kept(a.subscribe("t/#", 0x00));             // 0: always
  a.subscribe("t/#", 0x10).expect_nothing();  // 1: only when it is new
  kept(a.unsubscribe("t/#").subscribe("t/#", 0x10));
  a.subscribe("t/#", 0x20).expect_nothing();  // 2: never
  a.unsubscribe("t/#").subscribe("t/#", 0x20).expect_nothing();
  // A subscription that a session kept is not new.
  a.drop();
  a.resume().subscribe("t/#", 0x10).expect_nothing();
}

TEST_CASE(
    "3.1.1 [MQTT-3.3.1-6] 3.1.1 [MQTT-3.3.1-8] 3.1.1 [MQTT-3.3.1-9] RETAIN is 1 for a new "
    "subscription and 0 for an established one") {
  BrokerScript s;
  s["p"]
      .connect({.version = kV311})
      .publish("t/1", "a", {.retain = true})
      .publish("t/2", "b", {.retain = true});
  s["a"].connect({.version = kV311}).subscribe("t/1").expect_publish("t/1", "a", {.retain = true});
  s["a"].subscribe("t/+");
  // Of every matching topic the last one, in no particular order.
  std::set<std::vector<uint8_t>> got{s["a"].take_packet(), s["a"].take_packet()};
  CHECK(got == std::set{publish_packet(kV311, "t/1", "a", {.retain = true}),
                        publish_packet(kV311, "t/2", "b", {.retain = true})});
  s["a"].unsubscribe("t/1");
  s["p"].publish("t/2", "c", {.retain = true});
  s["a"].expect_publish("t/2", "c");
}

TEST_CASE("SUBACK comes before the retained messages, RETAIN 1 although not Retain As Published") {
  BrokerScript s;
  s["p"].connect().publish("t", "x", {.retain = true});
  s["a"].connect().send("82 07 0001 00 0001 't' 00").expect("90 04 0001 00 00");
  s["a"].expect_publish("t", "x", {.retain = true});
}

TEST_CASE("retained messages keep their properties and get the subscription's identifier") {
  BrokerScript s;
  s["p"].connect().publish("t", "x",
                           {.retain = true, .properties = "03 0004 'text' 26 0001 'k' 0001 'v'"});
  s["a"].connect().subscribe("t", 0, "0b 09");
  s["a"].expect_publish(
      "t", "x", {.retain = true, .properties = "0b 09 03 0004 'text' 26 0001 'k' 0001 'v'"});
  s["b"].connect({.version = kV311}).subscribe("t").expect_publish("t", "x", {.retain = true});
}

TEST_CASE("a retained message counts its expiry down, and is gone when it is over") {
  BrokerScript s;
  s["p"].connect();
  s["p"].publish("t/short", "x", {.retain = true, .properties = "02 0000000a"});
  s["p"].publish("t/ever", "y", {.retain = true});
  s.advance(4s);
  s["a"].connect().subscribe("t/short").expect_publish(
      "t/short", "x", {.retain = true, .properties = "02 00000006"});
  s.advance(7s);
  CHECK(s.broker().retained_messages() == 1);
  s["b"]
      .connect()
      .subscribe("t/#")
      .expect_publish("t/ever", "y", {.retain = true})
      .expect_nothing();
}

TEST_CASE("an expired retained message is gone before the timer has come") {
  BrokerScript s;
  s["p"].connect().publish("t", "x", {.retain = true, .properties = "02 0000000a"});
  s.oversleep(11s);
  s["a"].connect().subscribe("#").expect_nothing().subscribe("t").expect_nothing();
}

TEST_CASE("a newer message ends the expiry of an older one") {
  BrokerScript s;
  s["p"].connect().publish("t", "x", {.retain = true, .properties = "02 0000000a"});
  s["p"].publish("t", "y", {.retain = true});
  s.advance(60s);
  s["a"].connect().subscribe("t").expect_publish("t", "y", {.retain = true});
}

TEST_CASE("3.1.1 [MQTT-3.1.2-7] retained messages outlive the session of their publisher") {
  BrokerScript s;
  s["p"].connect({.version = kV311}).publish("t", "x", {.retain = true}).disconnect();
  s["a"].connect().subscribe("t").expect_publish("t", "x", {.retain = true});
}

TEST_CASE("retained QoS 1 messages go through the window like others") {
  BrokerScript s;
  s["p"].connect();
  for (const char* topic : {"t/1", "t/2", "t/3"}) {
    s["p"].publish(topic, "x", {.qos = 1, .id = 1, .retain = true}).skip_output();
  }
  s["a"].connect({.properties = "21 0001"}).subscribe("t/#", 1);
  for (int i = 1; i <= 3; ++i) {
    CHECK(s["a"].take_packet().size() == 11);
    s["a"].expect_nothing().send({0x40, 2, 0, static_cast<uint8_t>(i)});
  }
  s["a"].expect_nothing();
}

TEST_CASE("messages are retained no longer than the broker allows, and it tells nobody") {
  BrokerOptions options = quiet();
  options.retain_expiry_max_s = 10;
  BrokerScript s(options);
  s["a"].connect().publish("long", "x", {.retain = true});
  s["a"].publish("short", "y", {.retain = true, .properties = "02 00000005"});
  s.advance(4s);
  s["b"].connect().subscribe("#");
  s["b"].expect_publish("short", "y", {.retain = true, .properties = "02 00000001"});
  s["b"].expect_publish("long", "x", {.retain = true});
  s.advance(1s);
  CHECK(s.broker().retained_messages() == 1);
  s.advance(5s);
  CHECK(s.broker().retained_messages() == 0);
}

TEST_CASE("a retained message goes with the right of who published it") {
  BrokerOptions options = quiet();
  SUBCASE("checked") {}
  SUBCASE("not checked") { options.check_retain_source = false; }
  BrokerScript s(options);
  s.access.restrict_reading();
  s["a"].connect({.user_name = "alice"}).publish("t", "x", {.retain = true});
  s["a"].publish("u", "y", {.retain = true}).disconnect();
  s["b"].connect().subscribe("t").expect_publish("t", "x", {.retain = true});
  s.access.unpublishable = {"t"};
  s["c"].connect().subscribe("t");
  if (!options.check_retain_source) s["c"].expect_publish("t", "x", {.retain = true});
  s["c"].expect_nothing().subscribe("u").expect_publish("u", "y", {.retain = true});
  CHECK(s.access.last_user == (options.check_retain_source ? "alice" : ""));
}
