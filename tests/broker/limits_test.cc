// Every limit of BrokerOptions: at it all is well, one over is refused and counted.
#include <doctest/doctest.h>

#include "support/broker_script.h"

using namespace mq;
using namespace mq::test;
using namespace std::chrono_literals;

namespace {

constexpr Version kV311 = Version::kV311;
constexpr std::string_view kKept = "11 000003e8";

template <class T>
BrokerOptions with(T BrokerOptions::*limit, T value) {
  BrokerOptions options = quiet();
  options.*limit = value;
  return options;
}

// Memory that one message of `payload` bytes on topic "t" takes.
uint64_t memory_of(size_t payload) {
  return sizeof(Message) + 2 + 1 + 1 + payload;
}

}  // namespace

TEST_CASE("connections_max") {
  BrokerScript s(with(&BrokerOptions::connections_max, 2u));
  s["a"].connect();
  s["b"].open();
  CHECK(s.counters().limit_connections == 0);
  CHECK(s.broker().accepted(s.now()) == ConnId{});
  CHECK(s.counters().limit_connections == 1);
  s["b"].drop();
  s["c"].connect();
  CHECK(s.broker().connections() == 2);
}

TEST_CASE("a listener's connections_max") {
  BrokerScript s(quiet());
  s.listener = s.broker().add_listener({.connections_max = 1});
  s["a"].connect();
  CHECK(s.broker().accepted(s.now(), s.listener) == ConnId{});
  CHECK(s.counters().limit_listener_connections == 1);
  const ListenerId full = std::exchange(s.listener, ListenerId{0});
  s["b"].connect();
  s["a"].drop();
  s.listener = full;
  s["c"].connect();
  CHECK(s.counters().limit_listener_connections == 1);
}

TEST_CASE("payload_max") {
  BrokerScript s(with(&BrokerOptions::payload_max, 2u));
  s["a"].connect().subscribe("t");
  s["b"].connect();
  s["c"].connect({.version = kV311});
  s["b"].publish("t", "12", {.qos = 1, .id = 1}).expect("40 02 00 01");
  s["a"].expect_publish("t", "12");
  CHECK(s.counters().limit_payload == 0);
  s["b"].publish("t", "123", {.qos = 1, .id = 2}).expect("40 03 00 02 83");
  // 3.1.1 cannot be told; the message would come again with each connection.
  s["c"].publish("t", "123", {.qos = 1, .id = 2}).expect("40 02 00 02");
  s["b"].publish("t", "123");
  CHECK(s.counters().limit_payload == 3);
}

TEST_CASE("sessions_max") {
  BrokerScript s(with(&BrokerOptions::sessions_max, 2u));
  s["a"].connect({.properties = kKept}).drop();
  s["b"].connect({.properties = kKept});
  CHECK(s.counters().limit_sessions == 0);
  s["c"].hello({}).expect_refusal(0x97);
  s["d"].hello({.version = kV311}).expect("20 02 00 03").expect_close();
  CHECK(s.counters().limit_sessions == 2);
  // Those who have one may come, clean or not.
  s["a"].resume({.properties = kKept}).drop();
  s["a"].connect().drop();
  s["c"].connect();
}

TEST_CASE("retained_messages_max") {
  BrokerOptions options = with(&BrokerOptions::retained_messages_max, 2u);
  options.sys_interval = 10s;  // our own topics do not count
  BrokerScript s(options);
  s["a"].connect();
  s["b"].connect().subscribe("#");
  s["a"].publish("1", "x", {.qos = 1, .id = 1, .retain = true}).expect("40 02 0001");
  s["a"].publish("2", "x", {.qos = 1, .id = 1, .retain = true}).expect("40 02 0001");
  s["b"].expect_publish("1", "x").expect_publish("2", "x");
  CHECK(s.counters().limit_retained == 0);
  s["a"].publish("3", "x", {.qos = 1, .id = 1, .retain = true}).expect("40 03 0001 97");
  CHECK(s.counters().limit_retained == 1);
  s["b"].expect_nothing();
  s["a"].publish("2", "y", {.qos = 1, .id = 1, .retain = true}).expect("40 02 0001");  // replaces
  s["a"].publish("1", "", {.qos = 1, .id = 1, .retain = true}).expect("40 02 0001");   // removes
  s["a"].publish("3", "x", {.qos = 1, .id = 1, .retain = true}).expect("40 02 0001");
  s["b"].skip_output();
  // A 3.1.1 client cannot be told, so it is closed.
  s["c"]
      .connect({.version = kV311})
      .publish("4", "x", {.qos = 1, .id = 1, .retain = true})
      .expect_close();
}

TEST_CASE("retained_bytes_max") {
  BrokerScript s(with(&BrokerOptions::retained_bytes_max, 2 * memory_of(100)));
  const std::string hundred(100, 'x');
  s["a"].connect();
  for (const char* topic : {"1", "2"}) {
    s["a"].publish(topic, hundred, {.qos = 1, .id = 1, .retain = true}).expect("40 03 0001 10");
  }
  CHECK(s.counters().limit_retained == 0);
  s["a"].publish("3", "", {.qos = 1, .id = 1, .retain = true}).expect("40 03 0001 10");
  s["a"].publish("3", "x", {.qos = 1, .id = 1, .retain = true}).expect("40 03 0001 97");
  s["a"].publish("2", hundred + "x", {.qos = 1, .id = 1, .retain = true}).expect("40 03 0001 97");
  s["a"].publish("2", hundred, {.qos = 1, .id = 1, .retain = true}).expect("40 03 0001 10");
  CHECK(s.counters().limit_retained == 2);
}

TEST_CASE("message_bytes_max") {
  const std::string hundred(100, 'x');
  // What one more message may take is known to within a few bytes: the property length.
  BrokerScript s(with(&BrokerOptions::message_bytes_max, 2 * memory_of(100) + 8));
  s["b"].connect({.properties = kKept}).subscribe("t", 1).drop();
  s["a"].connect();
  for (int i = 0; i < 2; ++i)
    s["a"].publish("t", hundred, {.qos = 1, .id = 1}).expect("40 02 0001");
  CHECK(s.counters().limit_message_bytes == 0);
  s["a"].publish("t", "x", {.qos = 1, .id = 1}).expect("40 03 0001 97");
  CHECK(s.counters().limit_message_bytes == 1);
  s["c"].connect({.version = kV311}).publish("t", "x", {.qos = 1, .id = 1}).expect_close();
  s["b"].resume().expect_publish("t", hundred, {.qos = 1, .id = 1});
  s["b"].expect_publish("t", hundred, {.qos = 1, .id = 2}).send("40 02 0001");
  s["a"].publish("t", "x", {.qos = 1, .id = 1}).expect("40 02 0001");
  s["b"].expect_publish("t", "x", {.qos = 1, .id = 3});
}

TEST_CASE("packet_max: exact to the byte, by the header alone") {
  BrokerScript s(with(&BrokerOptions::packet_max, 1000u));
  const std::string_view connack = "20 0b 00 00 08 22 ffff 27 000003e8";
  s["b"].hello({}).expect(connack).subscribe("t");
  s["a"].hello({}).expect(connack);
  const std::string fits(1000 - 3 - 3 - 1, 'x');  // fixed header, topic, property length
  s["a"].publish("t", fits);
  s["b"].expect_publish("t", fits);
  s["a"].publish("t", fits + "x").expect_disconnect(0x95);
  CHECK(s.counters().limit_packet == 1);
  // It does not have to come: the header is enough.
  s["a"].hello({}).expect(connack).send("30 ffffff7f").expect_disconnect(0x95);
  s["c"].connect({.version = kV311}).send("30 ffffff7f").expect_close();
  CHECK(s.counters().limit_packet == 3);
}

TEST_CASE("a CONNECT is limited before anybody knows who it is from") {
  BrokerScript s;
  const std::string large(65'535, 'x');
  s["a"].connect({.client_id = large, .user_name = large, .password = large});
  // 512 KiB are more than all strings of a CONNECT; user properties could have no end.
  s["b"].open().send("10 fbff1f").expect_nothing();  // 524,283 and the header of 4 bytes: one under
  s["c"].open().send("10 fdff1f").expect_close();
  CHECK(s.counters().limit_packet == 1);
}

TEST_CASE("queued_messages_max: of a client that is away") {
  BrokerScript s(with(&BrokerOptions::queued_messages_max, 3u));
  s["b"].connect({.properties = kKept}).subscribe("t", 1).drop();
  s["a"].connect();
  for (const char* payload : {"1", "2", "3"})
    s["a"].publish("t", payload, {.qos = 1, .id = 1}).expect("40 02 0001");
  CHECK(s.counters().limit_queued_messages == 0);
  CHECK(s.counters().publishes_dropped == 0);
  s["a"].publish("t", "4", {.qos = 1, .id = 1}).expect("40 02 0001");
  CHECK(s.counters().limit_queued_messages == 1);
  CHECK(s.counters().publishes_dropped == 1);
  s["b"].resume();
  for (uint16_t id = 1; id <= 3; ++id)
    s["b"].expect_publish("t", std::to_string(id), {.qos = 1, .id = id});
  s["b"].expect_nothing().send("40 02 0001");
  s["a"].publish("t", "5", {.qos = 1, .id = 1}).expect("40 02 0001");
  s["b"].expect_publish("t", "5", {.qos = 1, .id = 4});
}

TEST_CASE("[MQTT-3.3.2-5] queued_messages_max: what has expired in the queue makes room") {
  BrokerScript s(with(&BrokerOptions::queued_messages_max, 3u));
  const Hello hello{.properties = "11 000003e8 21 0001"};
  s["a"].connect();
  s["b"].connect(hello).subscribe("t", 1);
  const auto publish = [&s](const char* payload, std::string_view properties) {
    s["a"].publish("t", payload, {.qos = 1, .id = 1, .properties = properties});
    s["a"].expect("40 02 0001");
  };
  publish("1", "");
  s["b"].expect_publish("t", "1", {.qos = 1, .id = 1}).drop();
  publish("2", "02 0000000a");
  publish("3", "02 0000000a");
  publish("4", "");  // one too many
  CHECK(s.counters().limit_queued_messages == 1);
  s.advance(11s);
  publish("5", "");
  publish("6", "02 0000000a");
  publish("7", "");
  CHECK(s.counters().limit_queued_messages == 2);
  CHECK(s.counters().publishes_dropped == 2);
  s["b"].resume(hello).expect_publish("t", "1", {.qos = 1, .id = 1, .dup = true});
  s["b"].send("40 02 0001").expect_publish("t", "5", {.qos = 1, .id = 4});
  s.advance(11s);
  publish("8", "");
  s["b"].send("40 02 0004").expect_publish("t", "8", {.qos = 1, .id = 6}).expect_nothing();
}

TEST_CASE("queued_messages_max: of a client that does not read, at QoS 0") {
  BrokerScript s(with(&BrokerOptions::queued_messages_max, 3u));
  s["b"].connect().subscribe("t", 1).stop_reading();
  s["a"].connect();
  for (const char* payload : {"1", "2", "3", "4", "5"}) s["a"].publish("t", payload);
  CHECK(s.counters().limit_queued_messages == 2);
  CHECK(s.counters().publishes_dropped == 2);
  s["b"].read_again().expect_publish("t", "1").expect_publish("t", "2").expect_publish("t", "3");
  s["a"].publish("t", "6");
  s["b"].expect_publish("t", "6");
}

TEST_CASE("queued_messages_max: a client that reads and acknowledges nothing") {
  BrokerScript s(with(&BrokerOptions::queued_messages_max, 3u));
  s["b"].connect().subscribe("t", 2);
  s["a"].connect();
  for (uint16_t id = 1; id <= 3; ++id) {
    s["a"].publish("t", "x", {.qos = 1, .id = 1}).expect("40 02 0001");
    s["b"].expect_publish("t", "x", {.qos = 1, .id = id});
  }
  s["a"].publish("t", "y", {.qos = 1, .id = 1}).expect("40 02 0001");
  s["b"].expect_nothing();
  CHECK(s.counters().limit_queued_messages == 1);
}

TEST_CASE("queued_bytes_max, and one message passes whatever its size") {
  BrokerScript s(with(&BrokerOptions::queued_bytes_max, 2 * memory_of(100)));
  const std::string hundred(100, 'x');
  s["b"].connect({.properties = kKept}).subscribe("t", 1).drop();
  s["a"].connect();
  for (int i = 0; i < 2; ++i)
    s["a"].publish("t", hundred, {.qos = 1, .id = 1}).expect("40 02 0001");
  CHECK(s.counters().limit_queued_bytes == 0);
  s["a"].publish("t", "", {.qos = 1, .id = 1}).expect("40 02 0001");
  CHECK(s.counters().limit_queued_bytes == 1);
  CHECK(s.counters().publishes_dropped == 1);
  s["b"]
      .resume()
      .expect_publish("t", hundred, {.qos = 1, .id = 1})
      .expect_publish("t", hundred, {.qos = 1, .id = 2});
  s["b"].send("40 02 0001 40 02 0002");
  const std::string large(100'000, 'y');
  s["a"].publish("t", large, {.qos = 1, .id = 1}).expect("40 02 0001");
  s["b"].expect_publish("t", large, {.qos = 1, .id = 3});
}

TEST_CASE("retained messages stop at the queue's limit, too") {
  BrokerScript s(with(&BrokerOptions::queued_messages_max, 3u));
  s["a"].connect();
  for (const char* topic : {"t/1", "t/2", "t/3", "t/4", "t/5"}) {
    s["a"].publish(topic, "x", {.qos = 1, .id = 1, .retain = true}).skip_output();
  }
  s["b"].connect().subscribe("t/#", 1);  // all of them: the limit is on what waits before
  for (int i = 0; i < 5; ++i) CHECK(s["b"].take_packet().size() == 11);
  s["b"].subscribe("t/#", 1).expect_nothing();
  CHECK(s.counters().limit_queued_messages == 1);
  CHECK(s.counters().publishes_dropped == 5);
}

TEST_CASE("subscriptions_max") {
  BrokerScript s(with(&BrokerOptions::subscriptions_max, 2u));
  s["a"].connect().subscribe("1").subscribe("$share/g/2");
  CHECK(s.counters().limit_subscriptions == 0);
  s["a"].send(subscribe_packet(Version::kV5, 1, "3", 0)).expect("90 04 0001 00 97");
  CHECK(s.counters().limit_subscriptions == 1);
  s["a"].subscribe("1", 1).subscribe("$share/g/2", 1);  // replaces
  s["a"].send(subscribe_packet(Version::kV5, 1, "2", 0)).expect("90 04 0001 00 97");
  s["a"].unsubscribe("1").subscribe("3");
  s["b"].connect({.version = kV311}).subscribe("1").subscribe("2");
  s["b"].send(subscribe_packet(kV311, 1, "3", 0)).expect("90 03 0001 80");
}

TEST_CASE("topic_levels_max") {
  BrokerScript s(with(&BrokerOptions::topic_levels_max, 3u));
  s["a"].connect().subscribe("a/b/c").subscribe("$share/g/a/b/c");
  s["a"].publish("a/b/c", "x", {.qos = 1, .id = 1}).skip_output();
  CHECK(s.counters().limit_topic_levels == 0);
  s["a"].publish("a/b/c/d", "x", {.qos = 1, .id = 1}).expect("40 03 0001 90");
  s["a"].publish("a/b/c/", "x", {.qos = 2, .id = 2}).expect("50 03 0002 90");
  s["a"].send(subscribe_packet(Version::kV5, 1, "a/b/c/#", 0)).expect("90 04 0001 00 8f");
  s["b"].hello({.will = WillOf{"a/b/c/d", "x"}}).expect_refusal(0x90);
  CHECK(s.counters().limit_topic_levels == 4);
  s["c"].connect({.will = WillOf{"a/b/c", "x"}});
  s["d"].connect({.version = kV311}).publish("a/b/c/d", "x", {.qos = 1, .id = 1}).expect_close();
  s["d"]
      .connect({.version = kV311})
      .send(subscribe_packet(kV311, 1, "a/b/c/d", 0))
      .expect("90 03 0001 80");
}

TEST_CASE("two hundred levels are the default, and cost no stack") {
  BrokerScript s;
  std::string topic = "a";
  for (int i = 1; i < 200; ++i) topic += "/a";
  std::string filter = "+";
  for (int i = 1; i < 200; ++i) filter += "/+";
  s["a"]
      .connect()
      .subscribe(filter)
      .publish(topic, "x", {.retain = true})
      .expect_publish(topic, "x");
  s["a"].subscribe(filter).expect_publish(topic, "x", {.retain = true});
  s["a"].publish(topic + "/a", "x", {.qos = 1, .id = 1}).expect("40 03 0001 90");
}

TEST_CASE("connect_timeout") {
  BrokerScript s(with(&BrokerOptions::connect_timeout, Duration(3s)));
  s["a"].open();
  s["b"].open().send("10 0d 0004 'MQTT' 05 02");
  s["c"].open();
  s.advance(2'999ms);
  s["c"].send(connect_packet("c", {})).expect("20 06 00 00 03 22 ffff");
  s["a"].expect_nothing();
  s["b"].send("00").expect_nothing();  // a byte now and then does not help
  CHECK(s.counters().limit_connect_timeout == 0);
  s.advance(1ms);
  s["a"].expect_close();
  s["b"].expect_close();
  CHECK(s.counters().limit_connect_timeout == 2);
  s.advance(60s);
  s["c"].expect_nothing();
}

TEST_CASE("inbound topic aliases: all that CONNACK offers, as long as their topics fit") {
  BrokerScript s;
  s["a"].connect();
  std::vector<uint8_t> packets;
  for (int alias = 1; alias <= 65'535; ++alias) {
    const std::string topic = "t/" + std::to_string(alias);
    const uint8_t property[] = {0x23, static_cast<uint8_t>(alias >> 8),
                                static_cast<uint8_t>(alias)};
    packets.insert(packets.end(), {0x30, static_cast<uint8_t>(2 + topic.size() + 4), 0,
                                   static_cast<uint8_t>(topic.size())});
    packets.insert(packets.end(), topic.begin(), topic.end());
    packets.insert(packets.end(), {3, property[0], property[1], property[2]});
  }
  s["a"].send(packets).expect_nothing();
  CHECK(s.counters().limit_alias_bytes == 0);
  // A megabyte of them, and a little more, ends the connection.
  s["b"].connect();
  const std::string large(65'000, 't');
  for (int alias = 1; alias <= 16; ++alias) {
    s["b"].publish(large, "x",
                   {.properties = alias < 10 ? "23 000" + std::to_string(alias)
                                             : "23 00" + std::to_string(alias)});
  }
  s["b"].expect_nothing();
  s["b"].publish(large, "x", {.properties = "23 0099"}).expect_disconnect(0x97);
  CHECK(s.counters().limit_alias_bytes == 1);
}

TEST_CASE("outbound topic aliases take a megabyte of topics at most") {
  BrokerScript s;
  s["a"].connect();
  s["b"].connect({.properties = "22 ffff"}).subscribe("#");
  size_t with_alias = 0;
  for (char c = 'a'; c < 'a' + 20; ++c) {
    const std::string topic(65'000, c);
    s["a"].publish(topic, "x");
    if (s["b"].take_packet().size() == 4 + 2 + topic.size() + 4 + 1) ++with_alias;
  }
  CHECK(with_alias == 16);
}

TEST_CASE("garbage takes no memory: closed at its first byte, or at a length that is too long") {
  BrokerScript s;
  for (int byte = 0; byte < 256; ++byte) {
    if (byte == 0x10) continue;
    s["a"].open().send(std::vector<uint8_t>(1000, static_cast<uint8_t>(byte))).expect_close();
  }
  s["a"].open().send("10 ff ff ff ff 01").expect_close();
  s["a"].open().send("10 ffffff7f").expect_close();
}

TEST_CASE("a client that asks and never reads is paused") {
  BrokerScript s;
  s["a"].connect().stop_reading();
  CHECK(!s.broker().wants_pause(s["a"].id()));
  std::vector<uint8_t> pings;
  for (int i = 0; i < 100'000; ++i) pings.insert(pings.end(), {0xC0, 0x00});
  s["a"].send(pings);
  CHECK(s.broker().wants_pause(s["a"].id()));
  s["a"].read_again();
  CHECK(!s.broker().wants_pause(s["a"].id()));
  CHECK(s["a"].output().size() == 200'000);
  s["a"].skip_output();
}

TEST_CASE("inflight_bytes_max: more is sent when some of it is acknowledged; one passes always") {
  BrokerScript s(with(&BrokerOptions::inflight_bytes_max, 2 * memory_of(100)));
  const std::string hundred(100, 'x');
  s["b"].connect().subscribe("t", 2);
  s["a"].connect();
  for (int i = 0; i < 4; ++i) s["a"].publish("t", hundred, {.qos = 1, .id = 1}).skip_output();
  s["b"].expect_publish("t", hundred, {.qos = 1, .id = 1});
  s["b"].expect_publish("t", hundred, {.qos = 1, .id = 2}).expect_nothing();
  s["b"].send("40 02 0001").expect_publish("t", hundred, {.qos = 1, .id = 3});
  s["b"].send("40 02 0002 40 02 0003").expect_publish("t", hundred, {.qos = 1, .id = 4});
  s["b"].send("40 02 0004").expect_nothing();
  // Of QoS 2 the message is done with at PUBREC.
  const std::string large(1000, 'y');
  for (uint16_t id = 1; id <= 2; ++id) {
    s["a"].publish("t", large, {.qos = 2, .id = id}).skip_output();
  }
  s["b"].expect_publish("t", large, {.qos = 2, .id = 5}).expect_nothing();
  s["b"].send("50 02 0005").expect("62 02 0005");
  s["b"].expect_publish("t", large, {.qos = 2, .id = 6}).send("70 02 0005").drop();
}

TEST_CASE("inflight_bytes_max: a new connection begins with nothing in flight") {
  BrokerScript s(with(&BrokerOptions::inflight_bytes_max, uint64_t{1}));
  s["b"].connect({.properties = kKept}).subscribe("t", 1);
  s["a"].connect();
  for (int i = 0; i < 2; ++i) s["a"].publish("t", "x", {.qos = 1, .id = 1}).skip_output();
  s["b"].expect_publish("t", "x", {.qos = 1, .id = 1}).drop();
  s["b"].resume({.properties = kKept});
  s["b"].expect_publish("t", "x", {.qos = 1, .id = 1, .dup = true}).expect_nothing();
  s["b"].send("40 02 0001").expect_publish("t", "x", {.qos = 1, .id = 2});
}
