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
