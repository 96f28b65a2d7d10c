#include <doctest/doctest.h>

#include "client/client_script.h"

using namespace mq;
using namespace mq::test;
using namespace std::chrono_literals;

namespace {

// subscribe() or unsubscribe() of several filters.
template <class Request>
Result<uint16_t> request(ClientScript& c, Request&& member,
                         std::initializer_list<std::string> filters, bool with_options,
                         uint32_t token = 0) {
  Buffer buffer;
  FilterListWriter writer(buffer, with_options);
  for (const std::string& filter : filters) writer.add(filter);
  return (c.session.*member)({.filters = writer.list(), .token = token});
}

Result<uint16_t> subscribe(ClientScript& c, std::initializer_list<std::string> filters,
                           uint32_t token = 0) {
  return request(c, &ClientSession::subscribe, filters, true, token);
}

Result<uint16_t> unsubscribe(ClientScript& c, std::initializer_list<std::string> filters,
                             uint32_t token = 0) {
  return request(c, &ClientSession::unsubscribe, filters, false, token);
}

}  // namespace

TEST_CASE("SUBSCRIBE carries every option of 5.0 and its properties") {
  ClientScript c(v5());
  c.connect();
  Buffer buffer;
  FilterListWriter filters(buffer, true);
  filters
      .add("a/+", {.qos = Qos::kExactlyOnce,
                   .no_local = true,
                   .retain_as_published = true,
                   .retain_handling = RetainHandling::kDoNotSend})
      .add("#", {.retain_handling = RetainHandling::kSendIfNew})
      .add("$share/g/b", {.qos = Qos::kAtLeastOnce});
  PropertyList properties;
  properties.add(PropertyId::kSubscriptionIdentifier, 300u).add_user("k", "v");
  const auto id =
      c.session.subscribe({.filters = filters.list(), .properties = properties.view(), .token = 5});
  REQUIRE(id);
  CHECK(*id == 1);
  c.expect(
      "82 24 0001 0a 0b ac02 26 0001 'k' 0001 'v'"
      "0003 'a/+' 2e 0001 '#' 10 000a '$share/g/b' 01");
  // [MQTT-2.2.1-6]
  c.send("90 06 0001 00 02 00 87").event("subscribed 5 id=1: 02 00 87");
}

TEST_CASE("SUBSCRIBE in 3.1.1 has the QoS and nothing else") {
  ClientScript c(v311());
  c.connect().subscribe("a", {.qos = Qos::kAtLeastOnce, .no_local = true}, 5);
  c.expect("82 06 0001 0001 'a' 01").send("90 03 0001 80").event("subscribed 5 id=1: 80");
}

TEST_CASE("UNSUBSCRIBE, UNSUBACK") {
  SUBCASE("5.0") {
    ClientScript c(v5());
    c.connect();
    REQUIRE(unsubscribe(c, {"a", "b"}, 4));
    c.expect("a2 09 0001 00 0001 'a' 0001 'b'");
    c.send("b0 05 0001 00 00 11").event("unsubscribed 4 id=1: 00 11");
  }
  SUBCASE("3.1.1") {
    ClientScript c(v311());
    c.connect();
    REQUIRE(unsubscribe(c, {"a"}, 4));
    c.expect("a2 05 0001 0001 'a'").send("b0 02 0001").event("unsubscribed 4 id=1: ");
  }
}

TEST_CASE("[MQTT-3.8.4-6] [MQTT-3.9.3-1] [MQTT-3.11.3-1] SUBACK and UNSUBACK: one code a filter") {
  SUBCASE("SUBACK") {
    ClientScript c(v5());
    c.connect();
    REQUIRE(subscribe(c, {"a", "b"}));
    c.skip_output().send("90 04 0001 00 00").event("error: Protocol Error");
    c.expect("e0 01 82").expect_close();
  }
  SUBCASE("UNSUBACK") {
    ClientScript c(v5());
    c.connect();
    REQUIRE(unsubscribe(c, {"a"}));
    c.skip_output().send("b0 05 0001 00 00 00").event("error: Protocol Error");
    c.expect("e0 01 82").expect_close();
  }
}

TEST_CASE("[MQTT-3.8.4-2] [MQTT-3.10.4-5] SUBACK and UNSUBACK answer what was asked") {
  const auto check_error = [](const char* ack) {
    ClientScript c(v5());
    c.connect().subscribe("a").publish("a", "", 1);
    c.skip_output().send(ack).event("error: Protocol Error").expect("e0 01 82").expect_close();
  };
  check_error("90 04 0009 00 00");  // nothing waits there
  check_error("90 04 0002 00 00");  // a PUBLISH does
  check_error("b0 04 0001 00 00");  // a SUBSCRIBE does
}

TEST_CASE("requests that the standard forbids are not sent") {
  ClientScript c(v5());
  c.connect();
  for (const char* filter : {"", "a#", "a/#/b", "a+", "\xff", "$share/g", "$share//a", "$share/+/a",
                             "$share/g/", "$share/g/a#"}) {
    CAPTURE(filter);
    const auto result = subscribe(c, {"good", filter});
    REQUIRE_FALSE(result);
    CHECK(result.error().code == ErrorCode::kInvalidArgument);
  }
  CHECK_FALSE(subscribe(c, {}));                         // [MQTT-3.8.3-2]
  CHECK_FALSE(unsubscribe(c, {}));                       // [MQTT-3.10.3-2]
  CHECK_FALSE(unsubscribe(c, {""}));                     // [MQTT-4.7.3-1]
  CHECK_FALSE(unsubscribe(c, {std::string("a\0", 2)}));  // [MQTT-4.7.3-2]

  Buffer buffer;
  FilterListWriter filters(buffer, true);
  filters.add("$share/g/a", {.no_local = true});
  CHECK_FALSE(c.session.subscribe({.filters = filters.list()}));  // [MQTT-3.8.3-4]

  PropertyList properties;
  properties.add(PropertyId::kContentType, "t");
  buffer.clear();
  filters.add("a");
  CHECK_FALSE(c.session.subscribe({.filters = filters.list(), .properties = properties.view()}));
  c.expect_nothing();
}

TEST_CASE("requests and messages share the packet identifiers [MQTT-2.2.1-3]") {
  ClientScript c(v311());
  c.connect().publish("a", "", 1, 1).subscribe("s", {}, 2).publish("a", "", 1, 3);
  c.expect("32 05 0001 'a' 0001  82 06 0002 0001 's' 00  32 05 0001 'a' 0003");
}

TEST_CASE("[MQTT-3.1.2-20] PINGREQ when nothing was sent for the keep alive time") {
  ClientOptions options = v311();
  options.keep_alive_s = 10;
  ClientScript c(options);
  c.connect();
  c.advance(9999ms).expect_nothing();
  c.advance(1ms).expect("c0 00").send("d0 00").event("pong, 0 outstanding");
  SUBCASE("every packet sent puts it off") {
    c.advance(6s);
    c.publish("a", "", 0).expect("30 03 0001 'a'");
    c.send("30 03 0001 'b'").event("message b '' qos=0");
    c.advance(9s).expect_nothing();
    c.advance(1s).expect("c0 00");
  }
  SUBCASE("packets received do not") {
    c.advance(6s);
    c.send("30 03 0001 'b'").event("message b '' qos=0");
    c.advance(4s).expect("c0 00");
  }
}

TEST_CASE("a server that says nothing while we send is asked, too") {
  ClientOptions options = v311();
  options.keep_alive_s = 10;
  ClientScript c(options);
  c.connect();
  for (int i = 0; i < 9; ++i) {
    c.advance(1s);
    c.publish("a", "", 0).expect("30 03 0001 'a'");
  }
  c.advance(1s).expect("c0 00");
}

TEST_CASE("a server that does not answer PINGREQ is given up") {
  ClientOptions options = v311();
  options.keep_alive_s = 10;
  ClientScript c(options);
  c.connect().publish("a", "x", 1);
  c.expect("32 06 0001 'a' 0001 'x'");
  c.advance(10s).expect("c0 00");
  SUBCASE("after the keep alive time") {
    c.advance(9s).expect_nothing();
    CHECK(c.session.state() == ClientSession::State::kConnected);
    c.advance(1s);
    REQUIRE(c.session.error());
    CHECK(c.session.error()->code == ErrorCode::kTimedOut);
    CHECK_FALSE(c.session.error_reason());
    c.expect_close();
    CHECK(c.session.queued() == 1);
    SUBCASE("the next connection starts with a clean slate") {
      c.connect();
      CHECK_FALSE(c.session.error());
      c.expect("32 06 0001 'a' 0001 'x'").advance(9s).expect_nothing();
    }
  }
  SUBCASE("but not while it sends anything else") {
    c.advance(9s).send("30 03 0001 'b'").event("message b '' qos=0");
    c.advance(9s).expect("c0 00");
    CHECK(c.session.state() == ClientSession::State::kConnected);
  }
}

TEST_CASE("an owner that does not read does not hold it against the server") {
  ClientOptions options = v311();
  options.keep_alive_s = 10;
  ClientScript c(options);
  c.connect().advance(10s).expect("c0 00");
  for (int i = 0; i < 10; ++i) {
    c.advance(9s).skip_output();
    c.session.excuse_silence(c.now());
  }
  CHECK(c.session.state() == ClientSession::State::kConnected);
  c.advance(20s).skip_output();
  c.expect_close();
}

TEST_CASE("with a short keep alive the answer may take at least five seconds") {
  ClientOptions options = v311();
  options.keep_alive_s = 1;
  ClientScript c(options);
  c.connect().advance(1s).expect("c0 00");
  for (int i = 0; i < 4; ++i) c.advance(1s).expect("c0 00");
  c.advance(1s).expect_close();
}

TEST_CASE("a connection that takes nothing is given up as well") {
  ClientOptions options = v311();
  options.keep_alive_s = 10;
  ClientScript c(options);
  c.connect();
  c.publish("a", "x", 0);  // and nobody produces
  const Now start = c.now();
  const auto at = [&](Duration after) { return Now{start.mono + after, start.wall}; };
  CHECK(c.session.next_deadline() == start.mono + 10s);
  c.session.tick(at(10s));
  CHECK(c.session.next_deadline() == start.mono + 20s);
  c.session.tick(at(20s));
  CHECK(c.session.error()->code == ErrorCode::kTimedOut);
  c.expect_close();
  CHECK(c.session.queued() == 1);
}

TEST_CASE("keep alive 0 is off") {
  ClientOptions options = v311();
  options.keep_alive_s = 0;
  ClientScript c(options);
  c.connect().advance(std::chrono::hours(24)).expect_nothing();
}

TEST_CASE("there is no keep alive before CONNACK") {
  ClientScript c(v311());
  c.open().skip_output();
  CHECK(c.session.next_deadline() == kNever);
}

TEST_CASE("ping() is a fence: its answer says how many are still to come") {
  ClientScript c(v311());
  c.connect();
  c.session.ping(c.now());
  c.session.ping(c.now());
  c.expect("c0 00 c0 00").send("d0 00 d0 00");
  c.event("pong, 1 outstanding").event("pong, 0 outstanding");
  c.send("d0 00").event("pong, 0 outstanding");  // one that nobody asked for
}

TEST_CASE("[MQTT-3.14.4-1] [MQTT-3.14.4-2] disconnect(): everything queued first, then nothing") {
  ClientScript c(v5());
  c.connect().publish("a", "0", 0).publish("a", "1", 1);
  c.session.disconnect();
  CHECK_FALSE(c.session.wants_close());
  c.publish("a", "late", 0);
  c.session.disconnect();  // once is enough
  c.expect("30 05 0001 'a' 00 '0'  32 07 0001 'a' 0001 00 '1'  e0 00").expect_close();
  CHECK(c.session.queued() == 2);
}

TEST_CASE("disconnect() with a reason and properties") {
  PropertyList list;
  list.add(PropertyId::kSessionExpiryInterval, 9u);
  SUBCASE("5.0") {
    ClientScript c(v5());
    c.connect();
    c.session.disconnect(ReasonCode::kDisconnectWithWill, list.view());
    c.expect("e0 07 04 05 11 00000009").expect_close();
  }
  SUBCASE("3.1.1 has neither") {
    ClientScript c(v311());
    c.connect();
    c.session.disconnect(ReasonCode::kDisconnectWithWill, list.view());
    c.expect("e0 00").expect_close();
  }
}

TEST_CASE("disconnect() before CONNACK, and without a connection") {
  ClientScript c(v311());
  c.session.disconnect();
  CHECK_FALSE(c.session.wants_close());
  c.open();
  c.session.disconnect();
  c.expect("10 0c 0004 'MQTT' 04 02 003c 0000  e0 00").expect_close();
}

TEST_CASE("an error in the middle of a large packet cannot be told to the server") {
  ClientScript c(v5());
  c.connect();
  Buffer buffer;
  FilterListWriter filters(buffer, true);
  for (int i = 0; i < 2; ++i) filters.add(std::string(60'000, 'f'));
  REQUIRE(c.session.subscribe({.filters = filters.list()}));
  OutBatch batch;
  c.session.produce(batch, c.now());
  CHECK(batch.size() == OutBatch::kScratchSize);
  const std::vector<uint8_t> bytes = wire("c0 00");
  Bytes in = bytes;
  CHECK_FALSE(c.session.receive(in, c.now()));
  c.expect_close();
}

TEST_CASE("a large SUBSCRIBE goes out in parts, and is whole") {
  ClientScript c(v311());
  c.connect().subscribe(std::string(65'535, 'f'));
  c.publish("a", "x", 0);
  c.expect("82 84 80 04 0001 ffff 66*65535 00").expect("30 04 0001 'a' 'x'");
}
