// CONNECT and CONNACK: who gets in, under which name, to which session.
#include <doctest/doctest.h>

#include "support/broker_script.h"

using namespace mq;
using namespace mq::test;
using namespace std::chrono_literals;

namespace {

constexpr Version kV5 = Version::kV5, kV311 = Version::kV311;

// The client identifier in CONNACK.
std::string assigned_id(const std::vector<uint8_t>& connack) {
  // 20 len flags code length 22 ffff 12 size...
  REQUIRE(connack.size() > 11);
  REQUIRE(connack[8] == 0x12);
  return std::string(connack.begin() + 11, connack.end());
}

}  // namespace

TEST_CASE("[MQTT-3.1.0-1] 3.1.1 [MQTT-3.1.0-1] what does not begin with a CONNECT is closed") {
  BrokerScript s;
  s["ping"].open().send("c0 00").expect_close();
  s["publish"].open().send("30 04 0001 't' 00").expect_close();
  s["auth"].open().send("f0 00").expect_close();
  s["http"].open().send("'GET / HTTP/1.1'").expect_close();
  // The flags of the fixed header belong to the first byte: 11 is not a CONNECT.
  s["flags"].open().send("11 0d 0004 'MQTT' 05 02 003c 00 0000").expect_close();
}

TEST_CASE("[MQTT-3.1.0-2] a second CONNECT is a protocol error") {
  BrokerScript s;
  s["a"].connect().send(connect_packet("a", {})).expect_disconnect(0x82);
}

TEST_CASE("3.1.1 [MQTT-3.1.0-2] a second CONNECT closes the connection") {
  BrokerScript s;
  const Hello hello{.version = kV311};
  s["a"].connect(hello).send(connect_packet("a", hello)).expect_close();
}

TEST_CASE("[MQTT-3.1.2-1] 3.1.1 [MQTT-3.1.2-1] an unknown protocol name is closed unanswered") {
  BrokerScript s;
  s["a"].open().send("10 0d 0004 'MQTX' 05 02 003c 00 0000").expect_close();
  s["b"].open().send("10 0d 0004 'mqtt' 04 02 003c 0001 'b'").expect_close();
}

TEST_CASE("[MQTT-3.1.2-2] a protocol version above 5 is answered 0x84 in its own format") {
  BrokerScript s;
  s["six"].open().send("10 0d 0004 'MQTT' 06 02 003c 00 0000").expect_refusal(0x84);
  // The bridge bit does not exist in 5.0.
  s["bridge"].open().send("10 0d 0004 'MQTT' 85 02 003c 00 0000").expect_refusal(0x84);
}

TEST_CASE("3.1.1 [MQTT-3.1.2-2] a protocol level of 3.x that is not ours is answered 0x01") {
  BrokerScript s;
  s["two"]
      .open()
      .send("10 0d 0004 'MQTT' 02 02 003c 0001 'c'")
      .expect("20 02 00 01")
      .expect_close();
  s["three"]
      .open()
      .send("10 0d 0004 'MQTT' 03 02 003c 0001 'c'")
      .expect("20 02 00 01")
      .expect_close();
  s["old name"]
      .open()
      .send("10 0f 0006 'MQIsdp' 04 02 003c 0001 'c'")
      .expect("20 02 00 01")
      .expect_close();
}

TEST_CASE("[MQTT-3.1.2-3] the reserved connect flag is refused as malformed") {
  BrokerScript s;
  s["a"].open().send("10 0d 0004 'MQTT' 05 03 003c 00 0000").expect_refusal(0x81);
}

TEST_CASE("3.1.1 [MQTT-3.1.2-3] 3.1.1 [MQTT-3.1.4-1] a CONNECT of a wrong format gets no CONNACK") {
  BrokerScript s;
  s["reserved flag"].open().send("10 0d 0004 'MQTT' 04 03 003c 0001 'c'").expect_close();
  s["will QoS 3"]
      .open()
      .send("10 13 0004 'MQTT' 04 1e 003c 0001 'c' 0001 'w' 0001 'p'")
      .expect_close();
  s["password alone"].open().send("10 10 0004 'MQTT' 04 42 003c 0001 'c' 0001 'p'").expect_close();
  s["trailing byte"].open().send("10 0e 0004 'MQTT' 04 02 003c 0001 'c' 00").expect_close();
}

TEST_CASE("[MQTT-3.1.4-1] a CONNECT of a wrong format is told so and closed") {
  BrokerScript s;
  s["will bits without a will"]
      .open()
      .send("10 0d 0004 'MQTT' 05 0a 003c 00 0000")
      .expect_refusal(0x81);
  s["will QoS 3"]
      .open()
      .send("10 14 0004 'MQTT' 05 1e 003c 00 0000 00 0001 'w' 0001 'p'")
      .expect_refusal(0x81);
  s["empty will topic"]
      .open()
      .send("10 13 0004 'MQTT' 05 06 003c 00 0000 00 0000 0001 'p'")
      .expect_refusal(0x82);
  s["wildcard in will topic"]
      .open()
      .send("10 14 0004 'MQTT' 05 06 003c 00 0000 00 0001 '#' 0001 'p'")
      .expect_refusal(0x90);
  s["will missing"].open().send("10 0d 0004 'MQTT' 05 06 003c 00 0000").expect_refusal(0x81);
  s["user name missing"].open().send("10 0d 0004 'MQTT' 05 82 003c 00 0000").expect_refusal(0x81);
  s["trailing byte"].open().send("10 0e 0004 'MQTT' 05 02 003c 00 0000 00").expect_refusal(0x81);
  s["property twice"]
      .open()
      .send("10 13 0004 'MQTT' 05 02 003c 06 21 0001 21 0001 0000")
      .expect_refusal(0x82);
  s["property of another packet"]
      .open()
      .send("10 10 0004 'MQTT' 05 02 003c 03 23 0001 0000")
      .expect_refusal(0x81);
  s["receive maximum 0"]
      .open()
      .send("10 10 0004 'MQTT' 05 02 003c 03 21 0000 0000")
      .expect_refusal(0x82);
  s["maximum packet size 0"]
      .open()
      .send("10 12 0004 'MQTT' 05 02 003c 05 27 00000000 0000")
      .expect_refusal(0x82);
  s["client id is not UTF-8"]
      .open()
      .send("10 0e 0004 'MQTT' 05 02 003c 00 0001 ff")
      .expect_refusal(0x81);
}

TEST_CASE(
    "[MQTT-3.1.4-2] 3.1.1 [MQTT-3.2.2-4] 3.1.1 [MQTT-3.2.2-5] who fails authentication is refused "
    "and closed") {
  BrokerScript s;
  s.access.passwords["alice"] = "secret";
  s["nobody"].hello({}).expect_refusal(0x86);
  s["wrong"].hello({.user_name = "alice", .password = "guess"}).expect_refusal(0x86);
  s["wrong 3.1.1"]
      .hello({.version = kV311, .user_name = "alice", .password = "guess"})
      .expect("20 02 00 04")
      .expect_close();
  s["right"].connect({.user_name = "alice", .password = "secret"});
}

TEST_CASE(
    "[MQTT-3.2.2-6] [MQTT-3.2.2-7] a refusal has Session Present 0 although there is a session") {
  BrokerScript s;
  s.access.passwords["alice"] = "secret";
  const Hello hello{.properties = "11 000000ff", .user_name = "alice", .password = "secret"};
  s["a"].connect(hello).drop();
  s["a"].hello({.clean = false}).expect_refusal(0x86);
  s["a"].resume(hello);
}

TEST_CASE(
    "[MQTT-3.1.4-5] [MQTT-3.2.0-1] [MQTT-3.2.2-1] the answer to a CONNECT is CONNACK 0x00, before "
    "all else") {
  BrokerScript s;
  // SUBSCRIBE, PUBLISH and PINGREQ come in one piece with the CONNECT.
  s["a"].open().send(
      "10 0e 0004 'MQTT' 05 02 003c 00 0001 'a'"
      "82 07 0001 00 0001 't' 00"
      "30 05 0001 't' 00 'x'"
      "c0 00");
  s["a"].expect("20 06 00 00 03 22 ffff");
  s["a"].expect("90 04 0001 00 00").expect("30 05 0001 't' 00 'x'").expect("d0 00");
}

TEST_CASE(
    "3.1.1 [MQTT-3.1.4-4] 3.1.1 [MQTT-3.2.0-1] the answer to a CONNECT is CONNACK 0, before all "
    "else") {
  BrokerScript s;
  s["a"].open().send("10 0d 0004 'MQTT' 04 02 003c 0001 'a' 82 06 0001 0001 't' 00");
  s["a"].expect("20 02 00 00").expect("90 03 0001 00");
}

TEST_CASE("[MQTT-3.1.4-6] 3.1.1 [MQTT-3.1.4-5] nothing after a refused CONNECT is processed") {
  BrokerScript s;
  s.access.passwords["alice"] = "secret";
  s["b"].connect({.user_name = "alice", .password = "secret"}).subscribe("#");
  s["a"].open().send("10 0e 0004 'MQTT' 05 02 003c 00 0001 'a' 30 05 0001 't' 00 'x'");
  s["a"].expect_refusal(0x86);
  s["c"].open().send("10 0d 0004 'MQTT' 04 02 003c 0001 'c' 30 04 0001 't' 'x'");
  s["c"].expect("20 02 00 04").expect_close();
  s["b"].expect_nothing();
}

TEST_CASE("[MQTT-3.2.0-2] one CONNACK a connection") {
  BrokerScript s;
  s["a"].connect().send("c0 00").expect("d0 00");
  s["a"].send(connect_packet("a", {})).expect_disconnect(0x82);  // and no CONNACK
}

TEST_CASE("a CONNECT that arrives byte by byte is the same CONNECT") {
  BrokerScript s;
  s["a"].open().send_bytewise(connect_packet("a", {.keep_alive_s = 9, .properties = "21 0005"}));
  s["a"].expect("20 06 00 00 03 22 ffff");
}

TEST_CASE("[MQTT-3.1.3-5] 3.1.1 [MQTT-3.1.3-5] 1 to 23 letters and digits are an identifier") {
  BrokerScript s;
  const std::string_view all = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  for (const std::string_view id :
       {all.substr(0, 1), all.substr(0, 23), all.substr(23, 23), all.substr(39)}) {
    s[id].connect();
    s[id].connect({.version = kV311});
  }
}

TEST_CASE(
    "[MQTT-3.1.3-2] 3.1.1 [MQTT-3.1.3-2] identifiers are compared byte by byte, up to 65,535 of "
    "them") {
  BrokerScript s;
  const std::string name(65'535, 'n');
  const Hello hello{.properties = "11 000000ff"};
  s[name].connect(hello).drop();
  s[name.substr(1)].connect(hello).drop();
  s["N"].connect(hello).drop();
  s["n"].connect(hello).drop();
  CHECK(s.broker().sessions() == 4);
  s[name].resume(hello);
}

TEST_CASE(
    "[MQTT-3.1.3-6] [MQTT-3.1.3-7] [MQTT-3.2.2-16] an empty identifier is replaced by a unique "
    "one, which CONNACK names") {
  BrokerScript s;
  std::set<std::string> ids;
  std::string id;
  for (const char* name : {"1", "2", "3"}) {
    s[name].hello({.properties = "11 000000ff", .client_id = ""});
    id = assigned_id(s[name].take_packet());
    CHECK(id.size() == 5 + 36);
    CHECK(id.starts_with("auto-"));
    CHECK(ids.insert(id).second);
  }
  // It is the client's name from then on.
  s["3"].drop();
  s["back"].resume({.properties = "11 000000ff", .client_id = id});
  CHECK(s.broker().sessions() == 3);
}

TEST_CASE("3.1.1 [MQTT-3.1.3-6] an empty identifier with a clean session is accepted") {
  BrokerScript s;
  s["a"].connect({.version = kV311, .client_id = ""});
  s["b"].connect({.version = kV311, .client_id = ""});
  CHECK(s.broker().connections() == 2);
  CHECK(s.broker().sessions() == 2);
}

TEST_CASE(
    "3.1.1 [MQTT-3.1.3-8] 3.1.1 [MQTT-3.1.3-9] an empty identifier without a clean session is "
    "rejected") {
  BrokerScript s;
  s["a"]
      .hello({.version = kV311, .clean = false, .client_id = ""})
      .expect("20 02 00 02")
      .expect_close();
  CHECK(s.broker().sessions() == 0);
}

TEST_CASE("an empty identifier with Clean Start 0 is accepted in 5.0") {
  BrokerScript s;
  s["a"].hello({.clean = false, .client_id = ""});
  const std::vector<uint8_t> connack = s["a"].take_packet();
  CHECK(connack[2] == 0);
  CHECK(assigned_id(connack).starts_with("auto-"));
}

TEST_CASE("[MQTT-3.1.4-3] a second client of the same name takes over; the first is told 0x8E") {
  BrokerScript s;
  s["first"].connect({.client_id = "c"});
  s["second"].connect({.client_id = "c"});
  s["first"].expect_disconnect(0x8E);
  s["second"].send("c0 00").expect("d0 00");
  CHECK(s.broker().sessions() == 1);
  CHECK(s.counters().clients_connected == 1);
}

TEST_CASE("3.1.1 [MQTT-3.1.4-2] a second client of the same name closes the first") {
  BrokerScript s;
  s["first"].connect({.version = kV311, .client_id = "c"});
  s["second"].connect({.version = kV311, .client_id = "c"});
  s["first"].expect_close();
  s["third"].connect({.client_id = "c"});
  s["second"].expect_close();
  s["third"].send("c0 00").expect("d0 00");
}

TEST_CASE("a refused CONNECT does not take over") {
  BrokerScript s;
  s.access.passwords["alice"] = "secret";
  s["first"].connect({.client_id = "c", .user_name = "alice", .password = "secret"});
  s["second"].hello({.client_id = "c"}).expect_refusal(0x86);
  s["first"].send("c0 00").expect("d0 00");
}

TEST_CASE(
    "[MQTT-3.2.2-9] [MQTT-3.2.2-10] a maximum QoS below 2 is announced, and SUBSCRIBE at any QoS "
    "accepted") {
  BrokerOptions options = quiet();
  options.qos_max = Qos::kAtMostOnce;
  BrokerScript s(options);
  s["a"].hello({}).expect("20 08 00 00 05 22 ffff 24 00");
  s["a"].send("82 07 0001 00 0001 't' 02").expect("90 04 0001 00 00");
  s["a"].publish("t", "x", {.qos = 1, .id = 1}).expect_disconnect(0x9B);

  options.qos_max = Qos::kAtLeastOnce;
  BrokerScript one(options);
  one["a"].hello({}).expect("20 08 00 00 05 22 ffff 24 01");
  one["a"].send("82 07 0001 00 0001 't' 02").expect("90 04 0001 00 01");
  one["a"].publish("t", "x", {.qos = 1, .id = 1});
  one["a"].expect_publish("t", "x", {.qos = 1, .id = 1}).expect("40 02 0001").send("40 02 0001");
  one["a"].publish("t", "x", {.qos = 2, .id = 1}).expect_disconnect(0x9B);
}

TEST_CASE("[MQTT-3.2.2-12] a will above the maximum QoS is refused 0x9B") {
  BrokerOptions options = quiet();
  options.qos_max = Qos::kAtLeastOnce;
  BrokerScript s(options);
  s["a"].hello({.will = WillOf{"w", "x", 2}}).expect_refusal(0x9B);
  s["b"].hello({.will = WillOf{"w", "x", 1}}).expect("20 08 00 00 05 22 ffff 24 01");
}

TEST_CASE("[MQTT-3.2.2-13] a retained will without support for retained messages is refused 0x9A") {
  BrokerOptions options = quiet();
  options.retain_available = false;
  BrokerScript s(options);
  s["a"].hello({.will = WillOf{.topic = "w", .payload = "x", .retain = true}}).expect_refusal(0x9A);
  s["b"].hello({.will = WillOf{"w", "x"}}).expect("20 08 00 00 05 22 ffff 25 00");
  s["b"].publish("t", "x", {.retain = true}).expect_disconnect(0x9A);
}

TEST_CASE("CONNACK tells what differs from the standard's defaults") {
  BrokerOptions options = quiet();
  options.topic_alias_maximum = 7;
  options.server_keep_alive_s = 20;
  options.packet_max = 1000;
  options.receive_maximum = 9;
  options.session_expiry_max_s = 60;
  BrokerScript s(options);
  s["a"].hello({.keep_alive_s = 10, .properties = "11 000000ff"});
  s["a"].expect("20 16 00 00 13 11 0000003c 22 0007 13 0014 27 000003e8 21 0009");

  options = quiet();
  options.topic_alias_maximum = 0;
  BrokerScript none(options);
  none["a"].hello({}).expect("20 03 00 00 00");
}

TEST_CASE("[MQTT-4.12.0-1] where there are none, an authentication method is refused 0x8C") {
  BrokerScript s;
  s["a"].hello({.properties = "15 0001 'm' 16 0001 'd'"}).expect_refusal(0x8C);
}

TEST_CASE(
    "[MQTT-4.12.0-6] AUTH is a protocol error without an authentication method, and none is sent") {
  BrokerScript s;
  s["a"].connect().send("f0 06 19 04 15 0001 'm'").expect_disconnect(0x82);
  s["b"].connect({.version = kV311}).send("f0 00").expect_close();
}

TEST_CASE("[MQTT-3.1.2-28] no Response Information is returned, asked for or not") {
  BrokerScript s;
  s["a"].connect({.properties = "19 00"});
  s["b"].connect({.properties = "19 01"});
}

TEST_CASE("[MQTT-3.14.0-1] no DISCONNECT before CONNACK") {
  BrokerScript s;
  s["a"].open().send("c0 00").expect_close();
  s["b"].open();
  s.broker().shut_down(s.now());
  s["b"].expect_close();
}

TEST_CASE("[MQTT-3.2.2-8] refusals use the reason codes of CONNACK, and 3.x return codes") {
  BrokerOptions options = quiet();
  options.sessions_max = 0;
  BrokerScript s(options);
  s["a"].hello({}).expect_refusal(0x97);
  s["b"].hello({.version = kV311}).expect("20 02 00 03").expect_close();
}

TEST_CASE(
    "3.1.1 [MQTT-3.2.2-1] 3.1.1 [MQTT-3.2.2-2] 3.1.1 [MQTT-3.2.2-3] 3.1.1 [MQTT-3.1.4-3] Session "
    "Present") {
  BrokerScript s;
  const Hello keep{.version = kV311, .clean = false};
  s["a"].connect(keep).drop();                // no session was there
  s["a"].resume(keep).drop();                 // now there is one
  s["a"].connect({.version = kV311}).drop();  // clean: gone, and not kept
  s["a"].connect(keep);
}

TEST_CASE("[MQTT-3.2.2-2] [MQTT-3.2.2-3] [MQTT-3.1.4-4] Session Present") {
  BrokerScript s;
  const std::string_view minute = "11 0000003c";
  s["a"].connect({.clean = false, .properties = minute}).drop();  // no session was there
  s["a"].resume({.properties = minute}).drop();                   // now there is one
  s["a"].connect({.properties = minute}).drop();                  // clean: discarded, kept anew
  s["a"].resume().drop();                                         // ends with the connection
  s["a"].connect({.clean = false});
}

TEST_CASE("clients of all three versions send to each other") {
  BrokerScript s;
  for (const auto& [name, version] : {std::pair{"3", Version::kV31}, {"4", kV311}, {"5", kV5}}) {
    s[name].connect({.version = version}).subscribe("t/#", 2);
  }
  uint16_t id = 0;
  for (const char* from : {"3", "4", "5"}) {
    ++id;
    s[from].publish("t/x", from, {.qos = 1, .id = 77});
    for (const char* to : {"3", "4", "5"}) s[to].expect_publish("t/x", from, {.qos = 1, .id = id});
    s[from].expect("40 02 004d");
  }
}
