// What differs between listeners of one broker.
#include <doctest/doctest.h>

#include "support/broker_script.h"

using namespace mq;
using namespace mq::test;
using namespace std::chrono_literals;

namespace {

constexpr Version kV311 = Version::kV311;

}  // namespace

TEST_CASE("protocol versions: what a listener does not accept is refused, elsewhere it is not") {
  BrokerScript s;
  s["other"].connect({.version = kV311});
  s.listener = s.broker().add_listener({.accept_v31 = false, .accept_v311 = false});
  s["a"].hello({.version = kV311}).expect("20 02 00 01").expect_close();
  s["b"].hello({.version = Version::kV31}).expect("20 02 00 01").expect_close();
  s["c"].connect();
  s.listener = s.broker().add_listener({.accept_v5 = false});
  s["d"].hello({}).expect_refusal(0x84);
  s["e"].connect({.version = kV311});
}

TEST_CASE("a listener's maximum QoS and topic aliases hold beside the broker's own") {
  BrokerOptions options = quiet();
  options.topic_alias_maximum = 5;
  BrokerScript s(options);
  s.listener = s.broker().add_listener({.topic_alias_maximum = 9, .qos_max = Qos::kAtMostOnce});
  s["a"].hello({}).expect("20 08 00 00 05 22 0005 24 00");
  s["a"].publish("t", "x", {.qos = 1, .id = 1}).expect_disconnect(0x9B);
  s.listener = s.broker().add_listener({.topic_alias_maximum = 1});
  s["b"].hello({}).expect("20 06 00 00 03 22 0001");
  s["b"].publish("t", "x", {.properties = "23 0001"});
  s["b"].publish("t", "x", {.properties = "23 0002"}).expect_disconnect(0x94);
}

TEST_CASE("a listener can keep topic aliases towards its clients below what they take") {
  BrokerScript s;
  s.listener = s.broker().add_listener({.topic_alias_out_max = 1});
  s["a"].connect({.properties = "22 0005"}).subscribe("#");
  s.listener = s.broker().add_listener({.topic_alias_out_max = 0});
  s["b"].connect({.properties = "22 0005"}).subscribe("#");
  s["c"].connect().publish("one", "x").publish("two", "y").publish("one", "z");
  s["a"].expect_publish("one", "x", {.properties = "23 0001"}).expect_publish("two", "y");
  s["a"].expect_publish("", "z", {.properties = "23 0001"});
  s["b"].expect_publish("one", "x").expect_publish("two", "y").expect_publish("one", "z");
}

TEST_CASE("clients without an identifier: a prefix of the listener's choice, or no entry") {
  BrokerScript s;
  s.listener = s.broker().add_listener({.auto_id_prefix = "guest-"});
  s["a"].hello({.client_id = ""});
  const std::vector<uint8_t> connack = s["a"].take_packet();
  const std::string text(connack.begin(), connack.end());
  CHECK(text.find("guest-") != std::string::npos);
  CHECK(text.find("auto-") == std::string::npos);
  s.listener = s.broker().add_listener({.accept_empty_id = false});
  s["b"].hello({.client_id = ""}).expect_refusal(0x85);
  s["c"].hello({.version = kV311, .client_id = ""}).expect("20 02 00 02").expect_close();
  s["d"].connect();
}

TEST_CASE("a longest keep alive is told to 5.0 clients that want more, or none") {
  BrokerOptions options = quiet();
  options.keep_alive_max_s = 10;
  BrokerScript s(options);
  s["more"].hello({.keep_alive_s = 11}).expect("20 09 00 00 06 22 ffff 13 000a");
  s["none"].hello({.keep_alive_s = 0}).expect("20 09 00 00 06 22 ffff 13 000a");
  s["same"].hello({.keep_alive_s = 10}).expect("20 06 00 00 03 22 ffff");
  s["old"].connect({.version = kV311, .keep_alive_s = 60});  // never refused for it
  s.advance(15s);
  s["more"].expect_disconnect(0x8D);
  s["none"].expect_disconnect(0x8D);
  s["same"].expect_disconnect(0x8D);
  s["old"].send("c0 00").expect("d0 00");
}

TEST_CASE("upgrade_qos: the subscription's QoS is that of the delivery") {
  BrokerOptions options = quiet();
  options.upgrade_qos = true;
  BrokerScript s(options);
  s["a"].connect().subscribe("t", 1);
  s["b"].connect().publish("t", "x", {.retain = true});
  s["a"].expect_publish("t", "x", {.qos = 1, .id = 1}).send("40 02 0001");
  s["b"].publish("t", "y", {.qos = 2, .id = 7}).expect("50 02 0007").send("62 02 0007");
  s["b"].expect("70 02 0007");
  s["a"].expect_publish("t", "y", {.qos = 1, .id = 2}).send("40 02 0002");
  // The retained message, too.
  s["c"].connect().subscribe("t", 2);
  s["c"].expect_publish("t", "x", {.qos = 2, .id = 1, .retain = true}).send("50 02 0001");
  s["c"].expect("62 02 0001").send("70 02 0001");
}

TEST_CASE("a listener's limits hold beside the broker's: the lower of the two") {
  BrokerOptions options = quiet();
  options.packet_max = 1000;
  options.payload_max = 500;
  options.subscriptions_max = 2;
  options.inflight_max = 2;
  options.receive_maximum = 2;
  options.keep_alive_max_s = 60;
  options.connect_timeout = 10s;
  for (const bool lower : {true, false}) {
    CAPTURE(lower);
    BrokerScript s(options);
    ListenerOptions here;
    here.packet_max = lower ? 100 : 2000;
    here.payload_max = lower ? 50 : 600;
    here.subscriptions_max = lower ? 1 : 3;
    here.inflight_max = lower ? 1 : 3;
    here.receive_maximum = lower ? 1 : 3;
    here.keep_alive_max_s = lower ? 30 : 90;
    here.connect_timeout = lower ? 5s : 20s;
    s["late"].open();
    s.listener = s.broker().add_listener(here);
    s["later"].open();
    s.advance(6s);
    if (lower) s["later"].expect_close();
    s.advance(5s);
    s["late"].expect_close();
    if (!lower) s["later"].expect_close();
    s.listener = 0;
    s["elsewhere"].hello({});
    s["elsewhere"].expect("20 11 00 00 0e 22 ffff 13 003c 27 000003e8 21 0002");
    s.listener = 1;
    s["a"].hello({});
    s["a"].expect(lower ? "20 11 00 00 0e 22 ffff 13 001e 27 00000064 21 0001"
                        : "20 11 00 00 0e 22 ffff 13 003c 27 000003e8 21 0002");
    // The payload, to the byte.
    const size_t payload = lower ? 50 : 500;
    s["a"].publish("t", std::string(payload, 'x'), {.qos = 1, .id = 1}).expect("40 03 0001 10");
    s["a"].publish("t", std::string(payload + 1, 'x'), {.qos = 1, .id = 1}).expect("40 03 0001 83");
    // Subscriptions.
    s["a"].subscribe("f1", 1);
    s["a"]
        .send("82 08 0001 00 0002 'f2' 01")
        .expect(lower ? "90 04 0001 00 97" : "90 04 0001 00 01");
    s["a"].send("82 08 0001 00 0002 'f3' 01").expect("90 04 0001 00 97");
    // The window towards it.
    for (uint16_t id = 1; id <= 3; ++id) {
      s["elsewhere"].publish("f1", "x", {.qos = 1, .id = id});
    }
    s["elsewhere"].skip_output();
    s["a"].expect_publish("f1", "x", {.qos = 1, .id = 1});
    if (!lower) s["a"].expect_publish("f1", "x", {.qos = 1, .id = 2});
    s["a"].expect_nothing();
    // The window from it, which set_listener() does not change under it.
    here.receive_maximum = 100;
    s.broker().set_listener(1, here);
    for (uint16_t id = 1; id <= (lower ? 1 : 2); ++id) {
      s["a"].publish("t", "x", {.qos = 2, .id = id});
    }
    s["a"].skip_output();
    s["a"].publish("t", "x", {.qos = 2, .id = 9}).expect_disconnect(0x93);
    // The packet, to the byte: PUBLISH with 4 + 2 + 1 + 1 bytes around its payload.
    s["b"].hello({}).skip_output();
    const size_t packet = lower ? 100 : 1000;
    s["b"].publish("", std::string(packet + 1, 'x')).expect_disconnect(0x95);
  }
}

TEST_CASE("a listener's queue limits hold for its sessions, also while they are away") {
  BrokerScript s;
  ListenerOptions here;
  here.queued_messages_max = 1;
  const ListenerId strict = s.broker().add_listener(here);
  s["p"].connect();
  s["other"].connect({.properties = "11 000003e8"}).subscribe("t", 1).drop();
  s.listener = strict;
  s["a"].connect({.properties = "11 000003e8"}).subscribe("t", 1).drop();
  for (uint16_t id = 1; id <= 3; ++id) s["p"].publish("t", "x", {.qos = 1, .id = id});
  s["p"].skip_output();
  CHECK(s.counters().limit_queued_messages == 2);
  s["a"].resume({.clean = false, .properties = "11 000003e8"});
  s["a"].expect_publish("t", "x", {.qos = 1, .id = 1});
  here.queued_messages_max = 100;
  here.queued_bytes_max = 1;
  s.broker().set_listener(strict, here);
  s["p"].publish("t", "y", {.qos = 1, .id = 1});
  s["p"].skip_output();
  CHECK(s.counters().limit_queued_bytes == 1);
}

TEST_CASE("a listener's rates hold for its clients, and beside the broker's the lower") {
  for (const uint64_t of_all : {0, 1, 100}) {
    CAPTURE(of_all);
    BrokerOptions options = quiet();
    options.rate_messages_max = of_all;
    BrokerScript s(options);
    ListenerOptions here;
    here.rate_messages_max = 2;
    s.listener = s.broker().add_listener(here);
    s["a"].connect();
    uint64_t read = 0;
    while (!s.broker().wants_pause(s["a"].id())) {
      REQUIRE(++read < 50);
      s["a"].publish("t", "x");
    }
    s.listener = 0;
    s["b"].connect();
    for (int i = 0; i < 20; ++i) s["b"].publish("t", "x");
    CHECK(s.broker().wants_pause(s["b"].id()) == (of_all == 1));
    CHECK(read == (of_all == 1 ? 1 : 2) + 1);
  }
}
