// Enhanced authentication: AUTH before CONNACK, and again on a connection (section 4.12).
#include <doctest/doctest.h>

#include "support/broker_script.h"

using namespace mq;
using namespace mq::test;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view kFirst = "15 0001 'M' 16 0005 'first'";
constexpr std::string_view kChallenge = "f0 10 18 0e 15 0001 'M' 16 0007 'second?'";
constexpr std::string_view kSecond = "f0 0f 18 0d 15 0001 'M' 16 0006 'second'";
constexpr std::string_view kAccepted = "20 11 00 00 0e 22 ffff 15 0001 'M' 16 0004 'done'";
constexpr std::string_view kAgain = "f0 0e 19 0c 15 0001 'M' 16 0005 'first'";
constexpr std::string_view kDoneAgain = "f0 0d 00 0b 15 0001 'M' 16 0004 'done'";

Peer& authenticate(Peer& peer, std::string_view more = "") {
  std::string properties(kFirst);
  properties += more;
  return peer.hello({.properties = properties}).expect(kChallenge).send(kSecond).expect(kAccepted);
}

}  // namespace

TEST_CASE("[MQTT-4.12.0-2] [MQTT-4.12.0-3] [MQTT-4.12.0-5] the broker asks before CONNACK") {
  BrokerScript s;
  s.access.method = "M";
  authenticate(s["a"]).publish("t", "x").expect_nothing();
  CHECK(s.access.last_user == "proven");
  CHECK(s.access.exchanges == 0);
  CHECK(!s.broker().wants_pause(s["a"].id()));
}

TEST_CASE("[MQTT-4.12.0-1] [MQTT-4.12.0-4] a method that is not known, and one that fails") {
  BrokerScript s;
  s.access.method = "M";
  s["a"].hello({.properties = "15 0001 'N' 16 0001 'd'"}).expect_refusal(0x8C);
  s["b"].hello({.properties = "15 0001 'M'"}).expect_refusal(0x87);
  s["c"].hello({.properties = kFirst}).expect(kChallenge);
  s["c"].send("f0 0d 18 0b 15 0001 'M' 16 0004 'what'").expect_refusal(0x87);
  CHECK(s.broker().sessions() == 0);
  CHECK(s.access.exchanges == 0);
}

TEST_CASE("[MQTT-3.1.2-30] until CONNACK nothing but AUTH and DISCONNECT") {
  BrokerScript s;
  s.access.method = "M";
  s["watch"].connect().subscribe("#");
  const auto publish = publish_packet(Version::kV5, "t", "x", {});
  s["a"].hello({.properties = kFirst}).expect(kChallenge).send(publish).expect_refusal(0x82);
  s["b"].hello({.properties = kFirst}).expect(kChallenge).send("c0 00").expect_refusal(0x82);
  s["c"].hello({.properties = kFirst}).expect(kChallenge).send("e0 00").expect_close();
  s["d"].hello({.properties = kFirst}).expect(kChallenge);
  s["d"].send(connect_packet("d", {})).expect_refusal(0x82);
  s["watch"].expect_nothing();
  CHECK(s.access.exchanges == 0);
}

TEST_CASE("AUTH that is out of turn, of another method, or malformed") {
  BrokerScript s;
  s.access.method = "M";
  const auto answer = [&](std::string_view name, std::string_view auth, uint8_t reason) {
    s[name].hello({.properties = kFirst}).expect(kChallenge).send(auth).expect_refusal(reason);
  };
  answer("a", kAgain, 0x82);
  answer("b", "f0 00", 0x82);
  answer("c", "f0 0f 18 0d 15 0001 'N' 16 0006 'second'", 0x82);
  answer("d", "f0 02 18 00", 0x82);
  answer("e", "f0 06 99 04 15 0001 'M'", 0x81);
  answer("f", "f1 06 18 04 15 0001 'M'", 0x81);
  // Connected: nothing was asked for.
  authenticate(s["g"]).send(kSecond).expect_disconnect(0x82);
  authenticate(s["h"]).send("f0 00").expect_disconnect(0x82);
  CHECK(s.access.exchanges == 0);
}

TEST_CASE("a client that does not answer is closed in time, and may go") {
  BrokerScript s;
  s.access.method = "M";
  s["a"].hello({.properties = kFirst}).expect(kChallenge);
  s["b"].hello({.properties = kFirst}).expect(kChallenge).drop();
  CHECK(s.access.exchanges == 1);
  s.advance(10s);
  s["a"].expect_close();
  CHECK(s.counters().limit_connect_timeout == 1);
  CHECK(s.access.exchanges == 0);
}

TEST_CASE("a challenge that took its time, and what the client had sent behind its CONNECT") {
  BrokerScript s;
  s.access.method = "M";
  s.access.takes_time = true;
  s["a"].hello({.properties = kFirst}).send(kSecond).expect_nothing();
  s["b"].hello({.properties = kFirst}).expect_nothing();
  for (const char* name : {"a", "b"}) {
    s.broker().authenticated(s[name].id(), s.access.challenge(), s.now());
  }
  s.turn();
  s["a"].expect(kChallenge).expect(kAccepted);
  s["b"].expect(kChallenge).send(kSecond).expect(kAccepted);
}

TEST_CASE("[MQTT-4.12.1-1] [MQTT-4.12.1-2] re-authentication, beside all other traffic") {
  BrokerScript s;
  s.access.method = "M";
  authenticate(s["a"]).subscribe("t");
  for (int i = 0; i < 2; ++i) {
    s["a"].send(kAgain).expect(kChallenge);
    s["a"].publish("t", "x").expect_publish("t", "x");
    s["a"].send(kSecond).expect(kDoneAgain);
  }
  SUBCASE("one that fails ends the connection") {
    s["a"].send(kAgain).expect(kChallenge);
    s["a"].send("f0 0d 18 0b 15 0001 'M' 16 0004 'what'").expect_disconnect(0x87);
  }
  SUBCASE("with another method") {
    s["a"].send("f0 0e 19 0c 15 0001 'N' 16 0005 'first'").expect_disconnect(0x82);
  }
  SUBCASE("a second one before the first is over") {
    s["a"].send(kAgain).expect(kChallenge).send(kAgain).expect_disconnect(0x82);
  }
  SUBCASE("as somebody else") {
    s["a"].send(kAgain).expect(kChallenge);
    s["a"].send("f0 0e 18 0c 15 0001 'M' 16 0005 'third'").expect_disconnect(0x87);
  }
  SUBCASE("an answer that takes its time") {
    s.access.takes_time = true;
    s["a"].send(kAgain).publish("t", "y").expect_publish("t", "y");
    s["a"].send(kAgain);
    s["a"].expect_disconnect(0x82);
  }
  SUBCASE("an answer that takes its time, and comes") {
    s.access.takes_time = true;
    s["a"].send(kAgain).expect_nothing();
    s.broker().authenticated(s["a"].id(), s.access.challenge(), s.now());
    s.turn();
    s["a"].expect(kChallenge).send(kSecond).expect(kDoneAgain);
    // Nothing is running any more: an answer that nobody waits for changes nothing.
    s.broker().authenticated(s["a"].id(), ReasonCode::kNotAuthorized, s.now());
    s["a"].send("c0 00").expect("d0 00");
  }
}

TEST_CASE("AUTH and CONNACK keep to the client's Maximum Packet Size") {
  BrokerScript s;
  s.access.method = "M";
  // The challenge has 18 bytes, the CONNACK 19.
  s["a"].hello({.properties = "15 0001 'M' 16 0005 'first' 27 00000011"}).expect_refusal(0x95);
  s["b"].hello({.properties = "15 0001 'M' 16 0005 'first' 27 00000012"}).expect(kChallenge);
  s["b"].send(kSecond).expect_refusal(0x95);
  authenticate(s["c"], " 27 00000013");
}

TEST_CASE("3.1.1 has no AUTH") {
  BrokerScript s;
  s.access.method = "M";
  s["a"].connect({.version = Version::kV311}).send("f0 00").expect_close();
}

TEST_CASE("a client is let in until a time, whatever it sends meanwhile") {
  BrokerScript s;
  s["watch"].connect().subscribe("#");
  s.access.until = s.now().mono + 20s;
  s["a"].connect({.keep_alive_s = 10, .will = WillOf{"will", "a"}});
  s["b"].connect({.version = Version::kV311});
  for (int i = 0; i < 3; ++i) {
    s.advance(6s);
    s["a"].send("c0 00").expect("d0 00");
  }
  s.advance(2s);
  s["a"].expect_disconnect(0xA0);
  s["b"].expect_close();
  s["watch"].expect_publish("will", "a");
}

TEST_CASE("who has to be silent no longer than its keep alive is closed for that first") {
  BrokerScript s;
  s.access.until = s.now().mono + 20s;
  s["a"].connect({.keep_alive_s = 10});
  s.advance(15s);
  s["a"].expect_disconnect(0x8D);
}
