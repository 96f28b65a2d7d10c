// What is different for 3.1 and 3.1.1 clients, and not shown elsewhere.
#include <doctest/doctest.h>

#include "support/broker_script.h"

using namespace mq;
using namespace mq::test;
using namespace std::chrono_literals;

namespace {

constexpr Version kV31 = Version::kV31, kV311 = Version::kV311;

}  // namespace

TEST_CASE("3.1: the reserved CONNECT bit is ignored, and CONNACK has no flags") {
  BrokerScript s;
  s["a"].open().send("10 0f 0006 'MQIsdp' 03 03 003c 0001 'a'").expect("20 02 00 00");
  s["b"].connect({.version = kV31, .clean = false}).drop();
  s["b"].resume({.version = kV31});
}

TEST_CASE("3.1: an empty client identifier is rejected, clean session or not") {
  BrokerScript s;
  s["a"].hello({.version = kV31, .client_id = ""}).expect("20 02 00 02").expect_close();
}

TEST_CASE("3.1: user name and password may be missing although their flags are set") {
  BrokerScript s;
  s["a"].open().send("10 0f 0006 'MQIsdp' 03 c2 003c 0001 'a'").expect("20 02 00 00");
}

TEST_CASE("3.1: PUBREL, SUBSCRIBE and UNSUBSCRIBE may have DUP set") {
  BrokerScript s;
  s["a"].connect({.version = kV31}).publish("t", "x", {.qos = 2, .id = 1}).expect("50 02 0001");
  s["a"].send("6a 02 0001").expect("70 02 0001");
  s["a"].send("8a 06 0002 0001 't' 00").expect("90 03 0002 00");
  s["a"].send("aa 05 0003 0001 't'").expect("b0 02 0003");
  s["b"].connect({.version = kV311}).send("6a 02 0001").expect_close();
}

TEST_CASE("a bridge of 3.x gets RETAIN as published and none of its own messages") {
  for (const char* connect :
       {"10 0f 0006 'MQIsdp' 83 02 003c 0001 'b'", "10 0d 0004 'MQTT' 84 02 003c 0001 'b'"}) {
    BrokerScript s;
    s["b"].open().send(connect).expect("20 02 00 00");
    s["b"].send("82 06 0001 0001 '#' 01").expect("90 03 0001 01");
    s["b"].send("30 04 0001 't' 'x'").expect_nothing();
    s["a"].connect().publish("t", "y", {.retain = true});
    s["b"].expect("31 04 0001 't' 'y'");
  }
}

TEST_CASE(
    "3.1.1 [MQTT-3.1.2-18] 3.1.1 [MQTT-3.1.2-19] 3.1.1 [MQTT-3.1.2-20] 3.1.1 [MQTT-3.1.2-21] 3.1.1 "
    "[MQTT-3.1.3-1] flags say which fields of the payload are there, in their order") {
  BrokerScript s;
  s.access.passwords["u"] = "p";
  s["all"].connect({.version = kV311, .will = WillOf{"w", "x"}, .user_name = "u", .password = "p"});
  // A field without its flag is a byte too many, a flag without its field one too few.
  s["a"].open().send("10 13 0004 'MQTT' 04 02 003c 0001 'c' 0001 'u' 0001 'p'").expect_close();
  s["a"].open().send("10 13 0004 'MQTT' 04 82 003c 0001 'c' 0001 'u' 0001 'p'").expect_close();
  s["a"].open().send("10 0d 0004 'MQTT' 04 82 003c 0001 'c'").expect_close();
  s["a"].open().send("10 10 0004 'MQTT' 04 c2 003c 0001 'c' 0001 'u'").expect_close();
  s["a"]
      .open()
      .send("10 13 0004 'MQTT' 04 c2 003c 0001 'c' 0001 'u' 0001 'p'")
      .expect("20 02 00 00");
  s["all"].drop();
}

TEST_CASE(
    "[MQTT-3.1.2-16] [MQTT-3.1.2-17] [MQTT-3.1.2-18] [MQTT-3.1.2-19] [MQTT-3.1.3-1] flags say "
    "which fields of the payload are there, in their order") {
  BrokerScript s;
  s.access.passwords["u"] = "p";
  s["all"].connect({.will = WillOf{"w", "x"}, .user_name = "u", .password = "p"});
  s["a"]
      .open()
      .send("10 14 0004 'MQTT' 05 02 003c 00 0001 'c' 0001 'u' 0001 'p'")
      .expect_refusal(0x81);
  s["a"].open().send("10 11 0004 'MQTT' 05 c2 003c 00 0001 'c' 0001 'u'").expect_refusal(0x81);
  // 5.0 allows a password alone.
  s.access.passwords[""] = "p";
  s["a"]
      .open()
      .send("10 11 0004 'MQTT' 05 42 003c 00 0001 'c' 0001 'p'")
      .expect("20 06 00 00 03 22 ffff");
  s["all"].drop();
}

TEST_CASE(
    "3.1.1 [MQTT-1.5.3-1] 3.1.1 [MQTT-1.5.3-2] 3.1.1 [MQTT-3.1.3-10] 3.1.1 [MQTT-3.1.3-11] 3.1.1 "
    "[MQTT-3.3.2-1] text that is not UTF-8, or has U+0000, closes the connection") {
  BrokerScript s;
  for (const std::string_view bad :
       {std::string_view("\xFF"), std::string_view("\0", 1), std::string_view("\xED\xA0\x80"),
        std::string_view("\xC0\xAF")}) {
    s["id"].hello({.version = kV311, .client_id = bad}).expect_close();
    s["will"].hello({.version = kV311, .will = WillOf{bad, "x"}}).expect_close();
    s["user"].hello({.version = kV311, .user_name = bad}).expect_close();
    s["topic"].connect({.version = kV311}).publish(bad, "x").expect_close();
  }
  // A payload and a password may have any bytes.
  s["a"]
      .connect({.version = kV311, .user_name = "u", .password = "\xFF"})
      .publish("t", "\xFF")
      .expect_nothing();
}

TEST_CASE(
    "[MQTT-1.5.4-1] [MQTT-1.5.4-2] [MQTT-3.1.3-4] [MQTT-3.1.3-11] [MQTT-3.1.3-12] text that is not "
    "UTF-8, or has U+0000, is malformed") {
  BrokerScript s;
  for (const std::string_view bad :
       {std::string_view("\xFF"), std::string_view("\0", 1), std::string_view("\xED\xA0\x80"),
        std::string_view("\xC0\xAF")}) {
    s["id"].hello({.client_id = bad}).expect_refusal(0x81);
    s["will"].hello({.will = WillOf{bad, "x"}}).expect_refusal(0x81);
    s["user"].hello({.user_name = bad}).expect_refusal(0x81);
    s["topic"].connect().publish(bad, "x").expect_disconnect(0x81);
  }
}

TEST_CASE("[MQTT-1.5.4-3] 3.1.1 [MQTT-1.5.3-3] U+FEFF is a character like others") {
  BrokerScript s;
  for (const Version version : {Version::kV5, kV311}) {
    s["a"].connect({.version = version, .client_id = "\xEF\xBB\xBFx"}).subscribe("\xEF\xBB\xBFt");
    s["b"].connect({.version = version, .client_id = "x"});
    s["b"].publish("t", "1").publish("\xEF\xBB\xBFt", "2");
    s["a"].expect_publish("\xEF\xBB\xBFt", "2").drop();
  }
}

TEST_CASE(
    "3.1.1 [MQTT-2.2.2-2] 3.1.1 [MQTT-3.6.1-1] 3.1.1 [MQTT-4.8.0-1] wrong flags of any packet "
    "close the connection") {
  BrokerScript s;
  for (const char* packet : {"41 02 0001", "51 02 0001", "60 02 0001", "6a 02 0001", "71 02 0001",
                             "c1 00", "e1 00", "36 06 0001 't' 0001 'x'", "38 04 0001 't' 'x'"}) {
    INFO(packet);
    s["a"].connect({.version = kV311}).send(packet).expect_close();
  }
}

TEST_CASE("[MQTT-2.1.3-1] [MQTT-3.6.1-1] [MQTT-3.3.1-4] wrong flags of any packet are malformed") {
  BrokerScript s;
  for (const char* packet :
       {"41 02 0001", "51 02 0001", "60 02 0001", "6a 02 0001", "71 02 0001", "c1 00", "e1 00",
        "36 07 0001 't' 0001 00 'x'", "38 05 0001 't' 00 'x'"}) {
    INFO(packet);
    s["a"].connect().send(packet).expect_disconnect(0x81);
  }
}

TEST_CASE(
    "3.1.1 [MQTT-2.3.1-1] 3.1.1 [MQTT-2.3.1-5] packet identifiers: not 0, and none at QoS 0") {
  BrokerScript s;
  s["b"].connect({.version = kV311}).subscribe("t");
  for (const char* packet :
       {"32 06 0001 't' 0000 'x'", "82 06 0000 0001 't' 00", "a2 05 0000 0001 't'"}) {
    s["a"].connect({.version = kV311}).send(packet).expect_close();
  }
  // What stands where the identifier would be belongs to the payload.
  s["a"].connect({.version = kV311}).send("30 06 0001 't' 0001 'x'");
  s["b"].expect("30 06 0001 't' 0001 'x'");
}

TEST_CASE(
    "3.1.1 [MQTT-3.3.1-2] 3.1.1 [MQTT-3.3.1-3] 3.1.1 [MQTT-3.3.1-4] DUP and QoS of what is "
    "received and of what is sent") {
  BrokerScript s;
  s["b"].connect({.version = kV311}).subscribe("t", 1);
  s["a"]
      .connect({.version = kV311})
      .publish("t", "x", {.qos = 1, .id = 1, .dup = true})
      .expect("40 02 0001");
  s["b"].expect_publish("t", "x", {.qos = 1, .id = 1});
  s["a"].send("38 04 0001 't' 'x'").expect_close();  // DUP at QoS 0
  s["a"].connect({.version = kV311}).send("36 06 0001 't' 0001 'x'").expect_close();  // QoS 3
}

TEST_CASE(
    "3.1.1 [MQTT-3.1.2-9] 3.1.1 [MQTT-3.1.2-11] 3.1.1 [MQTT-3.1.2-13] 3.1.1 [MQTT-3.1.2-14] 3.1.1 "
    "[MQTT-3.1.2-15] 3.1.1 [MQTT-3.1.2-22] connect flags that contradict each other or the payload "
    "close the connection") {
  BrokerScript s;
  for (const char* connect : {
           "10 0d 0004 'MQTT' 04 06 003c 0001 'c'",                    // will, but no will fields
           "10 13 0004 'MQTT' 04 02 003c 0001 'c' 0001 'w' 0001 'p'",  // will fields, but no will
           "10 0d 0004 'MQTT' 04 0a 003c 0001 'c'",                    // will QoS without a will
           "10 0d 0004 'MQTT' 04 22 003c 0001 'c'",                    // will retain without a will
           "10 13 0004 'MQTT' 04 1e 003c 0001 'c' 0001 'w' 0001 'p'",  // will QoS 3
           "10 10 0004 'MQTT' 04 42 003c 0001 'c' 0001 'p'",           // password without user name
       }) {
    s["a"].open().send(connect).expect_close();
  }
}

TEST_CASE(
    "3.1.1 [MQTT-3.1.3-3] 3.1.1 [MQTT-3.1.3-4] a CONNECT without a client identifier, or with one "
    "that is not UTF-8, is closed") {
  BrokerScript s;
  s["a"].open().send("10 0a 0004 'MQTT' 04 02 003c").expect_close();
  s["a"].open().send("10 0d 0004 'MQTT' 04 02 003c 0001 ff").expect_close();
}

TEST_CASE("3.1.1 [MQTT-3.2.2-6] what no return code says closes the connection without a CONNACK") {
  BrokerScript s;
  s["a"].open().send("10 0d 0004 'MQTT' 04 03 003c 0001 'c'").expect_close();
}

TEST_CASE("3.1.1 [MQTT-4.7.0-1] empty topics and filters close the connection") {
  BrokerScript s;
  s["a"].connect({.version = kV311}).publish("", "x").expect_close();
  s["a"].connect({.version = kV311}).send(subscribe_packet(kV311, 1, "", 0)).expect_close();
  s["a"].connect({.version = kV311}).send(unsubscribe_packet(kV311, 1, "")).expect_close();
}
