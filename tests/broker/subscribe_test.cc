// SUBSCRIBE and UNSUBSCRIBE: filters, options, identifiers, overlaps.
#include <doctest/doctest.h>

#include "support/broker_script.h"

using namespace mq;
using namespace mq::test;
using namespace std::chrono_literals;

namespace {

constexpr Version kV311 = Version::kV311;
constexpr std::string_view kKept = "11 000003e8";

}  // namespace

TEST_CASE(
    "[MQTT-3.8.4-1] [MQTT-3.8.4-2] [MQTT-3.8.4-6] [MQTT-3.8.4-7] [MQTT-2.2.1-6] [MQTT-3.9.3-1] "
    "[MQTT-3.9.3-2] SUBACK has the packet's identifier and a code for each filter, in order") {
  BrokerScript s;
  s.access.unsubscribable.insert("secret");
  s["a"].connect().send("82 18 1234 00 0001 'a' 02 0006 'secret' 01 0001 'b' 00 0001 'c' 01");
  s["a"].expect("90 07 1234 00 02 87 00 01");
}

TEST_CASE(
    "3.1.1 [MQTT-3.8.4-1] 3.1.1 [MQTT-3.8.4-2] 3.1.1 [MQTT-3.8.4-5] 3.1.1 [MQTT-2.3.1-7] SUBACK in "
    "3.1.1, where failure is 0x80") {
  BrokerScript s;
  s.access.unsubscribable.insert("secret");
  s["a"].connect({.version = kV311});
  s["a"].send("82 17 1234 0001 'a' 02 0006 'secret' 01 0001 'b' 00 0001 'c' 01");
  s["a"].expect("90 06 1234 02 80 00 01");
}

TEST_CASE(
    "[MQTT-3.8.4-5] 3.1.1 [MQTT-3.8.4-4] several filters are as many SUBSCRIBE packets with one "
    "answer") {
  BrokerScript s;
  s["p"].connect().publish("a", "1", {.retain = true}).publish("b", "2", {.retain = true});
  for (const Version version : {Version::kV5, kV311}) {
    Peer& a = s["a"].connect({.version = version});
    // The same filter twice: the second replaces the first, and both bring the retained message.
    if (version == kV311) {
      a.send("82 0e 0001 0001 'a' 00 0001 'b' 00 0001 'a' 01").expect("90 05 0001 00 00 01");
    } else {
      a.send("82 0f 0001 00 0001 'a' 00 0001 'b' 00 0001 'a' 01").expect("90 06 0001 00 00 00 01");
    }
    a.expect_publish("a", "1", {.retain = true}).expect_publish("b", "2", {.retain = true});
    a.expect_publish("a", "1", {.retain = true});
    s["p"].publish("a", "3", {.qos = 1, .id = 1}).expect("40 02 0001");
    a.expect_publish("a", "3", {.qos = 1, .id = 1});
    a.drop();
  }
}

TEST_CASE("who may not subscribe is told so and gets nothing") {
  BrokerScript s;
  s.access.unsubscribable.insert("t/#");
  s["a"]
      .connect({.user_name = "alice"})
      .send("82 09 0001 00 0003 't/#' 00")
      .expect("90 04 0001 00 87");
  CHECK(s.access.last_user == "alice");
  s["a"].publish("t/1", "x").expect_nothing();
  // Of a shared subscription the filter behind the name counts.
  s["a"].send("82 12 0001 00 000c '$share/g/t/#' 00").expect("90 04 0001 00 87");
}

TEST_CASE(
    "[MQTT-3.8.4-8] [MQTT-4.8.2-3] the QoS is the lower of the publisher's and the granted one") {
  BrokerScript s;
  s["a"].connect();
  for (const int granted : {0, 1, 2}) {
    for (const bool shared : {false, true}) {
      s["b"].connect().subscribe(shared ? "$share/g/t" : "t", static_cast<uint8_t>(granted));
      uint16_t id = 0;
      for (const int sent : {0, 1, 2}) {
        s["a"]
            .publish("t", "x", {.qos = sent, .id = 1})
            .skip_output()
            .send("62 02 0001")
            .skip_output();
        const int qos = std::min(sent, granted);
        if (qos > 0) ++id;
        s["b"].expect_publish("t", "x", {.qos = qos, .id = id});
      }
      s["b"].drop();
    }
  }
}

// --- Matching ---

TEST_CASE(
    "[MQTT-3.3.2-3] 3.1.1 [MQTT-3.3.2-3] 3.1.1 [MQTT-3.8.3-2] filters and topics that match and "
    "that do not") {
  struct Row {
    const char* filter;
    const char* topic;
    bool matches;
  };
  const Row rows[] = {
      {"a", "a", true},
      {"a", "A", false},
      {"a", "a/", false},
      {"/a", "/a", true},
      {"/a", "a", false},
      {"#", "a", true},
      {"#", "/", true},
      {"#", "a/b/c", true},
      {"a/#", "a", true},
      {"a/#", "a/", true},
      {"a/#", "a/b/c", true},
      {"a/#", "ab", false},
      {"+", "a", true},
      {"+", "a/b", false},
      {"+", "/a", false},
      {"/+", "/a", true},
      {"+/+", "/a", true},
      {"+/+", "a/", true},
      {"a/+", "a", false},
      {"a/+", "a/", true},
      {"a/+/c", "a/b/c", true},
      {"a/+/c", "a//c", true},
      {"a/+/c", "a/b/d", false},
      {"a/+/#", "a/b", true},
      {"a/+/#", "a", false},
      {"+/b/#", "a/b", true},
      {"+/#", "a", true},
      {"$mine/#", "$mine", true},
      {"$mine/+", "$mine/a", true},
      // [MQTT-4.7.2-1]
      {"#", "$mine", false},
      {"+", "$mine", false},
      {"+/a", "$mine/a", false},
      {"#", "$mine/a", false},
      {"+/#", "$mine/a", false},
      {"a/+", "a/$b", true},
      {"a/#", "a/$b", true},
  };
  for (const Row& row : rows) {
    INFO(row.filter, " ", row.topic);
    BrokerScript s;
    s["a"].connect().subscribe(row.filter);
    s["b"].connect().publish(row.topic, "x", {.qos = 1, .id = 1, .retain = true});
    s["b"].expect(row.matches ? "40 02 0001" : "40 03 0001 10");
    if (row.matches) s["a"].expect_publish(row.topic, "x");
    s["a"].expect_nothing();
    // The same of retained messages.
    s["c"].connect().subscribe(row.filter);
    if (row.matches) s["c"].expect_publish(row.topic, "x", {.retain = true});
    s["c"].expect_nothing();
  }
}

TEST_CASE(
    "[MQTT-4.7.2-1] 3.1.1 [MQTT-4.7.2-1] a wildcard at the start does not match topics that begin "
    "with $") {
  BrokerScript s;
  s["a"].connect().subscribe("#").subscribe("+/x");
  s["b"].connect({.version = kV311}).subscribe("+/x");
  s["c"].connect().publish("$dollar/x", "x", {.retain = true});
  s["a"].expect_nothing();
  s["b"].expect_nothing();
  s["d"].connect().subscribe("#").expect_nothing();
}

TEST_CASE(
    "[MQTT-4.7.1-1] [MQTT-4.7.1-2] 3.1.1 [MQTT-4.7.1-1] 3.1.1 [MQTT-4.7.1-2] a filter with a "
    "wildcard in a wrong place closes the connection") {
  BrokerScript s;
  for (const char* filter : {"a#", "a/#/b", "#a", "a+", "+a", "a/+b/c", "##", "++"}) {
    INFO(filter);
    s["a"].connect().send(subscribe_packet(Version::kV5, 1, filter, 0)).expect_disconnect(0x8F);
    s["a"].connect().send(unsubscribe_packet(Version::kV5, 1, filter)).expect_disconnect(0x8F);
    s["b"].connect({.version = kV311}).send(subscribe_packet(kV311, 1, filter, 0)).expect_close();
  }
}

TEST_CASE(
    "[MQTT-3.8.3-1] [MQTT-3.10.3-1] 3.1.1 [MQTT-3.8.3-1] 3.1.1 [MQTT-3.10.3-1] a filter that is "
    "not UTF-8 closes the connection") {
  BrokerScript s;
  for (const std::string_view filter : {std::string_view("\xFF"), std::string_view("a\0b", 3)}) {
    s["a"].connect().send(subscribe_packet(Version::kV5, 1, filter, 0)).expect_disconnect(0x81);
    s["a"].connect().send(unsubscribe_packet(Version::kV5, 1, filter)).expect_disconnect(0x81);
    s["b"].connect({.version = kV311}).send(subscribe_packet(kV311, 1, filter, 0)).expect_close();
    s["b"].connect({.version = kV311}).send(unsubscribe_packet(kV311, 1, filter)).expect_close();
  }
}

TEST_CASE(
    "[MQTT-3.8.1-1] [MQTT-3.10.1-1] 3.1.1 [MQTT-3.8.1-1] 3.1.1 [MQTT-3.10.1-1] wrong flags of "
    "SUBSCRIBE and UNSUBSCRIBE close the connection") {
  BrokerScript s;
  for (const char* packet : {"80 07 0001 00 0001 't' 00", "8a 07 0001 00 0001 't' 00",
                             "a0 06 0001 00 0001 't'", "a3 06 0001 00 0001 't'"}) {
    s["a"].connect().send(packet).expect_disconnect(0x81);
  }
  for (const char* packet :
       {"80 06 0001 0001 't' 00", "8a 06 0001 0001 't' 00", "a0 05 0001 0001 't'"}) {
    s["b"].connect({.version = kV311}).send(packet).expect_close();
  }
}

TEST_CASE(
    "[MQTT-3.8.3-2] [MQTT-3.10.3-2] 3.1.1 [MQTT-3.8.3-3] 3.1.1 [MQTT-3.10.3-2] no filter at all is "
    "a protocol error") {
  BrokerScript s;
  s["a"].connect().send("82 03 0001 00").expect_disconnect(0x82);
  s["a"].connect().send("a2 03 0001 00").expect_disconnect(0x82);
  s["b"].connect({.version = kV311}).send("82 02 0001").expect_close();
  s["b"].connect({.version = kV311}).send("a2 02 0001").expect_close();
}

TEST_CASE(
    "[MQTT-3.8.3-5] 3.1.1 [MQTT-3.8.3-4] reserved option bits, QoS 3 and retain handling 3 close "
    "the connection") {
  BrokerScript s;
  s["a"].connect().send("82 07 0001 00 0001 't' 40").expect_disconnect(0x81);
  s["a"].connect().send("82 07 0001 00 0001 't' 80").expect_disconnect(0x81);
  s["a"].connect().send("82 07 0001 00 0001 't' 03").expect_disconnect(0x82);
  s["a"].connect().send("82 07 0001 00 0001 't' 30").expect_disconnect(0x82);
  s["b"].connect({.version = kV311}).send("82 06 0001 0001 't' 04").expect_close();
  s["b"].connect({.version = kV311}).send("82 06 0001 0001 't' 03").expect_close();
}

TEST_CASE("packet identifier 0 closes the connection") {
  BrokerScript s;
  s["a"].connect().send("82 07 0000 00 0001 't' 00").expect_disconnect(0x82);
  s["a"].connect().send("a2 06 0000 00 0001 't'").expect_disconnect(0x82);
  s["a"].connect().send("32 07 0001 't' 0000 00 'x'").expect_disconnect(0x82);
}

// --- Replacing ---

TEST_CASE(
    "[MQTT-3.8.4-3] [MQTT-3.8.4-4] 3.1.1 [MQTT-3.8.4-3] the same filter again replaces the "
    "subscription, loses nothing and brings retained messages again") {
  BrokerScript s;
  s["p"].connect().publish("t", "kept", {.retain = true});
  s["a"].connect({.properties = "11 000003e8 21 0001"}).subscribe("t", 1, "0b 05");
  s["a"].expect_publish("t", "kept", {.retain = true, .properties = "0b 05"});
  s["p"].publish("t", "1", {.qos = 1, .id = 1}).expect("40 02 0001");
  s["p"].publish("t", "2", {.qos = 1, .id = 1}).expect("40 02 0001");
  s["a"].expect_publish("t", "1", {.qos = 1, .id = 1, .properties = "0b 05"});
  s["a"].subscribe("t", 2).expect_publish("t", "kept", {.retain = true});
  s["a"].send("40 02 0001").expect_publish("t", "2", {.qos = 1, .id = 2, .properties = "0b 05"});
  s["p"].publish("t", "3", {.qos = 2, .id = 2}).expect("50 02 0002");
  s["a"].send("40 02 0002").expect_publish("t", "3", {.qos = 2, .id = 3});

  const Hello hello{.version = kV311};
  s["b"].connect(hello).subscribe("t", 0).expect_publish("t", "kept", {.retain = true});
  s["b"].subscribe("t", 2).expect_publish("t", "kept", {.retain = true});
  s["p"].publish("t", "4", {.qos = 1, .id = 3}).expect("40 02 0003");
  s["b"].expect_publish("t", "4", {.qos = 1, .id = 1}).expect_nothing();
}

// --- UNSUBSCRIBE ---

TEST_CASE(
    "[MQTT-3.10.4-4] [MQTT-3.10.4-5] [MQTT-3.10.4-6] [MQTT-3.11.3-1] [MQTT-3.11.3-2] UNSUBACK has "
    "the packet's identifier and a code for each filter, in order") {
  BrokerScript s;
  s["a"].connect().subscribe("a").subscribe("b");
  s["a"]
      .send("a2 0f 4321 00 0001 'b' 0001 'x' 0001 'a' 0001 'a'")
      .expect("b0 07 4321 00 00 11 00 11");
}

TEST_CASE(
    "3.1.1 [MQTT-3.10.4-1] 3.1.1 [MQTT-3.10.4-2] 3.1.1 [MQTT-3.10.4-3] UNSUBACK in 3.1.1, whether "
    "there was a subscription or not") {
  BrokerScript s;
  s["a"].connect({.version = kV311}).subscribe("a").subscribe("b");
  s["a"].send("a2 08 4321 0001 'a' 0001 'b'").expect("b0 02 4321");
  s["a"].send("a2 05 4322 0001 'a'").expect("b0 02 4322");
  s["a"].publish("a", "x").publish("b", "x").expect_nothing();
}

TEST_CASE(
    "[MQTT-3.10.4-1] [MQTT-3.10.4-2] 3.1.1 [MQTT-3.10.4-4] 3.1.1 [MQTT-3.10.4-5] a filter is "
    "compared by its characters, and its subscription ends") {
  BrokerScript s;
  s["a"].connect().subscribe("a/+").subscribe("a/#").subscribe("a/b");
  s["a"].unsubscribe("a/+");
  s["a"].send(unsubscribe_packet(Version::kV5, 1, "a/c")).expect("b0 04 0001 00 11");
  s["a"].unsubscribe("a/#").publish("a/b", "x").expect_publish("a/b", "x");
  s["a"].publish("a/c", "x").expect_nothing();
  s["a"].unsubscribe("a/b").publish("a/b", "x").expect_nothing();
}

TEST_CASE("[MQTT-3.10.4-3] what was begun is completed after UNSUBSCRIBE, also after a reconnect") {
  BrokerScript s;
  s["p"].connect();
  s["a"].connect({.properties = kKept}).subscribe("t", 2);
  s["p"]
      .publish("t", "1", {.qos = 1, .id = 1})
      .skip_output()
      .publish("t", "2", {.qos = 2, .id = 1})
      .skip_output();
  s["a"]
      .expect_publish("t", "1", {.qos = 1, .id = 1})
      .expect_publish("t", "2", {.qos = 2, .id = 2});
  s["a"].unsubscribe("t").drop();
  s["a"].resume({.properties = kKept});
  s["a"].expect_publish("t", "1", {.qos = 1, .id = 1, .dup = true});
  s["a"].expect_publish("t", "2", {.qos = 2, .id = 2, .dup = true});
  s["a"].send("40 02 0001 50 02 0002").expect("62 02 0002").send("70 02 0002").expect_nothing();
}

// --- Options ---

TEST_CASE("[MQTT-3.8.3-3] No Local: not to the client that published, also across its reconnect") {
  BrokerScript s;
  s["a"].connect({.properties = kKept}).subscribe("t", 0x04);
  s["b"].connect().subscribe("t", 0x04);
  s["a"].publish("t", "1", {.qos = 1, .id = 1}).expect("40 02 0001");
  s["b"].expect_publish("t", "1");
  s["a"].drop();
  s["a"].resume({.properties = kKept}).publish("t", "2", {.qos = 1, .id = 2}).expect("40 02 0002");
  s["b"].expect_publish("t", "2").drop();
  s["a"].publish("t", "3", {.qos = 1, .id = 3}).expect("40 03 0003 10");
}

TEST_CASE("No Local of one of two overlapping subscriptions leaves the other") {
  BrokerScript s;
  s["a"].connect().subscribe("t", 0x04 | 2, "0b 01").subscribe("#", 0x01, "0b 02");
  s["a"].publish("t", "x", {.qos = 2, .id = 9});
  s["a"].expect_publish("t", "x", {.qos = 1, .id = 1, .properties = "0b 02"}).expect("50 02 0009");
}

TEST_CASE("[MQTT-3.3.1-12] [MQTT-3.3.1-13] RETAIN as published only for who asks") {
  BrokerScript s;
  s["as"].connect().subscribe("t", 0x08);
  s["not"].connect().subscribe("t");
  s["p"].connect().publish("t", "1", {.retain = true}).publish("t", "2");
  s["as"].expect_publish("t", "1", {.retain = true}).expect_publish("t", "2");
  s["not"].expect_publish("t", "1").expect_publish("t", "2");
}

// --- Overlaps and identifiers ---

TEST_CASE(
    "[MQTT-3.3.4-2] [MQTT-3.3.4-3] [MQTT-3.3.4-4] overlapping subscriptions: one copy, the highest "
    "QoS, every identifier") {
  BrokerScript s;
  s["p"].connect();
  s["a"]
      .connect()
      .subscribe("t/#", 0, "0b 01")
      .subscribe("+/x", 2, "0b 02")
      .subscribe("t/x", 1, "0b ffffff7f");
  s["b"].connect().subscribe("t/#", 1, "0b 07").subscribe("#", 0);
  s["p"]
      .publish("t/x", "x", {.qos = 2, .id = 1, .properties = "26 0001 'k' 0001 'v'"})
      .expect("50 02 0001");
  // Their order is the broker's choice, so compare the packet's parts.
  const std::vector<uint8_t> packet = s["a"].take_packet();
  REQUIRE(packet.size() == 2 + 5 + 2 + 1 + 2 + 2 + 5 + 7 + 1);
  CHECK(packet[0] == 0x34);
  const std::string text(packet.begin() + 10, packet.begin() + 19);
  for (const char* id : {"0b 01", "0b 02", "0b ffffff7f"}) {
    const std::vector<uint8_t> bytes = wire(id);
    CHECK(text.find(std::string(bytes.begin(), bytes.end())) != std::string::npos);
  }
  s["b"].expect_publish("t/x", "x",
                        {.qos = 1, .id = 1, .properties = "0b 07 26 0001 'k' 0001 'v'"});
  s["b"].expect_nothing();
}

TEST_CASE("3.1.1 [MQTT-3.3.5-1] overlapping subscriptions: the highest QoS counts") {
  BrokerScript s;
  s["p"].connect();
  s["a"].connect({.version = kV311}).subscribe("t", 0).subscribe("#", 2).subscribe("+", 1);
  s["p"].publish("t", "x", {.qos = 2, .id = 1}).expect("50 02 0001");
  s["a"].expect_publish("t", "x", {.qos = 2, .id = 1}).expect_nothing();
}

TEST_CASE(
    "[MQTT-3.3.4-5] a shared and an ordinary subscription are two copies, each with its own "
    "identifier") {
  BrokerScript s;
  s["p"].connect();
  s["a"].connect().subscribe("t", 0, "0b 01").subscribe("$share/g/t", 0, "0b 02");
  s["p"].publish("t", "x");
  s["a"]
      .expect_publish("t", "x", {.properties = "0b 01"})
      .expect_publish("t", "x", {.properties = "0b 02"});
}

TEST_CASE("Subscription Identifier 0 is a protocol error") {
  BrokerScript s;
  s["a"].connect().send("82 09 0001 02 0b 00 0001 't' 00").expect_disconnect(0x82);
}

TEST_CASE("a subscription without an identifier replaces one that had it") {
  BrokerScript s;
  s["a"].connect().subscribe("t", 0, "0b 05").subscribe("t");
  s["a"].publish("t", "x").expect_publish("t", "x");
}

TEST_CASE("many sessions and filters come and go without a trace") {
  BrokerScript s;
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 50; ++i) {
      Peer& peer = s[std::to_string(i)].connect();
      for (int j = 0; j < 20; ++j) {
        peer.subscribe("a/" + std::to_string((i * 7 + j * 3) % 40) + (j % 2 ? "/+" : "/#"));
      }
      if (i % 3 == 0) peer.subscribe("$share/g/a/#");
    }
    for (int i = 0; i < 50; i += 2) {
      for (int j = 0; j < 20; j += 3) {
        s[std::to_string(i)]
            .send(unsubscribe_packet(
                Version::kV5, 1,
                "a/" + std::to_string((i * 7 + j * 3) % 40) + (j % 2 ? "/+" : "/#")))
            .skip_output();
      }
    }
    s["p"].connect().publish("a/3/x", "x");
    for (int i = 0; i < 50; ++i) s[std::to_string(i)].skip_output().drop();
  }
  CHECK(s.broker().sessions() == 1);
  s["p"].publish("a/3/x", "x", {.qos = 1, .id = 1}).expect("40 03 0001 10");
}
