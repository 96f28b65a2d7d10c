// Sessions: what outlives a connection, for how long, and what does not.
#include <doctest/doctest.h>

#include "support/broker_script.h"

using namespace mq;
using namespace mq::test;
using namespace std::chrono_literals;

namespace {

constexpr Version kV311 = Version::kV311;
constexpr std::string_view kTen = "11 0000000a";

}  // namespace

TEST_CASE(
    "[MQTT-3.1.2-5] [MQTT-3.1.2-6] [MQTT-3.1.2-23] a session lives on for its Session Expiry "
    "Interval") {
  BrokerScript s;
  s["p"].connect();
  s["a"].connect({.clean = false, .properties = kTen}).subscribe("t", 1).drop();
  s.advance(9'999ms);
  s["p"].publish("t", "x", {.qos = 1, .id = 1}).expect("40 02 0001");
  s["a"]
      .resume({.properties = kTen})
      .expect_publish("t", "x", {.qos = 1, .id = 1})
      .send("40 02 0001");
  s["p"].publish("t", "y");
  s["a"].expect_publish("t", "y");
}

TEST_CASE("[MQTT-4.1.0-2] after the Session Expiry Interval it is discarded") {
  BrokerScript s;
  s["a"].connect({.properties = kTen}).subscribe("t", 1).drop();
  s.advance(10s);
  CHECK(s.broker().sessions() == 0);
  CHECK(s.counters().clients_expired == 1);
  s["p"].connect().publish("t", "x", {.qos = 1, .id = 1}).expect("40 03 0001 10");
  s["a"].connect({.clean = false, .properties = kTen}).drop();
  // Also when the timer is late.
  s.oversleep(11s);
  s["a"].connect({.clean = false, .properties = kTen});
  CHECK(s.counters().clients_expired == 2);
}

TEST_CASE("[MQTT-4.1.0-1] not while the connection is open, however long that is") {
  BrokerScript s;
  s["a"].connect({.properties = kTen}).subscribe("t");
  s.advance(1000s);
  s["a"].publish("t", "x").expect_publish("t", "x").drop();
  s.advance(9s);
  s["a"].resume().drop();
  // Interval 0 or absent: the session ends with the connection.
  CHECK(s.broker().sessions() == 0);
  s["a"].connect({.properties = "11 00000000"}).drop();
  CHECK(s.broker().sessions() == 0);
}

TEST_CASE("0xFFFFFFFF never expires, nor does a 3.1.1 session that is not clean") {
  BrokerScript s;
  s["a"].connect({.properties = "11 ffffffff"}).drop();
  s["b"].connect({.version = kV311, .clean = false}).drop();
  s["c"].connect({.version = Version::kV31, .clean = false}).drop();
  s.advance(std::chrono::hours(24 * 365 * 100));
  CHECK(s.broker().sessions() == 3);
  s["a"].resume();
  s["b"].resume({.version = kV311});
  s["c"].resume({.version = Version::kV31});
}

TEST_CASE("3.1.1 [MQTT-3.1.2-4] a session that is not clean is resumed with everything in it") {
  BrokerScript s;
  const Hello hello{.version = kV311, .clean = false};
  s["p"].connect();
  s["a"].connect(hello).subscribe("t", 1);
  s["a"].publish("q", "x", {.qos = 2, .id = 5}).expect("50 02 0005");
  s["p"].publish("t", "1", {.qos = 1, .id = 1}).expect("40 02 0001");
  s["a"].expect_publish("t", "1", {.qos = 1, .id = 1}).drop();
  s["p"].publish("t", "2", {.qos = 1, .id = 1}).expect("40 02 0001");
  s["a"].resume(hello).expect_publish("t", "1", {.qos = 1, .id = 1, .dup = true});
  s["a"].expect_publish("t", "2", {.qos = 1, .id = 2}).send("62 02 0005").expect("70 02 0005");
}

TEST_CASE("[MQTT-3.1.2-4] 3.1.1 [MQTT-3.1.2-6] a clean start discards the session that is there") {
  for (const Version version : {Version::kV5, kV311}) {
    BrokerScript s;
    s["p"].connect();
    s["a"]
        .connect({.version = version, .clean = false, .properties = kTen})
        .subscribe("t", 1)
        .drop();
    s["p"].publish("t", "x", {.qos = 1, .id = 1}).expect("40 02 0001");
    s["a"].connect({.version = version, .properties = kTen}).expect_nothing();
    s["p"].publish("t", "y", {.qos = 1, .id = 2}).expect("40 03 0002 10");
    s["a"].drop();
    CHECK(s.broker().sessions() == (version == kV311 ? 1 : 2));
  }
}

TEST_CASE(
    "a takeover resumes the session, unless it ends with its connection or the start is clean") {
  BrokerScript s;
  s["1"].connect({.properties = kTen, .client_id = "c"}).subscribe("t");
  s["2"].resume({.properties = kTen, .client_id = "c"});
  s["1"].expect_disconnect(0x8E);
  s["2"].publish("t", "x").expect_publish("t", "x");
  s["3"].resume({.client_id = "c"});
  s["2"].expect_disconnect(0x8E);
  s["4"]
      .connect({.clean = false, .properties = kTen, .client_id = "c"})
      .publish("t", "x")
      .expect_nothing();
  s["3"].expect_disconnect(0x8E);
  s["5"].connect({.client_id = "c"});
  s["4"].expect_disconnect(0x8E);
}

TEST_CASE("DISCONNECT changes the expiry") {
  BrokerScript s;
  s["a"].connect({.properties = kTen}).send("e0 07 00 05 11 00000064").expect_close();
  s.advance(99s);
  s["a"].resume({.properties = kTen}).send("e0 07 00 05 11 00000001").expect_close();
  s.advance(2s);
  CHECK(s.broker().sessions() == 0);
  s["a"].connect({.properties = kTen}).send("e0 07 00 05 11 00000000").expect_close();
  CHECK(s.broker().sessions() == 0);
}

TEST_CASE("DISCONNECT cannot give a session an expiry that had none") {
  BrokerScript s;
  s["watch"].connect().subscribe("w");
  s["a"]
      .connect({.will = WillOf{"w", "x"}})
      .send("e0 07 00 05 11 0000000a")
      .expect_disconnect(0x82);
  s["watch"].expect_publish("w", "x");  // it was no valid DISCONNECT
  s["a"].connect().send("e0 07 00 05 11 00000000").expect_close();
}

TEST_CASE("a server's maximum of session expiry is told and kept") {
  BrokerOptions options = quiet();
  options.session_expiry_max_s = 10;
  BrokerScript s(options);
  s["a"].hello({.properties = "11 ffffffff"}).expect("20 0b 00 00 08 11 0000000a 22 ffff");
  s["a"].send("e0 07 00 05 11 ffffffff").expect_close();
  s["b"].hello({.properties = "11 00000005"}).expect("20 06 00 00 03 22 ffff");
  s["c"].connect({.version = kV311, .clean = false}).drop();
  s.advance(11s);
  CHECK(s.broker().sessions() == 1);
}

TEST_CASE("a session goes from one protocol version to another") {
  BrokerScript s;
  s["p"].connect();
  s["a"].connect({.version = kV311, .clean = false}).subscribe("t", 1).drop();
  s["p"].publish("t", "1", {.qos = 1, .id = 1, .properties = "03 0001 'c'"}).expect("40 02 0001");
  s["a"]
      .resume({.properties = kTen})
      .expect_publish("t", "1", {.qos = 1, .id = 1, .properties = "03 0001 'c'"});
  s["a"].subscribe("t", 1, "0b 07").drop();
  s["a"].resume({.version = kV311}).expect_publish("t", "1", {.qos = 1, .id = 1, .dup = true});
  s["p"].publish("t", "2", {.qos = 1, .id = 2}).expect("40 02 0002");
  s["a"].expect_publish("t", "2", {.qos = 1, .id = 2});
}

TEST_CASE("3.1.1 [MQTT-3.14.4-1] packets behind a DISCONNECT are not taken") {
  BrokerScript s;
  s["b"].connect().subscribe("t");
  s["a"].connect({.version = kV311}).send("e0 00 30 04 0001 't' 'x'").expect_close();
  s["b"].expect_nothing();
}

TEST_CASE("CONNECT, PUBLISH and DISCONNECT in one piece are answered") {
  BrokerScript s;
  s["b"].connect().subscribe("t");
  s["a"].open().send("10 0d 0004 'MQTT' 04 02 003c 0001 'a' 32 06 0001 't' 0007 'x' e0 00");
  s["a"].expect("20 02 00 00 40 02 0007").expect_close();
  s["b"].expect_publish("t", "x");
}

TEST_CASE(
    "[MQTT-3.14.2-1] [MQTT-3.14.1-1] a DISCONNECT with wrong flags, or a reason that clients do "
    "not send, is an error") {
  BrokerScript s;
  s["a"].connect().send("e1 00").expect_disconnect(0x81);
  s["a"].connect().send("e0 01 8e").expect_disconnect(0x82);
  s["a"].connect().send("e0 01 01").expect_disconnect(0x81);
}
