// QoS 1 and QoS 2 in both directions: acknowledgements, windows, redelivery, order.
#include <doctest/doctest.h>

#include "support/broker_script.h"

using namespace mq;
using namespace mq::test;
using namespace std::chrono_literals;

namespace {

constexpr Version kV311 = Version::kV311;
constexpr std::string_view kKept = "11 000003e8";  // Session Expiry Interval of 1000 s

}  // namespace

// --- The broker receives ---

TEST_CASE(
    "[MQTT-3.3.4-1] [MQTT-2.2.1-5] [MQTT-4.3.2-4] [MQTT-4.3.3-8] [MQTT-4.3.3-11] the answer to a "
    "PUBLISH goes by its QoS, under its identifier") {
  BrokerScript s;
  s["b"].connect().subscribe("t", 0);
  s["a"].connect();
  s["a"].publish("t", "0").expect_nothing();
  s["a"].publish("t", "1", {.qos = 1, .id = 0x1234}).expect("40 02 1234");
  s["a"].publish("t", "2", {.qos = 2, .id = 0xFFFF}).expect("50 02 ffff");
  s["a"].send("62 02 ffff").expect("70 02 ffff");
  for (const char* payload : {"0", "1", "2"}) s["b"].expect_publish("t", payload);
}

TEST_CASE(
    "3.1.1 [MQTT-3.3.4-1] 3.1.1 [MQTT-2.3.1-6] the answer to a PUBLISH goes by its QoS, under its "
    "identifier") {
  BrokerScript s;
  s["a"].connect({.version = kV311});
  s["a"].publish("t", "0").expect_nothing();
  s["a"].publish("t", "1", {.qos = 1, .id = 7}).expect("40 02 0007");
  s["a"].publish("t", "2", {.qos = 2, .id = 8}).expect("50 02 0008");
  s["a"].send("62 02 0008").expect("70 02 0008");
}

TEST_CASE(
    "[MQTT-3.4.2-1] [MQTT-3.5.2-1] PUBACK and PUBREC say 0x10 when nobody subscribes and 0x00 "
    "otherwise") {
  BrokerScript s;
  s["a"].connect();
  s["a"].publish("t", "x", {.qos = 1, .id = 1}).expect("40 03 0001 10");
  s["a"].publish("t", "x", {.qos = 2, .id = 2}).expect("50 03 0002 10");
  s["a"].send("62 02 0002").expect("70 02 0002");
  s["b"].connect().subscribe("t");
  s["a"].publish("t", "y", {.qos = 1, .id = 3}).expect("40 02 0003");
  s["b"].expect_publish("t", "y");
}

TEST_CASE("[MQTT-4.3.2-5] after PUBACK the same identifier is a new message, DUP or not") {
  BrokerScript s;
  s["b"].connect().subscribe("t");
  s["a"].connect();
  for (const bool dup : {false, true}) {
    s["a"].publish("t", "x", {.qos = 1, .id = 5, .dup = dup}).expect("40 02 0005");
    s["b"].expect_publish("t", "x");
  }
}

TEST_CASE(
    "[MQTT-4.3.3-10] until PUBREL the same identifier is the same message: answered, not "
    "delivered") {
  BrokerScript s;
  s["b"].connect().subscribe("t");
  s["a"].connect();
  s["a"].publish("t", "x", {.qos = 2, .id = 5}).expect("50 02 0005");
  s["b"].expect_publish("t", "x");
  s["a"].publish("t", "x", {.qos = 2, .id = 5, .dup = true}).expect("50 02 0005");
  s["a"].publish("t", "other", {.qos = 2, .id = 5}).expect("50 02 0005");
  s["b"].expect_nothing();
}

TEST_CASE("[MQTT-4.3.3-10] also after a reconnect and a takeover") {
  BrokerScript s;
  s["b"].connect().subscribe("t");
  s["a"].connect({.properties = kKept});
  s["a"].publish("t", "x", {.qos = 2, .id = 5}).expect("50 02 0005").drop();
  s["b"].expect_publish("t", "x");
  s["a"].resume({.properties = kKept});
  s["a"].publish("t", "x", {.qos = 2, .id = 5, .dup = true}).expect("50 02 0005");
  s["a2"].resume({.properties = kKept, .client_id = "a"});
  s["a"].expect_disconnect(0x8E);
  s["a2"].publish("t", "x", {.qos = 2, .id = 5, .dup = true}).expect("50 02 0005");
  s["a2"].send("62 02 0005").expect("70 02 0005");
  s["b"].expect_nothing();
}

TEST_CASE("with Session Present 0 the publisher's old identifiers are forgotten") {
  BrokerScript s;
  s["b"].connect().subscribe("t");
  s["a"].connect({.properties = kKept});
  s["a"].publish("t", "x", {.qos = 2, .id = 5}).expect("50 02 0005").drop();
  s["a"].connect({.properties = kKept});
  s["a"].publish("t", "y", {.qos = 2, .id = 5}).expect("50 02 0005");
  s["b"].expect_publish("t", "x").expect_publish("t", "y");
}

TEST_CASE("[MQTT-4.3.3-12] after PUBCOMP the same identifier is a new message") {
  BrokerScript s;
  s["b"].connect().subscribe("t");
  s["a"].connect();
  for (const char* payload : {"x", "y"}) {
    s["a"].publish("t", payload, {.qos = 2, .id = 5}).expect("50 02 0005");
    s["a"].send("62 02 0005").expect("70 02 0005");
    s["b"].expect_publish("t", payload);
  }
}

TEST_CASE("[MQTT-4.3.3-9] after a PUBREC that refuses the same identifier is a new message") {
  BrokerScript s;
  s.access.unpublishable.insert("secret");
  s["b"].connect().subscribe("t");
  s["a"].connect();
  s["a"].publish("secret", "x", {.qos = 2, .id = 5}).expect("50 03 0005 87");
  s["a"].publish("t", "y", {.qos = 2, .id = 5}).expect("50 02 0005");
  s["b"].expect_publish("t", "y");
}

TEST_CASE(
    "[MQTT-3.7.2-1] PUBREL for an unknown identifier is answered 0x92, in 3.1.1 as if it were "
    "known") {
  BrokerScript s;
  s["a"].connect().send("62 02 0009").expect("70 03 0009 92");
  s["b"].connect({.version = kV311}).send("62 02 0009").expect("70 02 0009");
}

TEST_CASE(
    "[MQTT-4.3.3-13] a message that expires between PUBREC and PUBREL is completed all the same") {
  BrokerScript s;
  s["a"].connect();
  s["a"]
      .publish("t", "x", {.qos = 2, .id = 5, .properties = "02 00000001"})
      .expect("50 03 0005 10");
  s.advance(5s);
  s["a"].send("62 02 0005").expect("70 02 0005");
}

TEST_CASE("acknowledgements come in the order of the packets they answer") {
  BrokerScript s;
  s["a"].connect({.version = kV311});
  s["a"].send(
      "32 06 0001 't' 0003 'x' 34 06 0001 't' 0001 'x' 32 06 0001 't' 0002 'x' c0 00 62 02 0001");
  s["a"].expect("40 02 0003 50 02 0001 40 02 0002 d0 00 70 02 0001");
}

TEST_CASE("a publisher gets its own message before the PUBACK") {
  BrokerScript s;
  s["a"].connect().subscribe("t", 1);
  s["a"]
      .publish("t", "x", {.qos = 1, .id = 9})
      .expect_publish("t", "x", {.qos = 1, .id = 1})
      .expect("40 02 0009");
}

// --- The broker sends ---

TEST_CASE(
    "[MQTT-2.2.1-4] [MQTT-4.3.2-1] [MQTT-4.3.3-1] 3.1.1 [MQTT-2.3.1-4] identifiers count from 1 "
    "and are not used twice at a time") {
  BrokerScript s;
  s["a"].connect();
  s["b"].connect().subscribe("t", 2);
  for (uint16_t id = 1; id <= 4; ++id) {
    s["a"]
        .publish("t", "x", {.qos = id % 2 + 1, .id = 1})
        .skip_output()
        .send("62 02 0001")
        .skip_output();
    s["b"].expect_publish("t", "x", {.qos = id % 2 + 1, .id = id});
  }
  s["b"].send("40 02 0002");  // 1, 3 and 4 are still in use
  s["a"].publish("t", "y", {.qos = 1, .id = 1}).skip_output();
  s["b"].expect_publish("t", "y", {.qos = 1, .id = 5});
}

TEST_CASE("identifiers go round after 65,535 and leave out what is in use") {
  BrokerScript s;
  s["a"].connect();
  s["b"].connect().subscribe("t", 1);
  for (uint32_t i = 1; i <= 65'534; ++i) {
    s["a"].publish("t", "x", {.qos = 1, .id = 1}).skip_output();
    const auto id = static_cast<uint16_t>(i);
    s["b"].expect_publish("t", "x", {.qos = 1, .id = id});
    s["b"].send({0x40, 0x02, static_cast<uint8_t>(id >> 8), static_cast<uint8_t>(id)});
  }
  s["a"].publish("t", "last", {.qos = 1, .id = 1}).skip_output();
  s["b"].expect_publish("t", "last", {.qos = 1, .id = 0xFFFF});
  s["a"].publish("t", "first", {.qos = 1, .id = 1}).skip_output();
  s["b"].expect_publish("t", "first", {.qos = 1, .id = 1});
}

TEST_CASE(
    "[MQTT-3.3.1-2] [MQTT-4.3.1-1] [MQTT-4.3.2-2] [MQTT-4.3.3-2] [MQTT-3.3.1-3] DUP is 0 when sent "
    "first, whatever it was when received") {
  BrokerScript s;
  s["a"].connect();
  s["b"].connect().subscribe("0", 0).subscribe("t", 2);
  s["a"].publish("0", "x").publish("t", "x", {.qos = 1, .id = 1, .dup = true}).skip_output();
  s["a"].publish("t", "y", {.qos = 2, .id = 2, .dup = true}).skip_output();
  s["b"].expect_publish("0", "x");
  s["b"]
      .expect_publish("t", "x", {.qos = 1, .id = 1})
      .expect_publish("t", "y", {.qos = 2, .id = 2});
}

TEST_CASE(
    "[MQTT-4.3.3-4] [MQTT-3.6.2-1] 3.1.1 [MQTT-2.3.1-6] PUBREC is answered with PUBREL under the "
    "same identifier") {
  BrokerScript s;
  s["a"].connect();
  for (const Version version : {Version::kV5, kV311}) {
    s["b"].connect({.version = version}).subscribe("t", 2);
    s["a"].publish("t", "x", {.qos = 2, .id = 1}).skip_output().send("62 02 0001").skip_output();
    s["b"].expect_publish("t", "x", {.qos = 2, .id = 1});
    s["b"].send("50 02 0001").expect("62 02 0001");
    s["b"].send("50 02 0001").expect("62 02 0001");  // and again when it is asked again
    s["b"].send("70 02 0001").expect_nothing();
    s["b"].drop();
  }
}

TEST_CASE(
    "PUBREC for what is not in flight is answered PUBREL 0x92, late PUBACK and PUBCOMP are "
    "ignored") {
  BrokerScript s;
  s["a"].connect().send("50 02 0001").expect("62 03 0001 92");
  s["a"].send("40 02 0001 70 02 0001").expect_nothing();
  s["b"].connect({.version = kV311}).send("50 02 0001").expect("62 02 0001");
}

TEST_CASE("an acknowledgement of the wrong kind is a protocol error") {
  BrokerScript s;
  s["p"].connect();
  const auto receive = [&s](std::string_view name, int qos) -> Peer& {
    Peer& peer = s[name].connect().subscribe("t", 2);
    s["p"].publish("t", "x", {.qos = qos, .id = 1}).skip_output().send("62 02 0001").skip_output();
    return peer.expect_publish("t", "x", {.qos = qos, .id = 1});
  };
  receive("a", 1).send("50 02 0001").expect_disconnect(0x82);
  receive("b", 1).send("70 02 0001").expect_disconnect(0x82);
  receive("c", 2).send("40 02 0001").expect_disconnect(0x82);
  receive("d", 2).send("70 02 0001").expect_disconnect(0x82);
  receive("e", 2)
      .send("50 02 0001")
      .expect("62 02 0001")
      .send("40 02 0001")
      .expect_disconnect(0x82);
}

TEST_CASE(
    "[MQTT-4.4.0-1] [MQTT-4.3.2-3] [MQTT-3.3.1-1] 3.1.1 [MQTT-4.4.0-1] 3.1.1 [MQTT-3.3.1-1] "
    "unacknowledged messages come again after a reconnect: DUP, same identifiers, old order") {
  for (const Version version : {Version::kV5, kV311}) {
    BrokerScript s;
    const Hello hello{.version = version, .clean = false, .properties = kKept};
    s["a"].connect();
    s["b"].connect(hello).subscribe("t", 2);
    for (uint16_t id = 1; id <= 5; ++id) {
      s["a"].publish("t", std::to_string(id), {.qos = 2 - id % 2, .id = 1}).skip_output();
      s["a"].send("62 02 0001").skip_output();
      s["b"].expect_publish("t", std::to_string(id), {.qos = 2 - id % 2, .id = id});
    }
    s["b"].send("40 02 0003 50 02 0002").expect("62 02 0002").drop();
    s["b"].resume(hello);
    s["b"].expect("62 02 0002");
    s["b"].expect_publish("t", "1", {.qos = 1, .id = 1, .dup = true});
    s["b"].expect_publish("t", "4", {.qos = 2, .id = 4, .dup = true});
    s["b"].expect_publish("t", "5", {.qos = 1, .id = 5, .dup = true});
    s["b"].expect_nothing();
  }
}

TEST_CASE("[MQTT-4.4.0-1] nothing is sent again while the connection lasts") {
  BrokerScript s;
  s["a"].connect();
  s["b"].connect().subscribe("t", 1);
  s["a"].publish("t", "x", {.qos = 1, .id = 1}).skip_output();
  s["b"].expect_publish("t", "x", {.qos = 1, .id = 1});
  s.advance(3600s);
  s["b"].expect_nothing();
}

TEST_CASE("[MQTT-4.3.3-5] [MQTT-4.3.3-6] after PUBREC only PUBREL comes again, until PUBCOMP") {
  BrokerScript s;
  const Hello hello{.clean = false, .properties = kKept};
  s["a"].connect();
  s["b"].connect(hello).subscribe("t", 2);
  s["a"].publish("t", "x", {.qos = 2, .id = 1}).skip_output();
  s["b"]
      .expect_publish("t", "x", {.qos = 2, .id = 1})
      .send("50 02 0001")
      .expect("62 02 0001")
      .drop();
  for (int i = 0; i < 2; ++i) s["b"].resume(hello).expect("62 02 0001").drop();
  s["b"].resume(hello).expect("62 02 0001").send("70 02 0001").drop();
  s["b"].resume(hello).expect_nothing();
}

TEST_CASE("[MQTT-4.3.3-3] a QoS 2 PUBLISH that was not received comes again with DUP") {
  BrokerScript s;
  const Hello hello{.clean = false, .properties = kKept};
  s["a"].connect();
  s["b"].connect(hello).subscribe("t", 2);
  s["a"].publish("t", "x", {.qos = 2, .id = 1}).skip_output();
  s["b"].expect_publish("t", "x", {.qos = 2, .id = 1}).drop();
  s["b"].resume(hello).expect_publish("t", "x", {.qos = 2, .id = 1, .dup = true});
  s["b"].send("50 02 0001").expect("62 02 0001").send("70 02 0001").drop();
  s["b"].resume(hello).expect_nothing();
}

TEST_CASE("DUP only when bytes of it were sent: what stayed in the queue is new to the client") {
  BrokerScript s;
  const Hello hello{.clean = false, .properties = kKept};
  s["a"].connect();
  s["b"].connect(hello).subscribe("t", 1);
  s["a"].publish("t", "1", {.qos = 1, .id = 1}).skip_output();
  s["b"].expect_publish("t", "1", {.qos = 1, .id = 1}).stop_reading();
  s["a"].publish("t", "2", {.qos = 1, .id = 1}).skip_output();
  s["b"].drop();
  s["a"].publish("t", "3", {.qos = 1, .id = 1}).skip_output();
  s["b"].resume(hello);
  s["b"].expect_publish("t", "1", {.qos = 1, .id = 1, .dup = true});
  s["b"].expect_publish("t", "2", {.qos = 1, .id = 2});
  s["b"].expect_publish("t", "3", {.qos = 1, .id = 3});
}

TEST_CASE("an acknowledgement that overtakes the redelivery ends it") {
  // The client remembers what it had received and answers before the broker has sent it again.
  BrokerScript s;
  const Hello hello{.clean = false, .properties = kKept};
  s["a"].connect();
  s["b"].connect(hello).subscribe("t", 2);
  for (const int qos : {1, 2, 1}) {
    s["a"].publish("t", "x", {.qos = qos, .id = 1}).skip_output().send("62 02 0001").skip_output();
  }
  s["b"].skip_output().drop();

  s["b"].open().stop_reading();
  s["b"].send(connect_packet("b", hello)).send("40 02 0001 50 02 0002").read_again();
  s["b"].expect("20 06 01 00 03 22 ffff");
  s["b"].expect_publish("t", "x", {.qos = 1, .id = 3, .dup = true});
  s["b"].expect("62 02 0002").expect_nothing();
  s["b"].send("70 02 0002 40 02 0003");
  s["a"].publish("t", "y", {.qos = 1, .id = 1}).skip_output();
  s["b"].expect_publish("t", "y", {.qos = 1, .id = 4});
}

TEST_CASE("[MQTT-4.4.0-2] [MQTT-4.8.2-6] a message refused by its receiver is not sent again") {
  BrokerScript s;
  const Hello hello{.clean = false, .properties = kKept};
  s["a"].connect();
  s["b"].connect(hello).subscribe("t", 2);
  s["a"].publish("t", "1", {.qos = 1, .id = 1}).skip_output();
  s["a"].publish("t", "2", {.qos = 2, .id = 1}).skip_output();
  s["b"]
      .expect_publish("t", "1", {.qos = 1, .id = 1})
      .expect_publish("t", "2", {.qos = 2, .id = 2});
  s["b"].send("40 03 0001 97 50 03 0002 97").expect_nothing().drop();  // and no PUBREL
  s["b"].resume(hello).expect_nothing();
}

// --- Receive Maximum ---

TEST_CASE(
    "[MQTT-3.3.4-9] [MQTT-4.9.0-1] [MQTT-4.9.0-2] no more than Receive Maximum in flight; the rest "
    "follows the acknowledgements, none lost") {
  BrokerScript s;
  s["a"].connect();
  s["b"].connect({.properties = "21 0002"}).subscribe("t", 2);
  for (uint16_t i = 1; i <= 6; ++i) {
    s["a"].publish("t", std::to_string(i), {.qos = i <= 3 ? 2 : 1, .id = i}).skip_output();
  }
  s["b"]
      .expect_publish("t", "1", {.qos = 2, .id = 1})
      .expect_publish("t", "2", {.qos = 2, .id = 2});
  s["b"].expect_nothing();
  s["b"].send("50 02 0001").expect("62 02 0001").expect_nothing();  // PUBREC frees nothing
  s["b"].send("70 02 0001").expect_publish("t", "3", {.qos = 2, .id = 3}).expect_nothing();
  s["b"].send("50 03 0002 80").expect_publish("t", "4", {.qos = 1, .id = 4});  // a refusal does
  s["b"].send("40 02 0004").expect_publish("t", "5", {.qos = 1, .id = 5});
  s["b"].send("50 02 0003").expect("62 02 0003").send("70 02 0003");
  s["b"].expect_publish("t", "6", {.qos = 1, .id = 6}).expect_nothing();
}

TEST_CASE(
    "[MQTT-3.3.4-10] [MQTT-4.9.0-3] at quota zero everything but QoS 1 and 2 PUBLISH still flows") {
  BrokerScript s;
  s["a"].connect();
  s["b"].connect({.properties = "21 0001"}).subscribe("t", 2);
  s["a"].publish("t", "1", {.qos = 2, .id = 1}).skip_output();
  s["a"].publish("t", "2", {.qos = 1, .id = 2}).skip_output();
  s["b"].expect_publish("t", "1", {.qos = 2, .id = 1}).expect_nothing();
  s["a"].publish("t", "at most once");
  s["b"].expect_publish("t", "at most once");
  s["b"].send("c0 00").expect("d0 00");
  s["b"].publish("u", "x", {.qos = 1, .id = 1}).expect("40 03 0001 10");
  s["b"].subscribe("v").send("50 02 0001").expect("62 02 0001");
}

TEST_CASE("the quota is the new connection's after a reconnect") {
  BrokerScript s;
  s["a"].connect();
  s["b"].connect({.properties = "11 000003e8 21 0003"}).subscribe("t", 1);
  for (uint16_t i = 1; i <= 5; ++i) {
    s["a"].publish("t", std::to_string(i), {.qos = 1, .id = i}).skip_output();
  }
  for (uint16_t i = 1; i <= 3; ++i)
    s["b"].expect_publish("t", std::to_string(i), {.qos = 1, .id = i});
  s["b"].drop();
  s["b"].resume({.properties = "11 000003e8 21 0001"});
  s["b"].expect_publish("t", "1", {.qos = 1, .id = 1, .dup = true}).expect_nothing();
  s["b"].send("40 02 0001").expect_publish("t", "2", {.qos = 1, .id = 2, .dup = true}).drop();
  s["b"].resume({.properties = kKept});
  s["b"].expect_publish("t", "2", {.qos = 1, .id = 2, .dup = true});
  s["b"].expect_publish("t", "3", {.qos = 1, .id = 3, .dup = true});
  s["b"]
      .expect_publish("t", "4", {.qos = 1, .id = 4})
      .expect_publish("t", "5", {.qos = 1, .id = 5});
}

TEST_CASE("PUBRELs that come again do not wait for quota, nor take from it") {
  BrokerScript s;
  const Hello hello{.properties = "11 000003e8 21 0002"};
  s["a"].connect();
  s["b"].connect(hello).subscribe("t", 2);
  for (uint16_t i = 1; i <= 4; ++i) {
    s["a"].publish("t", std::to_string(i), {.qos = 2, .id = i}).skip_output();
  }
  s["b"].skip_output().send("50 02 0001 50 02 0002").skip_output().drop();
  s["b"].resume(hello).expect("62 02 0001 62 02 0002");
  s["b"]
      .expect_publish("t", "3", {.qos = 2, .id = 3})
      .expect_publish("t", "4", {.qos = 2, .id = 4});
  s["b"].send("70 02 0001").expect_nothing();
}

TEST_CASE("an option limits the window below the client's Receive Maximum") {
  BrokerOptions options = quiet();
  options.inflight_max = 1;
  BrokerScript s(options);
  s["a"].connect();
  s["b"].connect({.version = kV311}).subscribe("t", 1);
  s["a"].publish("t", "1", {.qos = 1, .id = 1}).skip_output();
  s["a"].publish("t", "2", {.qos = 1, .id = 1}).skip_output();
  s["b"].expect_publish("t", "1", {.qos = 1, .id = 1}).expect_nothing();
  s["b"].send("40 02 0001").expect_publish("t", "2", {.qos = 1, .id = 2});
}

// --- Order ---

TEST_CASE(
    "[MQTT-4.6.0-5] [MQTT-4.6.0-6] 3.1.1 [MQTT-4.6.0-5] 3.1.1 [MQTT-4.6.0-6] messages keep their "
    "order, on the way and in the queue") {
  for (const Version version : {Version::kV5, kV311}) {
    for (const int qos : {0, 1, 2}) {
      BrokerScript s;
      const Hello hello{.version = version, .clean = false, .properties = kKept};
      s["b"].connect(hello).subscribe("t", 2);
      s["a"].connect();
      uint16_t id = 0;
      const auto burst = [&](int count) {
        for (int i = 0; i < count; ++i) {
          ++id;
          s["a"].publish("t", std::to_string(id), {.qos = qos, .id = id}).skip_output();
        }
      };
      const auto expect = [&](uint16_t from, uint16_t to) {
        for (uint16_t i = from; i <= to; ++i) {
          s["b"].expect_publish("t", std::to_string(i),
                                {.qos = qos, .id = qos > 0 ? i : uint16_t{0}});
        }
      };
      burst(20);
      expect(1, 20);
      s["b"].stop_reading();
      burst(20);
      s["b"].read_again();
      expect(21, 40);
      if (qos == 0) continue;
      s["b"].drop();
      burst(20);
      s["b"].resume(hello);
      for (uint16_t i = 1; i <= 40; ++i) {
        s["b"].expect_publish("t", std::to_string(i), {.qos = qos, .id = i, .dup = true});
      }
      expect(41, 60);
    }
  }
}

TEST_CASE("the whole backlog follows CONNACK at once, in order, within the window") {
  BrokerScript s;
  const Hello hello{.properties = "11 000003e8 21 0064"};
  s["b"].connect(hello).subscribe("t", 1).drop();
  s["a"].connect();
  for (int i = 0; i < 150; ++i)
    s["a"].publish("t", std::to_string(i), {.qos = 1, .id = 1}).skip_output();
  s["b"].resume(hello);
  for (uint16_t i = 0; i < 100; ++i) {
    s["b"].expect_publish("t", std::to_string(i), {.qos = 1, .id = static_cast<uint16_t>(i + 1)});
  }
  s["b"].expect_nothing();
  for (uint16_t i = 1; i <= 50; ++i) {
    s["b"].send({0x40, 2, 0, static_cast<uint8_t>(i)});
    s["b"].expect_publish("t", std::to_string(i + 99),
                          {.qos = 1, .id = static_cast<uint16_t>(i + 100)});
  }
}

TEST_CASE(
    "[MQTT-4.5.0-1] 3.1.1 [MQTT-4.5.0-1] 3.1.1 [MQTT-3.1.2-5] every session with a matching "
    "subscription gets the message, connected or not") {
  BrokerScript s;
  s["5"].connect({.properties = kKept}).subscribe("t", 1).drop();
  s["4"].connect({.version = kV311, .clean = false}).subscribe("t", 2).drop();
  s["here"].connect().subscribe("t", 2);
  s["a"].connect().publish("t", "1", {.qos = 1, .id = 1}).expect("40 02 0001");
  s["a"].publish("t", "2", {.qos = 2, .id = 2}).expect("50 02 0002");
  s["a"].publish("t", "0");  // QoS 0 is not for those who are away
  s["here"]
      .expect_publish("t", "1", {.qos = 1, .id = 1})
      .expect_publish("t", "2", {.qos = 2, .id = 2});
  s["here"].expect_publish("t", "0");
  s["5"]
      .resume()
      .expect_publish("t", "1", {.qos = 1, .id = 1})
      .expect_publish("t", "2", {.qos = 1, .id = 2});
  s["4"].resume({.version = kV311}).expect_publish("t", "1", {.qos = 1, .id = 1});
  s["4"].expect_publish("t", "2", {.qos = 2, .id = 2});
}

// --- Receive Maximum of the broker ---

TEST_CASE("more than Receive Maximum in flight from a client is ended with 0x93") {
  BrokerOptions options = quiet();
  options.receive_maximum = 2;
  const auto connect = [](BrokerScript& s) -> Peer& {
    return s["a"].hello({.properties = kKept}).expect("20 09 00 00 06 22 ffff 21 0002");
  };
  for (const int third : {1, 2}) {
    BrokerScript s(options);
    connect(s).publish("t", "x", {.qos = 2, .id = 1}).expect("50 03 0001 10");
    s["a"].publish("t", "x", {.qos = 2, .id = 2}).expect("50 03 0002 10");
    s["a"]
        .publish("t", "x", {.qos = 2, .id = 1, .dup = true})
        .expect("50 02 0001");  // not a new one
    s["a"].publish("t", "x").send("c0 00").expect("d0 00");
    s["a"].send("62 02 0001").expect("70 02 0001");
    s["a"].publish("t", "x", {.qos = 1, .id = 3}).expect("40 03 0003 10");
    s["a"].publish("t", "x", {.qos = 2, .id = 4}).expect("50 03 0004 10");
    s["a"].publish("t", "x", {.qos = third, .id = 5}).expect_disconnect(0x93);
    CHECK(s.counters().limit_receive_maximum == 1);
  }
}

TEST_CASE("what an earlier connection left unreleased does not take from Receive Maximum") {
  BrokerOptions options = quiet();
  options.receive_maximum = 2;
  BrokerScript s(options);
  s["a"].hello({.properties = kKept}).skip_output();
  s["a"].send("34 07 0001 't' 0001 00 'x' 34 07 0001 't' 0002 00 'x'").skip_output().drop();
  s["a"].hello({.clean = false, .properties = kKept}).expect("20 09 01 00 06 22 ffff 21 0002");
  s["a"]
      .send("34 07 0001 't' 0003 00 'x' 34 07 0001 't' 0004 00 'x'")
      .expect("50 03 0003 10 50 03 0004 10");
  s["a"].send("62 02 0001 62 02 0002").expect("70 02 0001 70 02 0002");
}

TEST_CASE("a 3.1.1 client, who cannot be told, is not held to Receive Maximum") {
  BrokerOptions options = quiet();
  options.receive_maximum = 1;
  BrokerScript s(options);
  s["a"].connect({.version = kV311});
  s["a"].send("34 06 0001 't' 0001 'x' 34 06 0001 't' 0002 'x'").expect("50 02 0001 50 02 0002");
}
