// PUBLISH: what is accepted, how it is forwarded, topic aliases, expiry, packet sizes.
#include <doctest/doctest.h>

#include "support/broker_script.h"

using namespace mq;
using namespace mq::test;
using namespace std::chrono_literals;

namespace {

constexpr Version kV311 = Version::kV311;
constexpr std::string_view kKept = "11 000003e8";

}  // namespace

TEST_CASE("a payload of any bytes and any size arrives as it was sent") {
  BrokerScript s;
  s["a"].connect();
  s["b"].connect().subscribe("t");
  std::string every;
  for (int i = 0; i < 256; ++i) every += static_cast<char>(i);
  for (const size_t size : {size_t{0}, size_t{1}, size_t{255}, size_t{4000}, size_t{4096},
                            size_t{5000}, size_t{70'000}, size_t{3'000'000}}) {
    std::string payload;
    while (payload.size() < size) payload += every;
    payload.resize(size);
    s["a"].publish("t", payload);
    s["b"].expect_publish("t", payload);
  }
}

TEST_CASE(
    "[MQTT-3.3.2-1] [MQTT-3.3.2-2] [MQTT-4.7.0-1] 3.1.1 [MQTT-3.3.2-2] 3.1.1 [MQTT-4.7.3-1] 3.1.1 "
    "[MQTT-4.7.3-2] a topic with a wildcard, or that is not UTF-8, closes") {
  BrokerScript s;
  for (const char* topic : {"#", "a/+/b", "a#"}) {
    s["a"].connect().publish(topic, "x").expect_disconnect(0x90);
    s["b"].connect({.version = kV311}).publish(topic, "x").expect_close();
  }
  s["a"].connect().publish("\xC0\x80", "x").expect_disconnect(0x81);
  s["a"].connect().publish(std::string_view("a\0", 2), "x").expect_disconnect(0x81);
  s["b"].connect({.version = kV311}).publish("\xED\xA0\x80", "x").expect_close();
}

TEST_CASE("[MQTT-4.7.3-1] an empty topic is a protocol error") {
  BrokerScript s;
  s["a"].connect().publish("", "x").expect_disconnect(0x82);
  s["b"].connect({.version = kV311}).publish("", "x").expect_close();
}

TEST_CASE(
    "[MQTT-4.7.3-3] [MQTT-4.7.3-4] topics of 65,535 bytes and of any characters arrive as they "
    "are") {
  BrokerScript s;
  s["a"].connect();
  s["b"].connect().subscribe("#");
  for (const std::string& topic :
       {std::string(65'535, 't'), std::string("\xEF\xBB\xBF"), std::string("//"), std::string(" "),
        std::string("A/a"), std::string("e\xCC\x81"), std::string("\xC3\xA9"),
        std::string("a/\x01")}) {
    s["a"].publish(topic, "x");
    s["b"].expect_publish(topic, "x");
  }
  // Decomposed and composed, upper and lower case are different filters.
  s["c"].connect().subscribe("\xC3\xA9").subscribe("a");
  s["a"].publish("e\xCC\x81", "x").publish("A", "x").publish("a", "y");
  s["c"].expect_publish("a", "y");
  s["b"].skip_output();
}

TEST_CASE(
    "[MQTT-3.3.2-4] [MQTT-3.3.2-15] [MQTT-3.3.2-16] [MQTT-3.3.2-17] [MQTT-3.3.2-18] "
    "[MQTT-3.3.2-20] [MQTT-3.1.3-10] properties are forwarded unaltered and in order") {
  BrokerScript s;
  s["a"].connect();
  s["b"].connect().subscribe("t", 1);
  const std::string_view properties =
      "26 0001 'b' 0001 '1' 01 01 03 0004 'text' 26 0001 'a' 0000 08 0003 'r/t' 09 0003 00ff01"
      "26 0001 'b' 0001 '1' 26 0000 0000";
  s["a"].publish("t", "x", {.qos = 1, .id = 1, .properties = properties}).expect("40 02 0001");
  s["b"].expect_publish("t", "x", {.qos = 1, .id = 1, .properties = properties});
  // Also when they wait, and when 3.1.1 clients are among the receivers.
  s["c"].connect({.version = kV311}).subscribe("t", 1);
  s["d"].connect({.properties = kKept}).subscribe("t", 1).drop();
  s["a"].publish("t", "y", {.qos = 1, .id = 1, .properties = properties}).expect("40 02 0001");
  s["b"].expect_publish("t", "y", {.qos = 1, .id = 2, .properties = properties});
  s["c"].expect_publish("t", "y", {.qos = 1, .id = 1});
  s["d"].resume().expect_publish("t", "y", {.qos = 1, .id = 1, .properties = properties});
  // Of a will, too.
  s["w"].connect({.will = WillOf{"t", "z", 0, false, properties}}).drop();
  s["b"].expect_publish("t", "z", {.properties = properties});
  s["c"].expect_publish("t", "z");
  s["d"].expect_publish("t", "z", {.properties = properties});
}

TEST_CASE("five thousand user properties pass") {
  BrokerScript s;
  std::string properties;
  for (int i = 0; i < 5000; ++i) properties += "26 0004 'name' 0005 'value'";
  s["a"].connect();
  s["b"].connect().subscribe("t");
  s["a"].publish("t", "x", {.properties = properties});
  s["b"].expect_publish("t", "x", {.properties = properties});
}

TEST_CASE("[MQTT-3.3.4-6] a Subscription Identifier from a client is a protocol error") {
  BrokerScript s;
  s["a"].connect().publish("t", "x", {.properties = "0b 01"}).expect_disconnect(0x82);
}

TEST_CASE("who may not publish is told 0x87, and nobody gets it") {
  BrokerScript s;
  s.access.unpublishable.insert("t");
  s["b"].connect().subscribe("#");
  s["a"].connect({.user_name = "alice"});
  s["a"].publish("t", "x").expect_nothing();
  s["a"].publish("t", "x", {.qos = 1, .id = 1}).expect("40 03 0001 87");
  s["a"].publish("t", "x", {.qos = 2, .id = 2, .retain = true}).expect("50 03 0002 87");
  CHECK(s.access.last_user == "alice");
  CHECK(s.counters().publishes_dropped == 3);
  CHECK(s.broker().retained_messages() == 0);
  s["b"].expect_nothing();
}

TEST_CASE(
    "3.1.1 [MQTT-3.3.5-2] a 3.1.1 client that may not publish gets a positive acknowledgement") {
  BrokerScript s;
  s.access.unpublishable.insert("t");
  s["b"].connect().subscribe("#");
  s["a"].connect({.version = kV311});
  s["a"].publish("t", "x", {.qos = 1, .id = 1}).expect("40 02 0001");
  s["a"]
      .publish("t", "x", {.qos = 2, .id = 2})
      .expect("50 02 0002")
      .send("62 02 0002")
      .expect("70 02 0002");
  s["b"].expect_nothing();
}

TEST_CASE("nobody publishes to the server's own topics") {
  BrokerScript s;
  s["b"].connect().subscribe("$SYS/#").subscribe("$CONTROL/#");
  s["a"].connect();
  for (const char* topic : {"$SYS/broker/version", "$CONTROL/x", "$share/g/t"}) {
    s["a"].publish(topic, "x", {.qos = 1, .id = 1}).expect("40 03 0001 87");
    s["a"].publish(topic, "x", {.retain = true});
  }
  CHECK(s.broker().retained_messages() == 0);
  s["b"].expect_nothing();
  s["c"].hello({.will = WillOf{"$SYS/x", "y"}}).expect_refusal(0x87);
  // Other names that begin with $ are anybody's.
  s["d"].connect().subscribe("$mine/x");
  s["a"].publish("$mine/x", "y");
  s["d"].expect_publish("$mine/x", "y");
}

TEST_CASE("the state of a bridge is told by the client that it names, and by nobody else") {
  BrokerScript s;
  s["w"].connect().subscribe("$SYS/broker/connection/#");
  s["host.b"].connect();
  s["host.b"].publish("$SYS/broker/connection/host.b/state", "1", {.qos = 1, .id = 1});
  s["host.b"].expect("40 02 0001");
  s["w"].expect_publish("$SYS/broker/connection/host.b/state", "1");
  for (const char* topic :
       {"$SYS/broker/connection/other/state", "$SYS/broker/connection/host.b/state/x",
        "$SYS/broker/connection/host.b", "$SYS/broker/connection//state",
        "$SYS/broker/connection/state"}) {
    s["host.b"].publish(topic, "1", {.qos = 1, .id = 2}).expect("40 03 0002 87");
  }
  s["x"].hello({.will = WillOf{"$SYS/broker/connection/host.b/state", "0"}}).expect_refusal(0x87);
  s["w"].expect_nothing();
}

// --- bridges ---

TEST_CASE("who says on which broker its messages have been is told which one this is") {
  BrokerScript s;
  s.broker().set_via("THERE");
  s["bridge"].hello({.properties = "26 0009 'mqkit-via' 0004 'HERE'"});
  s["bridge"].expect("20 19 00 00 16 22 ffff 26 0009 'mqkit-via' 0005 'THERE'");
  s["client"].hello({.properties = "26 0009 'mqkit-vib' 0004 'HERE'"});
  s["client"].expect("20 06 00 00 03 22 ffff");
}

// --- Message Expiry Interval ---

TEST_CASE(
    "[MQTT-3.3.2-5] [MQTT-3.3.2-6] Message Expiry Interval counts down while a message waits, and "
    "then it is gone") {
  BrokerScript s;
  s["b"].connect({.properties = kKept}).subscribe("t", 1).drop();
  s["a"].connect();
  s["a"]
      .publish("t", "short", {.qos = 1, .id = 1, .properties = "02 0000000a"})
      .expect("40 02 0001");
  s["a"].publish("t", "long", {.qos = 1, .id = 1, .properties = "01 01 02 00000064 03 0001 'c'"});
  s["a"].expect("40 02 0001");
  s["a"].publish("t", "ever", {.qos = 1, .id = 1}).expect("40 02 0001");
  s.advance(9s);
  s["c"].connect({.clean = false, .properties = kKept, .client_id = "b2"});
  s["b"].resume({.properties = kKept});
  s["b"].expect_publish("t", "short", {.qos = 1, .id = 1, .properties = "02 00000001"});
  s["b"].expect_publish("t", "long",
                        {.qos = 1, .id = 2, .properties = "01 01 02 0000005b 03 0001 'c'"});
  s["b"].expect_publish("t", "ever", {.qos = 1, .id = 3});
}

TEST_CASE("[MQTT-3.3.2-5] an expired message leaves the queue, and what is behind it goes on") {
  BrokerScript s;
  const Hello hello{.properties = "11 000003e8 21 0001"};
  s["b"].connect(hello).subscribe("t", 2).drop();
  s["a"].connect();
  for (const char* payload : {"1", "2", "3"}) {
    const With with{.qos = 1, .id = 1, .properties = *payload == '3' ? "" : "02 0000000a"};
    s["a"].publish("t", payload, with).expect("40 02 0001");
  }
  s.advance(11s);
  s["b"].resume(hello).expect_publish("t", "3", {.qos = 1, .id = 3}).expect_nothing();
}

TEST_CASE("an expired message is not sent late on a live connection either") {
  BrokerScript s;
  s["a"].connect();
  s["b"].connect().subscribe("t", 1).stop_reading();
  s["a"].publish("t", "0", {.properties = "02 00000002"});
  s["a"].publish("t", "1", {.qos = 1, .id = 1, .properties = "02 00000002"}).expect("40 02 0001");
  s["a"].publish("t", "2", {.qos = 1, .id = 2, .properties = "02 00000009"}).expect("40 02 0002");
  s.advance(3s);
  s["b"].read_again().expect_publish("t", "2", {.qos = 1, .id = 2, .properties = "02 00000006"});
}

TEST_CASE("Message Expiry Interval 0 reaches those who are there, and waits for nobody") {
  BrokerScript s;
  s["a"].connect();
  s["b"].connect().subscribe("t", 1);
  s["c"].connect({.properties = kKept}).subscribe("t", 1).drop();
  s["a"].publish("t", "x", {.qos = 1, .id = 1, .properties = "02 00000000"}).expect("40 02 0001");
  s["b"].expect_publish("t", "x", {.qos = 1, .id = 1, .properties = "02 00000000"});
  s.advance(1ms);
  s["c"].resume().expect_nothing();
}

TEST_CASE("[MQTT-4.3.3-7] a message that was sent is completed although it expires") {
  BrokerScript s;
  const Hello hello{.properties = kKept};
  s["b"].connect(hello).subscribe("t", 2);
  s["a"]
      .connect()
      .publish("t", "x", {.qos = 2, .id = 1, .properties = "02 00000002"})
      .expect("50 02 0001");
  s["b"].expect_publish("t", "x", {.qos = 2, .id = 1, .properties = "02 00000002"}).drop();
  s.advance(10s);
  s["b"].resume(hello);
  s["b"].expect_publish("t", "x", {.qos = 2, .id = 1, .dup = true, .properties = "02 00000000"});
  s["b"].send("50 02 0001").expect("62 02 0001");
}

// --- Topic Alias, from the client ---

TEST_CASE("[MQTT-3.3.2-12] an alias stands for its topic until it gets another") {
  BrokerScript s;
  s["b"].connect().subscribe("#");
  s["a"].connect();
  s["a"].publish("one", "1", {.properties = "23 0001"}).publish("", "2", {.properties = "23 0001"});
  s["a"].publish("two", "3", {.properties = "23 ffff"}).publish("", "4", {.properties = "23 ffff"});
  s["a"]
      .publish("three", "5", {.properties = "23 0001"})
      .publish("", "6", {.properties = "23 0001"});
  s["b"].expect_publish("one", "1").expect_publish("one", "2").expect_publish("two", "3");
  s["b"].expect_publish("two", "4").expect_publish("three", "5").expect_publish("three", "6");
}

TEST_CASE(
    "[MQTT-3.3.2-8] [MQTT-3.3.2-9] an alias of 0, above the maximum or without a topic ends the "
    "connection") {
  BrokerOptions options = quiet();
  options.topic_alias_maximum = 10;
  BrokerScript s(options);
  s["a"].hello({}).expect("20 06 00 00 03 22 000a");
  s["a"].publish("t", "x", {.properties = "23 000a"}).expect_nothing();
  s["a"].publish("t", "x", {.properties = "23 000b"}).expect_disconnect(0x94);
  s["a"]
      .hello({})
      .skip_output()
      .publish("t", "x", {.properties = "23 0000"})
      .expect_disconnect(0x94);
  s["a"]
      .hello({})
      .skip_output()
      .publish("", "x", {.properties = "23 0005"})
      .expect_disconnect(0x82);
}

TEST_CASE("[MQTT-3.3.2-7] aliases end with the connection") {
  BrokerScript s;
  s["a"].connect({.properties = kKept}).publish("t", "x", {.properties = "23 0001"}).drop();
  s["a"].resume().publish("", "x", {.properties = "23 0001"}).expect_disconnect(0x82);
}

TEST_CASE("the alias of a duplicate or refused message counts all the same") {
  BrokerScript s;
  s.access.unpublishable.insert("secret");
  s["b"].connect().subscribe("#");
  s["a"].connect();
  s["a"].publish("t", "x", {.qos = 2, .id = 1}).expect("50 02 0001");
  s["a"]
      .publish("t", "x", {.qos = 2, .id = 1, .dup = true, .properties = "23 0001"})
      .expect("50 02 0001");
  s["a"].publish("", "y", {.properties = "23 0001"});
  s["a"].publish("secret", "z", {.properties = "23 0002"});
  s["a"].publish("", "z", {.qos = 1, .id = 2, .properties = "23 0002"}).expect("40 03 0002 87");
  s["b"].expect_publish("t", "x").expect_publish("t", "y");
}

// --- Topic Alias, to the client ---

TEST_CASE(
    "[MQTT-3.1.2-26] [MQTT-3.3.2-11] aliases are given out first come, first served up to the "
    "client's maximum") {
  BrokerScript s;
  s["a"].connect();
  s["b"].connect({.properties = "22 0002"}).subscribe("#");
  for (const char* topic : {"one", "two", "three"}) s["a"].publish(topic, "1").publish(topic, "2");
  s["b"]
      .expect_publish("one", "1", {.properties = "23 0001"})
      .expect_publish("", "2", {.properties = "23 0001"});
  s["b"]
      .expect_publish("two", "1", {.properties = "23 0002"})
      .expect_publish("", "2", {.properties = "23 0002"});
  s["b"].expect_publish("three", "1").expect_publish("three", "2");
}

TEST_CASE("[MQTT-3.1.2-27] no alias for who takes none") {
  BrokerScript s;
  s["a"].connect();
  for (const char* properties : {"", "22 0000"}) {
    s["b"].connect({.properties = properties}).subscribe("#");
    s["a"].publish("t", "1").publish("t", "2");
    s["b"].expect_publish("t", "1").expect_publish("t", "2").drop();
  }
}

TEST_CASE("[MQTT-3.3.2-7] the broker's aliases are new on every connection") {
  BrokerScript s;
  const Hello hello{.properties = "11 000003e8 22 0005"};
  s["a"].connect();
  s["b"].connect(hello).subscribe("#", 1);
  s["a"]
      .publish("t", "1", {.qos = 1, .id = 1})
      .skip_output()
      .publish("t", "2", {.qos = 1, .id = 1})
      .skip_output();
  s["b"].expect_publish("t", "1", {.qos = 1, .id = 1, .properties = "23 0001"});
  s["b"].expect_publish("", "2", {.qos = 1, .id = 2, .properties = "23 0001"}).drop();
  s["b"].resume(hello);
  s["b"].expect_publish("t", "1", {.qos = 1, .id = 1, .dup = true, .properties = "23 0001"});
  s["b"].expect_publish("", "2", {.qos = 1, .id = 2, .dup = true, .properties = "23 0001"});
}

TEST_CASE("an alias comes before the other properties, with the subscription identifier") {
  BrokerScript s;
  s["a"].connect();
  s["b"].connect({.properties = "22 0005"}).subscribe("t", 0, "0b 8001");
  s["a"].publish("t", "x", {.properties = "01 01"});
  s["b"].expect_publish("t", "x", {.properties = "23 0001 0b 8001 01 01"});
}

// --- Maximum Packet Size ---

TEST_CASE(
    "[MQTT-3.1.2-24] [MQTT-3.1.2-25] a message over the client's Maximum Packet Size is skipped as "
    "if it had been delivered") {
  BrokerScript s;
  s["a"].connect();
  s["b"].connect({.properties = "27 00000020 21 0001"}).subscribe("t", 2);  // 32 bytes
  s["c"].connect().subscribe("t", 2);
  // Fixed header 2, topic 3, identifier 2, property length 1: 24 bytes of payload fit.
  const std::string fits(24, 'x'), over(25, 'y');
  for (const std::string& payload : {over, fits, over}) {
    s["a"].publish("t", payload, {.qos = 1, .id = 1}).expect("40 02 0001");
  }
  s["b"].expect_publish("t", fits, {.qos = 1, .id = 2}).expect_nothing();
  s["a"].publish("t", "next", {.qos = 1, .id = 1}).expect("40 02 0001");
  s["b"].send("40 02 0002").expect_publish("t", "next", {.qos = 1, .id = 4});
  s["c"]
      .expect_publish("t", over, {.qos = 1, .id = 1})
      .expect_publish("t", fits, {.qos = 1, .id = 2});
  s["c"]
      .expect_publish("t", over, {.qos = 1, .id = 3})
      .expect_publish("t", "next", {.qos = 1, .id = 4});
  CHECK(s.counters().publishes_dropped == 2);
}

TEST_CASE("a message that was sent, and is too large for the next connection, is done with") {
  BrokerScript s;
  s["a"].connect();
  s["b"].connect({.properties = kKept}).subscribe("t", 1);
  const std::string large(100, 'x');
  s["a"].publish("t", large, {.qos = 1, .id = 1}).skip_output();
  s["b"].expect_publish("t", large, {.qos = 1, .id = 1}).drop();
  s["b"].resume({.properties = "11 000003e8 27 00000040"}).expect_nothing().drop();
  s["b"].resume({.properties = kKept}).expect_nothing();
}

TEST_CASE("a message that fits only without its alias goes without") {
  BrokerScript s;
  s["a"].connect();
  s["b"].connect({.properties = "27 00000020 22 0005"}).subscribe("t");
  const std::string fits(26, 'x');  // 2 + 3 + 1 + 26 = 32
  s["a"].publish("t", fits).publish("t", "y").publish("t", fits);
  s["b"].expect_publish("t", fits).expect_publish("t", "y", {.properties = "23 0001"});
  s["b"].expect_publish("t", fits);
}

TEST_CASE(
    "[MQTT-3.14.2-3] [MQTT-3.14.2-4] DISCONNECT goes without its reason where that would not fit") {
  BrokerScript s;
  s["a"]
      .connect({.properties = "27 00000010"})
      .send("20 03 00 00 00")
      .expect("e0 01 82")
      .expect_close();
}

TEST_CASE(
    "[MQTT-3.2.2-19] [MQTT-3.2.2-20] a refusal goes without its reason where that would not fit") {
  BrokerScript s;
  s.access.passwords["alice"] = "secret";
  s["a"].hello({.properties = "27 00000010"}).expect("20 03 00 86 00").expect_close();
}

TEST_CASE("[MQTT-3.1.2-24] a client too small for its CONNACK is refused, and changes nothing") {
  BrokerScript s;
  s["b"].connect().subscribe("w");
  s["a"].connect({.properties = kKept});
  // CONNACK takes 8 bytes.
  s["small"]
      .hello({.clean = false, .properties = "27 00000007", .client_id = "a"})
      .expect_refusal(0x95);
  s["smaller"]
      .hello({.clean = false, .properties = "27 00000004", .client_id = "a"})
      .expect_close();
  s["will"].hello({.properties = "27 00000004", .will = WillOf{"w", "x"}}).expect_close();
  s["a"].send("c0 00").expect("d0 00");
  s["exact"].resume({.properties = "27 00000008", .client_id = "a"});
  s["a"].expect_disconnect(0x8E);
  // The assigned identifier must be told, so it needs the room.
  s["nameless"].hello({.properties = "27 00000008", .client_id = ""}).expect_refusal(0x95);
}

TEST_CASE(
    "[MQTT-3.9.2-1] [MQTT-3.9.2-2] [MQTT-3.11.2-1] [MQTT-3.11.2-2] a SUBACK or UNSUBACK that does "
    "not fit ends the connection, with the session in order") {
  BrokerScript s;
  s["p"].connect();
  // 0x90, length, identifier, property length: 5 bytes and one a filter.
  s["a"].connect({.properties = "11 000003e8 27 00000008"});
  s["a"].send("82 0f 0001 00 0001 'a' 00 0001 'b' 00 0001 'c' 00").expect("90 06 0001 00 00 00 00");
  s["a"]
      .send("82 13 0001 00 0001 'a' 00 0001 'b' 00 0001 'c' 00 0001 'd' 00")
      .expect_disconnect(0x95);
  s["p"].publish("a", "x");
  s["a"].resume({.properties = "11 000003e8 27 00000008"});
  s["a"].send("a2 0f 0001 00 0001 'a' 0001 'b' 0001 'c' 0001 'd'").expect_disconnect(0x95);
}

TEST_CASE(
    "[MQTT-3.4.2-2] [MQTT-3.4.2-3] [MQTT-3.5.2-2] [MQTT-3.5.2-3] [MQTT-3.6.2-2] [MQTT-3.6.2-3] "
    "[MQTT-3.7.2-2] [MQTT-3.7.2-3] acknowledgements have no properties, so they fit every client") {
  BrokerScript s;
  s.access.unpublishable.insert("secret");
  s["a"].connect({.properties = "27 00000008"});
  s["a"].send("32 06 0001 't' 0001 00").expect("40 03 0001 10");
  s["a"].send("34 06 0001 't' 0002 00").expect("50 03 0002 10").send("62 02 0002");
  s["a"].expect("70 02 0002").send("62 02 0003").expect("70 03 0003 92");
  s["a"].send("50 02 0004").expect("62 03 0004 92");
  s["a"].publish("secret", "x", {.qos = 1, .id = 5}).expect("40 03 0005 87");
  s["a"].publish("secret", "x", {.qos = 2, .id = 6}).expect("50 03 0006 87");
}

TEST_CASE(
    "[MQTT-3.1.2-29] [MQTT-3.14.2-2] a Reason String, and nothing else, in DISCONNECT for who "
    "wants it, and in no other packet but CONNACK") {
  BrokerScript s;
  s.access.unsubscribable.insert("secret");
  for (const bool wanted : {true, false}) {
    s["a"].connect({.properties = wanted ? "17 01" : "17 00"});
    s["a"].send("82 0c 0001 00 0006 'secret' 00").expect("90 04 0001 00 87");
    s["a"].send("a2 0b 0002 00 0006 'secret'").expect("b0 04 0002 00 11");
    s["a"].publish("t", "x", {.qos = 1, .id = 3}).expect("40 03 0003 10");
    s["a"].send("20 03 00 00 00");
    const std::vector<uint8_t> disconnect = s["a"].take_packet();
    if (wanted) {
      REQUIRE(disconnect.size() > 7);
      CHECK(disconnect[2] == 0x82);
      CHECK(disconnect[4] == 0x1F);
      CHECK(disconnect.size() == 7u + disconnect[6]);
    } else {
      CHECK(disconnect == wire("e0 01 82"));
    }
    s["a"].expect_close();
  }
}

// --- Other packets ---

TEST_CASE("[MQTT-3.12.4-1] 3.1.1 [MQTT-3.12.4-1] PINGREQ is answered with PINGRESP") {
  BrokerScript s;
  s["a"].connect().send("c0 00").expect("d0 00");
  s["b"].connect({.version = kV311}).send("c0 00").expect("d0 00");
  s["a"].send("c0 01 00").expect_disconnect(0x81);
}

TEST_CASE("[MQTT-4.13.1-1] packets that only a server sends are a protocol error") {
  BrokerScript s;
  for (const char* packet : {"20 03 00 00 00", "90 04 0001 00 00", "b0 04 0001 00 00", "d0 00"}) {
    s["a"].connect().send(packet).expect_disconnect(0x82);
    s["b"].connect({.version = kV311}).send(packet).expect_close();
  }
  s["a"].connect().send("00 00").expect_disconnect(0x81);
}

TEST_CASE(
    "[MQTT-4.13.2-1] [MQTT-3.14.4-1] [MQTT-3.14.4-2] after the DISCONNECT that says why, nothing "
    "is sent or taken any more") {
  BrokerScript s;
  s["b"].connect().subscribe("#");
  s["a"].connect().subscribe("t");
  s["a"].send("00 00 30 05 0001 't' 00 'x' c0 00");
  s["a"].take_packet();
  s["b"].publish("t", "y").expect_publish("t", "y");
  s["a"].send("c0 00").expect_close();
}
