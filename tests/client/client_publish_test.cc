#include <doctest/doctest.h>
#include <fmt/format.h>

#include "client/client_script.h"

using namespace mq;
using namespace mq::test;
using namespace std::chrono_literals;

namespace {

// publish() must fail, and with this code.
void check_refused(ClientScript& c, const PublishRequest& request, ErrorCode code) {
  const uint32_t before = c.session.queued();
  const auto result = c.session.publish(request, c.now());
  REQUIRE_FALSE(result);
  CHECK(name(result.error().code) == name(code));
  CHECK(c.session.queued() == before);
}

}  // namespace

TEST_CASE("[MQTT-4.3.1-1] [MQTT-3.3.1-2] [MQTT-2.2.1-2] QoS 0: no identifier, no DUP, no answer") {
  ClientScript c(v311());
  c.connect().publish("a/b", "hi", 0);
  CHECK(c.session.queued() == 1);
  CHECK(c.session.queued_bytes() > 0);
  c.expect("30 07 0003 'a/b' 'hi'");
  CHECK(c.session.queued() == 0);
  CHECK(c.session.queued_bytes() == 0);
}

TEST_CASE("[MQTT-4.3.2-1] [MQTT-4.3.2-2] [MQTT-4.3.2-3] QoS 1: PUBLISH, PUBACK") {
  ClientScript c(v311());
  c.connect().publish("a", "x", 1, 7).publish("a", "y", 1, 8);
  c.expect("32 06 0001 'a' 0001 'x'").expect("32 06 0001 'a' 0002 'y'");
  CHECK(c.session.queued() == 2);
  c.send("40 02 0002").event("acked 8 id=2 qos=1: Success");
  CHECK(c.session.queued() == 1);
  c.send("40 02 0001").event("acked 7 id=1 qos=1: Success");
  CHECK(c.session.queued() == 0);
  CHECK(c.session.queued_bytes() == 0);
}

TEST_CASE("[MQTT-4.3.3-1] [MQTT-4.3.3-2] [MQTT-4.3.3-4] [MQTT-2.2.1-5] QoS 2: the whole exchange") {
  ClientScript c(v311());
  c.connect().publish("a", "x", 2, 7);
  c.expect("34 06 0001 'a' 0001 'x'");
  c.send("50 02 0001").expect("62 02 0001");
  CHECK(c.session.queued() == 1);        // [MQTT-4.3.3-5]
  CHECK(c.session.queued_bytes() == 0);  // the message itself is the server's now
  c.send("70 02 0001").event("acked 7 id=1 qos=2: Success");
  CHECK(c.session.queued() == 0);
}

TEST_CASE("[MQTT-4.6.0-4] PUBREL packets go out in the order of the PUBREC packets") {
  ClientScript c(v311());
  c.connect().publish("a", "1", 2).publish("a", "2", 2).publish("a", "3", 2);
  c.skip_output().send("50 02 0002 50 02 0003 50 02 0001");
  c.expect("62 02 0002 62 02 0003 62 02 0001");
}

TEST_CASE("[MQTT-4.4.0-2] a Reason Code of 0x80 or more finishes the message") {
  ClientScript c(v5());
  c.connect().publish("a", "x", 1, 1).publish("a", "y", 2, 2);
  c.skip_output();
  c.send("40 03 0001 87").event("acked 1 id=1 qos=1: Not authorized");
  c.send("50 03 0002 97").event("acked 2 id=2 qos=2: Quota exceeded");
  CHECK(c.session.queued() == 0);
  // And is not sent again.
  c.close().open().skip_output().send("20 03 00 00 00").event("connected").expect_nothing();
}

TEST_CASE("No matching subscribers is reported for QoS 1 and 2 alike") {
  ClientScript c(v5());
  c.connect().publish("a", "x", 1, 1).publish("a", "y", 2, 2);
  c.skip_output();
  c.send("40 03 0001 10").event("acked 1 id=1 qos=1: No matching subscribers");
  c.send("50 03 0002 10").expect("62 02 0002");
  c.send("70 02 0002").event("acked 2 id=2 qos=2: No matching subscribers");
}

TEST_CASE("a PUBREC that is repeated gets its PUBREL again, a PUBCOMP ends it once") {
  ClientScript c(v5());
  c.connect().publish("a", "x", 2, 7);
  c.skip_output().send("50 02 0001").expect("62 02 0001").send("50 02 0001").expect("62 02 0001");
  c.send("70 02 0001").event("acked 7 id=1 qos=2: Success").send("70 02 0001").expect_nothing();
}

TEST_CASE("acknowledgements for packet identifiers that nothing waits under") {
  SUBCASE("PUBACK and PUBCOMP mean nothing") {
    ClientScript c(v5());
    c.connect().send("40 02 0009 70 02 0009").expect_nothing();
  }
  SUBCASE("PUBREC is answered: Packet Identifier not found") {
    ClientScript c(v5());
    c.connect().send("50 02 0009").expect("62 03 0009 92");
  }
  SUBCASE("in 3.1.1 without a code, so that the server can let go") {
    ClientScript c(v311());
    c.connect().send("50 02 0009").expect("62 02 0009");
  }
}

TEST_CASE("acknowledgements that do not fit the packet are protocol errors") {
  const auto check_error = [](int qos, const char* ack) {
    ClientScript c(v5());
    c.connect().publish("a", "x", qos);
    c.skip_output().send(ack).event("error: Protocol Error").expect("e0 01 82").expect_close();
  };
  check_error(1, "50 02 0001");
  check_error(1, "70 02 0001");
  check_error(2, "40 02 0001");
  check_error(2, "70 02 0001");  // before PUBREC

  ClientScript subscriber(v5());
  subscriber.connect().subscribe("a");
  subscriber.skip_output().send("40 02 0001").event("error: Protocol Error");
  subscriber.expect("e0 01 82").expect_close();

  ClientScript early(v5());
  early.connect().publish("a", "x", 1);
  early.skip_output();
  early.publish("a", "y", 1);  // identifier 2 has not been sent
  const std::vector<uint8_t> ack = wire("40 02 0002");
  Bytes in = ack;
  CHECK_FALSE(early.session.receive(in, early.now()));
  early.expect("e0 01 82").expect_close();
}

TEST_CASE("[MQTT-3.3.4-7] [MQTT-4.9.0-1] [MQTT-4.9.0-2] the in-flight window") {
  ClientOptions options = v5();
  const char* connack = "";
  SUBCASE("inflight_max, where the server allows more") {
    options.inflight_max = 2;
  }
  SUBCASE("Receive Maximum, where it is less") {
    connack = "20 06 00 00 03 21 0002";
  }
  ClientScript c(options);
  c.connect(connack);
  CHECK(c.session.window_left() == 2);
  c.publish("a", "1", 1, 1).publish("a", "2", 2, 2).publish("a", "3", 1, 3).publish("a", "4", 1, 4);
  CHECK(c.session.window_left() == 0);
  CHECK(c.session.queued() == 4);
  c.expect("32 07 0001 'a' 0001 00 '1'").expect("34 07 0001 'a' 0002 00 '2'").expect_nothing();
  // PUBREC does not open it, PUBCOMP and PUBACK do (section 4.9).
  c.send("50 02 0002").expect("62 02 0002").expect_nothing();
  c.send("70 02 0002").event("acked 2 id=2 qos=2: Success").expect("32 07 0001 'a' 0003 00 '3'");
  c.send("40 02 0001").event("acked 1 id=1 qos=1: Success").expect("32 07 0001 'a' 0004 00 '4'");
  c.send("40 02 0003 40 02 0004");
  c.event("acked 3 id=3 qos=1: Success").event("acked 4 id=4 qos=1: Success");
  CHECK(c.session.window_left() == 2);
}

TEST_CASE("a PUBREC with an error code opens the window") {
  ClientOptions options = v5();
  options.inflight_max = 1;
  ClientScript c(options);
  c.connect().publish("a", "1", 2, 1).publish("a", "2", 2, 2);
  c.expect("34 07 0001 'a' 0001 00 '1'").expect_nothing();
  c.send("50 03 0001 80").event("acked 1 id=1 qos=2: Unspecified error");
  c.expect("34 07 0001 'a' 0002 00 '2'");
}

TEST_CASE("a window of 0 is one of 1") {
  ClientOptions options = v311();
  options.inflight_max = 0;
  ClientScript c(options);
  c.connect().publish("a", "x", 1);
  c.expect("32 06 0001 'a' 0001 'x'");
}

TEST_CASE("[MQTT-3.3.4-8] [MQTT-4.9.0-3] a closed window delays nothing but PUBLISH") {
  ClientOptions options = v5();
  options.inflight_max = 1;
  ClientScript c(options);
  c.connect().publish("a", "1", 1).publish("a", "2", 1).subscribe("s");
  c.expect("32 07 0001 'a' 0001 00 '1'").expect("82 07 0002 00 0001 's' 00");
  c.session.ping(c.now());
  c.expect("c0 00");
  c.send("32 06 0001 'b' 0001 00").event("message b '' qos=1").expect("40 02 0001");
}

TEST_CASE("messages leave in the order of publish(), QoS 0 too when the window is closed") {
  ClientOptions options = v311();
  options.inflight_max = 1;
  ClientScript c(options);
  c.connect().publish("a", "1", 1, 1).publish("a", "2", 1, 2).publish("a", "3", 0);
  c.expect("32 06 0001 'a' 0001 '1'").expect_nothing();
  c.send("40 02 0001").event("acked 1 id=1 qos=1: Success");
  c.expect("32 06 0001 'a' 0002 '2'").expect("30 04 0001 'a' '3'");
}

TEST_CASE("[MQTT-2.2.1-3] packet identifiers are never 0 and never in use") {
  ClientOptions options = v311();
  options.inflight_max = 65'535;
  ClientScript c(options);
  c.connect();
  for (uint32_t i = 1; i <= 65'534; ++i) {
    c.publish("a", "", 1, i);
    c.skip_output();
    if (i > 1) {
      c.send(fmt::format("40 02 {:04x}", i));
      c.event(fmt::format("acked {} id={} qos=1: Success", i, i));
    }
  }
  // The first is unacknowledged: 65535 is left, then none.
  CHECK(c.session.window_left() == 1);
  c.publish("a", "last", 1, 65'535).publish("a", "wait", 1, 65'536);
  c.expect("32 09 0001 'a' ffff 'last'").expect_nothing();
  c.send("40 02 0001").event("acked 1 id=1 qos=1: Success").expect("32 09 0001 'a' 0001 'wait'");
}

TEST_CASE("[MQTT-3.3.2-1] [MQTT-3.3.2-2] [MQTT-4.7.3-1] [MQTT-4.7.3-3] topics that are none") {
  ClientScript c(v5());
  c.connect();
  const std::string long_topic(65'536, 't'), nul("a\0b", 3);
  const std::string topics[] = {"", "a/+/b", "a/#", "\xc3\x28", nul, long_topic};
  for (const std::string& topic : topics) {
    check_refused(c, {.topic = topic, .payload = {}}, ErrorCode::kInvalidArgument);
  }
  // A topic that was good once stays good, one that was bad stays bad.
  c.publish("ü/π", "", 0).publish("ü/π", "", 0);
  check_refused(c, {.topic = "ü/+", .payload = {}}, ErrorCode::kInvalidArgument);
  check_refused(c, {.topic = "ü/+", .payload = {}}, ErrorCode::kInvalidArgument);
  c.expect("30 08 0005 c3bc'/'cf80 00").expect("30 08 0005 c3bc'/'cf80 00");
}

TEST_CASE("[MQTT-3.3.4-6] properties go out in their order, without the peer-to-peer ones") {
  PropertyList list;
  list.add(PropertyId::kMessageExpiryInterval, 9u)
      .add(PropertyId::kTopicAlias, 1u)
      .add_user("k", "v")
      .add(PropertyId::kSubscriptionIdentifier, 5u)  // [MQTT-3.3.4-6]
      .add(PropertyId::kContentType, "t");
  const PublishRequest request{.topic = "a", .payload = to_bytes("x"), .properties = list.view()};
  SUBCASE("5.0") {
    ClientScript c(v5());
    REQUIRE(c.session.publish(request, c.now()));
    c.advance(5s);  // the expiry is the server's to count down
    c.connect().expect("30 15 0001 'a' 10 02 00000009 26 0001 'k' 0001 'v' 03 0001 't' 'x'");
  }
  SUBCASE("3.1.1 has none") {
    ClientScript c(v311());
    c.connect();
    REQUIRE(c.session.publish(request, c.now()));
    c.expect("30 04 0001 'a' 'x'");
  }
}

TEST_CASE("properties that a PUBLISH cannot have are refused") {
  PropertyList list;
  list.add(PropertyId::kReasonString, "no");
  ClientScript c(v5());
  c.connect();
  check_refused(c, {.topic = "a", .properties = list.view()}, ErrorCode::kInvalidArgument);
}

TEST_CASE("[MQTT-3.2.2-15] packets over the server's Maximum Packet Size are not sent") {
  ClientScript c(v5());
  c.connect("20 08 00 00 05 27 0000000a");
  CHECK(c.session.server_packet_max() == 10);
  SUBCASE("PUBLISH: ten bytes are sent, eleven are an error") {
    c.publish("a", "1234", 0).publish("a", "12", 1);
    c.expect("30 08 0001 'a' 00 '1234'").expect("32 08 0001 'a' 0001 00 '12'");
    check_refused(c, {.topic = "a", .payload = to_bytes("12345")}, ErrorCode::kTooLarge);
    check_refused(c, {.topic = "a", .payload = to_bytes("123"), .qos = Qos::kAtLeastOnce},
                  ErrorCode::kTooLarge);
  }
  SUBCASE("SUBSCRIBE and UNSUBSCRIBE") {
    c.subscribe("ab").expect("82 08 0001 00 0002 'ab' 00");
    Buffer buffer;
    FilterListWriter filters(buffer, true);
    filters.add("abc");
    const auto result = c.session.subscribe({.filters = filters.list()});
    REQUIRE_FALSE(result);
    CHECK(result.error().code == ErrorCode::kTooLarge);
    // Its identifier was not used up.
    c.subscribe("cd").expect("82 08 0002 00 0002 'cd' 00");
  }
  SUBCASE("[MQTT-3.14.2-3] [MQTT-3.14.2-4] DISCONNECT goes without its explanations") {
    PropertyList list;
    list.add(PropertyId::kSessionExpiryInterval, 3u)
        .add(PropertyId::kReasonString, "bye")
        .add_user("k", "v");
    c.session.disconnect(ReasonCode::kDisconnectWithWill, list.view());
    c.expect("e0 07 04 05 11 00000003").expect_close();
  }
}

TEST_CASE("a DISCONNECT that the server would not take at all is left out") {
  ClientScript c(v5());
  c.connect("20 08 00 00 05 27 00000002");
  c.session.disconnect(ReasonCode::kDisconnectWithWill);
  c.expect_close();
}

TEST_CASE("no packet is larger than MQTT's 268435455 bytes and its fixed header") {
  ClientScript c(v311());
  // Never touched: publish() must refuse by size before it copies.
  const Bytes huge(reinterpret_cast<const uint8_t*>(16), size_t{kVarintMax} - 2);
  check_refused(c, {.topic = "a", .payload = huge}, ErrorCode::kTooLarge);
  check_refused(c, {.topic = "a", .payload = huge.first(huge.size() - 2), .qos = Qos::kAtLeastOnce},
                ErrorCode::kTooLarge);
}

TEST_CASE("[MQTT-3.2.2-11] QoS above the server's Maximum QoS is an error") {
  ClientScript c(v5());
  SUBCASE("1") {
    c.connect("20 05 00 00 02 24 01").publish("a", "x", 1);
    c.expect("32 07 0001 'a' 0001 00 'x'");
  }
  SUBCASE("0") {
    c.connect("20 05 00 00 02 24 00").publish("a", "x", 0);
    c.expect("30 05 0001 'a' 00 'x'");
    check_refused(c, {.topic = "a", .qos = Qos::kAtLeastOnce}, ErrorCode::kProtocol);
  }
  check_refused(c, {.topic = "a", .qos = Qos::kExactlyOnce}, ErrorCode::kProtocol);
}

TEST_CASE("[MQTT-3.2.2-14] RETAIN is an error where the server does not have it") {
  ClientScript c(v5());
  c.connect("20 05 00 00 02 25 00");
  check_refused(c, {.topic = "a", .retain = true}, ErrorCode::kProtocol);
  c.close();
  c.connect("20 05 00 00 02 25 01");
  REQUIRE(c.session.publish({.topic = "a", .retain = true}, c.now()));
  c.expect("31 04 0001 'a' 00");
}

TEST_CASE("limits that show only after a message was queued end it with an event, not silently") {
  const auto check_ended = [](const PublishRequest& request, const char* connack,
                              const char* event) {
    ClientScript c(v5());
    REQUIRE(c.session.publish(request, c.now()));
    c.publish("a", "next", 0);
    c.connect(connack).event(event).expect("30 08 0001 'a' 00 'next'").expect_nothing();
    CHECK(c.session.queued() == 0);
    CHECK(c.session.queued_bytes() == 0);
  };
  check_ended({.topic = "a", .payload = to_bytes("12345"), .token = 3},
              "20 08 00 00 05 27 0000000a", "acked 3 id=0 qos=0: Packet too large");
  check_ended({.topic = "a", .qos = Qos::kExactlyOnce, .token = 3}, "20 05 00 00 02 24 01",
              "acked 3 id=0 qos=2: QoS not supported");
  check_ended({.topic = "a", .qos = Qos::kAtLeastOnce, .retain = true, .token = 3},
              "20 05 00 00 02 25 00", "acked 3 id=0 qos=1: Retain not supported");
}

TEST_CASE("queued_bytes_max bounds what is taken") {
  ClientOptions options = v311();
  options.queued_bytes_max = 1000;
  ClientScript c(options);
  c.publish("a", std::string(10'000, 'x'), 1);  // a single message may be larger
  check_refused(c, {.topic = "a", .payload = to_bytes("y")}, ErrorCode::kFull);
  CHECK(c.session.queued_bytes() > 10'000);
  c.connect().skip_output().send("40 02 0001").event("acked 0 id=1 qos=1: Success");
  c.publish("a", "y", 0).expect("30 04 0001 'a' 'y'");
}

TEST_CASE("large messages are referenced, not copied, and arrive whole in their order") {
  ClientScript c(v5());
  c.connect();
  for (int i = 0; i < 40; ++i) c.publish("a", std::string(5000, 'x'), 0).publish("b", "y", 0);
  for (int i = 0; i < 40; ++i)
    c.expect("30 8c 27 0001 'a' 00 78*5000").expect("30 05 0001 'b' 00 'y'");
}

TEST_CASE("[MQTT-3.2.2-17] [MQTT-3.3.2-9] topic aliases, as many as the server allows") {
  ClientOptions options = v5();
  options.use_topic_aliases = true;
  ClientScript c(options);
  c.connect("20 06 00 00 03 22 0002");
  c.publish("a", "1", 0)
      .publish("a", "2", 1)
      .publish("b", "3", 0)
      .publish("c", "4", 0)
      .publish("b", "5", 0)
      .publish("c", "6", 0);
  c.expect("30 08 0001 'a' 03 23 0001 '1'").expect("32 09 0000 0001 03 23 0001 '2'");
  c.expect("30 08 0001 'b' 03 23 0002 '3'").expect("30 05 0001 'c' 00 '4'");
  c.expect("30 07 0000 03 23 0002 '5'").expect("30 05 0001 'c' 00 '6'");

  SUBCASE("[MQTT-3.3.2-7] the next connection knows none of them") {
    c.send("40 02 0001").event("acked 0 id=1 qos=1: Success").close();
    c.connect("20 06 00 00 03 22 0002").publish("b", "x", 0);
    c.expect("30 08 0001 'b' 03 23 0001 'x'");
  }
}

TEST_CASE("[MQTT-3.2.2-18] no topic aliases without a Topic Alias Maximum, or without the option") {
  ClientOptions options = v5();
  options.use_topic_aliases = true;
  ClientScript without_maximum(options);
  without_maximum.connect().publish("a", "1", 0);
  without_maximum.expect("30 05 0001 'a' 00 '1'");

  ClientScript without_option(v5());
  without_option.connect("20 06 00 00 03 22 0002").publish("a", "1", 0);
  without_option.expect("30 05 0001 'a' 00 '1'");
}

TEST_CASE("a topic alias never makes a packet too large for the server") {
  ClientOptions options = v5();
  options.use_topic_aliases = true;
  ClientScript c(options);
  c.connect("20 0b 00 00 08 22 0002 27 0000000a").publish("a", "1234", 0).publish("a", "", 0);
  c.expect("30 08 0001 'a' 00 '1234'").expect("30 04 0001 'a' 00");
}

TEST_CASE("an alias that did not fit into the batch is not taken as known") {
  ClientOptions options = v5();
  options.use_topic_aliases = true;
  ClientScript c(options);
  c.connect("20 06 00 00 03 22 0002");
  c.publish("a", "x", 0).publish("b", "y", 0).publish("b", "z", 0);
  OutBatch batch;
  batch.commit(OutBatch::kScratchSize - 20);  // room for the first only
  c.session.produce(batch, c.now());
  CHECK(batch.size() == OutBatch::kScratchSize - 10);
  c.expect("30 08 0001 'b' 03 23 0002 'y'").expect("30 07 0000 03 23 0002 'z'");
}
