// What the broker asks its AccessControl, and what it does with answers that take their time.
#include <doctest/doctest.h>

#include "support/broker_script.h"

using namespace mq;
using namespace mq::test;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view kKept = "11 000003e8";
constexpr Version kV311 = Version::kV311;

}  // namespace

TEST_CASE("an answer that takes its time: nothing is sent and nothing is read meanwhile") {
  BrokerScript s;
  s.access.takes_time = true;
  s["a"].hello({}).expect_nothing();
  CHECK(s.broker().wants_pause(s["a"].id()));
  s.broker().authenticated(s["a"].id(), ReasonCode::kSuccess, s.now());
  CHECK(!s.broker().wants_pause(s["a"].id()));
  s.turn();
  s["a"].expect("20 06 00 00 03 22 ffff");
  s["a"].send("c0 00").expect("d0 00");
}

TEST_CASE("what a client sends behind its CONNECT waits for the answer") {
  BrokerScript s;
  s.access.takes_time = true;
  std::vector<uint8_t> bytes = connect_packet("a", {});
  for (const auto& more : {subscribe_packet(Version::kV5, 1, "t", 0),
                           publish_packet(Version::kV5, "t", "x", {})}) {
    bytes.insert(bytes.end(), more.begin(), more.end());
  }
  s["a"].open().send(bytes).expect_nothing();
  s.broker().authenticated(s["a"].id(), ReasonCode::kSuccess, s.now());
  s.turn();
  s["a"].expect("20 06 00 00 03 22 ffff").expect("90 04 0001 00 00").expect_publish("t", "x");
}

TEST_CASE("a refusal that took its time: nothing behind the CONNECT is processed") {
  BrokerScript s;
  s["watch"].connect().subscribe("#");
  s.access.takes_time = true;
  std::vector<uint8_t> bytes = connect_packet("a", {.version = kV311});
  const auto more = publish_packet(kV311, "t", "x", {});
  bytes.insert(bytes.end(), more.begin(), more.end());
  s["a"].open().send(bytes);
  s.broker().authenticated(s["a"].id(), ReasonCode::kNotAuthorized, s.now());
  s.turn();
  s["a"].expect("20 02 00 05").expect_close();
  s["watch"].expect_nothing();
}

TEST_CASE("who goes before the answer, or runs out of time, is forgotten") {
  BrokerScript s;
  s.access.takes_time = true;
  s["a"].hello({});
  const ConnId gone = s["a"].id();
  s["a"].drop();
  s.broker().authenticated(gone, ReasonCode::kSuccess, s.now());
  s["b"].hello({});
  const ConnId late = s["b"].id();
  s.advance(10s);
  s["b"].expect_close();
  s.broker().authenticated(late, ReasonCode::kSuccess, s.now());
  CHECK(s.broker().sessions() == 0);
  CHECK(s.counters().limit_connect_timeout == 1);
}

TEST_CASE("what a client may not read is not delivered to it, live, shared, retained or late") {
  BrokerScript s;
  s.access.restrict_reading();
  s.access.unreadable = {{"a", "t"}};
  s["a"].connect({.properties = kKept}).subscribe("#", 1);
  s["b"].connect().subscribe("#", 1);
  s["c"].connect();
  s["c"].publish("t", "x");
  s["b"].expect_publish("t", "x");
  s["a"].expect_nothing();
  s["c"].publish("u", "y");
  s["a"].expect_publish("u", "y");
  s["b"].expect_publish("u", "y");
  // A retained message that is there already.
  s["c"].publish("t", "r", {.retain = true});
  s["b"].expect_publish("t", "r");
  s["a"].subscribe("t").expect_nothing();
  // The rule changes: so does what is replayed.
  s.access.unreadable.clear();
  s["a"].subscribe("t");
  s["a"].expect_publish("t", "r", {.retain = true});
  s.access.unreadable = {{"a", "t"}};
  s["a"].unsubscribe("#").unsubscribe("t").subscribe("$share/g/t").expect_nothing();
  s["c"].publish("t", "z");
  s["b"].expect_publish("t", "z");
  s["a"].expect_nothing();
  // Nothing of it waits for a client that is away.
  s["a"].subscribe("t", 1).drop();
  s["c"].publish("t", "q", {.qos = 1, .id = 1}).expect("40 02 0001");
  s["b"].expect_publish("t", "q", {.qos = 1, .id = 1}).send("40 02 0001");
  s["a"].resume({.clean = false, .properties = kKept}).expect_nothing();
}

TEST_CASE("a right that is lost while a message waits") {
  BrokerScript s;
  s["a"].connect({.properties = kKept}).subscribe("#", 1).drop();
  s["b"].connect();
  s["b"].publish("t", "x", {.qos = 1, .id = 1}).expect("40 02 0001");
  s["b"].publish("u", "y", {.qos = 1, .id = 2}).expect("40 02 0002");
  s.access.restrict_reading();
  s.access.unreadable = {{"a", "t"}};
  s["a"].resume({.clean = false, .properties = kKept});
  s["a"].expect_publish("u", "y", {.qos = 1, .id = 2}).send("40 02 0002");
  CHECK(s.counters().publishes_dropped == 1);
}

TEST_CASE("options change under connected clients, but for what they were told") {
  BrokerScript s;
  s.listener = s.broker().add_listener({});
  s["a"].connect().subscribe("t");
  BrokerOptions options = quiet();
  options.subscriptions_max = 1;
  options.receive_maximum = 1;
  options.retain_available = false;
  options.topic_alias_maximum = 0;
  s.broker().set_options(options);
  s.broker().set_listener(s.listener, {.accept_v311 = false, .qos_max = Qos::kAtMostOnce});
  s["a"].send("82 07 0001 00 0001 'u' 00").expect("90 04 0001 00 97");
  s["a"].publish("t", "x", {.qos = 2, .id = 1, .properties = "23 0001"});
  s["a"].expect_publish("t", "x").expect("50 02 0001");
  s["a"].publish("r", "x", {.qos = 2, .id = 2, .retain = true}).expect("50 03 0002 10");
  s["b"].hello({.version = kV311}).expect("20 02 00 01").expect_close();
}

TEST_CASE("a will that has lost its right since CONNECT is not published") {
  BrokerScript s;
  s["a"].connect({.will = WillOf{"w", "x"}});
  s["b"].connect().subscribe("#");
  s.access.unpublishable.insert("w");
  s["a"].drop();
  s["b"].expect_nothing();
}

TEST_CASE("a topic alias is no way around a right that was lost") {
  BrokerScript s;
  s["a"].connect();
  s["b"].connect().subscribe("#");
  s["a"].publish("t", "x", {.properties = "23 0001"});
  s["b"].expect_publish("t", "x");
  s.access.unpublishable.insert("t");
  s["a"].publish("", "y", {.qos = 1, .id = 1, .properties = "23 0001"});
  s["a"].expect("40 03 0001 87");
  s["b"].expect_nothing();
}

TEST_CASE(
    "a right that is lost under a subscription: live messages and a new one for the same filter") {
  BrokerScript s;
  s["a"].connect().subscribe("t", 1);
  s["b"].connect();
  s["b"].publish("t", "1");
  s["a"].expect_publish("t", "1");
  s.access.restrict_reading();
  s.access.unreadable = {{"a", "t"}};
  s.access.unsubscribable.insert("t");
  for (const int qos : {0, 1, 2}) {
    s["b"].publish("t", "2", {.qos = qos, .id = static_cast<uint16_t>(qos == 0 ? 0 : qos)});
  }
  s["b"].skip_output();
  s["a"].expect_nothing();
  s["a"].send("82 07 0001 00 0001 't' 01").expect("90 04 0001 00 87");
  s["b"].publish("t", "3");
  s["a"].expect_nothing();
}

TEST_CASE("a message that is denied sets no topic alias") {
  BrokerScript s;
  s.access.restrict_reading();
  const Hello aliases{.clean = false, .properties = "22 0005 11 000003e8"};
  s["a"].connect(aliases).subscribe("#", 1);
  s["a"].drop();
  s["b"].connect();
  s["b"].publish("t", "1", {.qos = 1, .id = 1}).expect("40 02 0001");
  s.access.unreadable = {{"a", "t"}};
  s["a"].resume(aliases).expect_nothing();
  s.access.unreadable = {};
  // The first one that it may read has topic and alias.
  s["b"].publish("t", "2", {.qos = 1, .id = 2}).expect("40 02 0002");
  s["a"].expect_publish("t", "2", {.qos = 1, .id = 2, .properties = "23 0001"});
}

TEST_CASE("identifiers: a prefix for all, or the user name instead") {
  BrokerOptions options = quiet();
  options.client_id_prefix = "dev-";
  BrokerScript s(options);
  s["x"].hello({.client_id = "x"}).expect_refusal(0x87);
  s["dev-1"].connect();
  BrokerScript names;
  names.listener = names.broker().add_listener({.user_name_as_id = true});
  names["one"].connect({.user_name = "alice"});
  names["two"].connect({.user_name = "alice"});
  names["one"].expect_disconnect(0x8E);  // it is the same client
  names["three"].hello({}).expect_refusal(0x87);
  CHECK(names.broker().sessions() == 1);
}

TEST_CASE("a name that the transport has proved: no password is asked for, CONNECT's is not it") {
  BrokerScript s;
  s.access.passwords["alice"] = "secret";
  s["a"].open();
  s.broker().prove_name(s["a"].id(), "alice");
  s["a"]
      .send(connect_packet("a", {.user_name = "bob", .password = "wrong"}))
      .expect("20 06 00 00 03 22 ffff");
  s["a"].publish("t", "x");
  CHECK(s.access.last_user == "alice");
  s["b"].hello({.user_name = "alice", .password = "wrong"}).expect_refusal(0x86);
}

TEST_CASE("who should have proved a name and has not is refused, whatever CONNECT says") {
  BrokerScript s;
  for (const Version version : {Version::kV5, kV311}) {
    Peer& peer = s["a" + std::to_string(static_cast<int>(version))];
    peer.open();
    s.broker().prove_name(peer.id(), "");
    peer.send(connect_packet("a", {.version = version, .user_name = "alice"}));
    const std::vector<uint8_t> answer = peer.take_packet();
    CHECK(answer[3] == (version == Version::kV5 ? 0x86 : 0x04));
    peer.expect_close();
  }
}

TEST_CASE("a proven name is the client identifier where user names are") {
  BrokerScript s;
  s.listener = s.broker().add_listener({.user_name_as_id = true});
  s["a"].open();
  s.broker().prove_name(s["a"].id(), "alice");
  s["a"].send(connect_packet("x", {.properties = kKept, .user_name = "bob"}));
  s["a"].expect("20 06 00 00 03 22 ffff");
  s.listener = 0;
  s["b"].resume({.client_id = "alice"});  // takes it over
  s["a"].expect_disconnect(0x8E);
}
