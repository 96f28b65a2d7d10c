// Wills: when they are published, and when not.
#include <doctest/doctest.h>

#include "support/broker_script.h"

using namespace mq;
using namespace mq::test;
using namespace std::chrono_literals;

namespace {

constexpr Version kV311 = Version::kV311;
constexpr WillOf kWill{"w", "gone"};
constexpr WillOf kLater{.topic = "w", .payload = "gone", .properties = "18 0000000a"};  // in 10 s
constexpr std::string_view kKept = "11 000003e8";
constexpr std::string_view kMinute = "11 0000003c";

// A script with somebody who reads wills.
struct Wills : BrokerScript {
  explicit Wills(const BrokerOptions& options = quiet()) : BrokerScript(options) {
    (*this)["watch"].connect().subscribe("w", 2);
  }
  void expect_will(Where where = Where::here()) {
    (*this)["watch"].expect_publish("w", "gone", {}, where);
  }
  void expect_none(Where where = Where::here()) { (*this)["watch"].expect_nothing(where); }
};

}  // namespace

TEST_CASE(
    "[MQTT-3.1.2-7] [MQTT-3.1.2-8] 3.1.1 [MQTT-3.1.2-8] a will is published when the network "
    "fails") {
  Wills s;
  for (const Version version : {Version::kV5, kV311}) {
    s["a"].connect({.version = version, .will = kWill});
    s.expect_none();
    s["a"].drop();
    s.expect_will();
  }
}

TEST_CASE("a will is published after a protocol error, a keep alive timeout and a takeover") {
  Wills s;
  s["a"].connect({.will = kWill}).send("00 00").expect_disconnect(0x81);
  s.expect_will();
  s["a"].connect({.keep_alive_s = 2, .will = kWill});
  s.advance(4s);
  s["a"].expect_disconnect(0x8D);
  s.expect_will();
  s["a"].connect({.will = kWill});
  s["b"].connect({.client_id = "a"});
  s["a"].expect_disconnect(0x8E);
  s.expect_will();
}

TEST_CASE(
    "[MQTT-3.14.4-3] [MQTT-3.1.2-10] 3.1.1 [MQTT-3.14.4-2] 3.1.1 [MQTT-3.1.2-10] DISCONNECT 0x00 "
    "discards the will") {
  Wills s;
  for (const Version version : {Version::kV5, kV311}) {
    s["a"].connect({.version = version, .will = kWill}).send("e0 00").expect_close();
    s.expect_none();
  }
  s["a"].connect({.will = kWill}).send("e0 01 00").expect_close();
  s["a"].connect({.properties = kMinute, .will = kLater}).disconnect();
  s.advance(100s);
  s.expect_none();
}

TEST_CASE("DISCONNECT 0x04 and every error code publish the will") {
  Wills s;
  for (const char* packet : {"e0 01 04", "e0 01 80", "e0 01 93"}) {
    s["a"].connect({.will = kWill}).send(packet).expect_close();
    s.expect_will();
  }
}

TEST_CASE("3.1.1 [MQTT-3.1.2-12] no will, no message") {
  BrokerScript s;
  s["watch"].connect().subscribe("#");
  s["a"].connect({.version = kV311}).drop();
  s["watch"].expect_nothing();
}

TEST_CASE("[MQTT-3.1.2-10] 3.1.1 [MQTT-3.1.2-10] a will is published once") {
  Wills s;
  s["a"].connect({.properties = kKept, .will = kWill}).drop();
  s.expect_will();
  s["a"].resume({.properties = kMinute}).drop();
  s.advance(100s);
  s.expect_none();
}

TEST_CASE(
    "[MQTT-3.1.2-14] [MQTT-3.1.2-15] 3.1.1 [MQTT-3.1.2-16] 3.1.1 [MQTT-3.1.2-17] a will is "
    "retained when it says so") {
  for (const Version version : {Version::kV5, kV311}) {
    BrokerScript s;
    s["a"].connect({.version = version, .will = WillOf{.topic = "w", .payload = "no"}}).drop();
    s["b"].connect().subscribe("w").expect_nothing();
    s["a"]
        .connect(
            {.version = version, .will = WillOf{.topic = "w", .payload = "yes", .retain = true}})
        .drop();
    s["b"].expect_publish("w", "yes");
    s["c"].connect().subscribe("w").expect_publish("w", "yes", {.retain = true});
    // An empty one clears.
    s["a"]
        .connect({.version = version, .will = WillOf{.topic = "w", .payload = "", .retain = true}})
        .drop();
    s["b"].skip_output();
    s["c"].skip_output();
    CHECK(s.broker().retained_messages() == 0);
  }
}

TEST_CASE("[MQTT-3.1.2-12] a will has its QoS") {
  Wills s;
  for (const int qos : {0, 1, 2}) {
    s["a"].connect({.will = WillOf{"w", "gone", qos}}).drop();
    s["watch"].expect_publish("w", "gone", {.qos = qos, .id = static_cast<uint16_t>(qos)});
  }
}

TEST_CASE(
    "will properties are published, the delay is not; the expiry counts from the publication") {
  Wills s;
  s["a"].connect({.properties = kKept,
                  .will = WillOf{"w", "gone", 0, false,
                                 "01 01 18 0000000a 02 00000014 26 0001 'k' 0001 'v'"}});
  s.advance(100s);
  s["a"].drop();
  s.advance(11s);
  s["watch"].expect_publish("w", "gone", {.properties = "01 01 02 00000014 26 0001 'k' 0001 'v'"});
}

TEST_CASE("[MQTT-3.1.2-8] Will Delay Interval: after it, if nobody came back") {
  Wills s;
  s["a"].connect({.properties = kKept, .will = kLater}).drop();
  s.advance(9'999ms);
  s.expect_none();
  s.advance(2ms);
  s.expect_will();
}

TEST_CASE("[MQTT-3.1.2-8] or at the session's end, whichever is first") {
  Wills s;
  // No Session Expiry Interval: the session ends with the connection.
  s["a"].connect({.will = kLater}).drop();
  s.expect_will();
  s["a"].connect({.properties = "11 00000005", .will = kLater}).drop();
  s.advance(4'999ms);
  s.expect_none();
  s.advance(2ms);
  s.expect_will();
  s.advance(60s);
  s.expect_none();
  // DISCONNECT 0x04 that also ends the session.
  s["a"]
      .connect({.properties = kKept, .will = kLater})
      .send("e0 07 04 05 11 00000000")
      .expect_close();
  s.expect_will();
  CHECK(s.broker().sessions() == 1);
}

TEST_CASE("[MQTT-3.1.3-9] who comes back within the delay has no will to be published") {
  Wills s;
  s["a"].connect({.properties = kKept, .will = kLater}).drop();
  s.advance(9s);
  s["a"].resume({.properties = kKept});
  s.advance(60s);
  s.expect_none();
  s["a"].drop();
  s.advance(60s);
  s.expect_none();
}

TEST_CASE("who comes back after the delay finds the will published, also when the timer is late") {
  Wills s;
  s["a"].connect({.properties = kKept, .will = kLater}).drop();
  s.oversleep(11s);
  s["a"].resume({.properties = kKept});
  s.expect_will();
}

TEST_CASE("a new connection brings its own will") {
  Wills s;
  s["a"].connect({.properties = kKept, .will = kLater}).drop();
  s["a"].resume({.properties = kKept, .will = WillOf{"w", "new", 0}}).drop();
  s["watch"].expect_publish("w", "new");
  s.advance(60s);
  s.expect_none();
}

TEST_CASE("a clean start within the delay ends the session and so publishes its will") {
  Wills s;
  s["a"].connect({.properties = kKept, .will = kLater}).drop();
  s.expect_none();
  s["a"].connect();
  s.expect_will();
}

TEST_CASE("takeover: without a delay the will is published, with one only when the session ends") {
  Wills s;
  const auto take_over = [&s](const Hello& first, bool clean) {
    s["first"].connect(first);
    Hello hello{.properties = kKept, .client_id = first.client_id};
    if (clean || first.properties.empty()) {
      s["second"].connect(hello);
    } else {
      s["second"].resume(hello);
    }
    s["first"].expect_disconnect(0x8E);
    s["second"].send("e0 06 00 04 11 000000").skip_output();  // malformed: closes
    s["second"].drop();
  };
  take_over({.properties = kKept, .will = kWill, .client_id = "1"}, false);
  s.expect_will();
  take_over({.properties = kKept, .will = kLater, .client_id = "2"}, false);
  s.advance(60s);
  s.expect_none();
  take_over({.properties = kKept, .will = kLater, .client_id = "3"}, true);
  s.expect_will();
  take_over({.will = kLater, .client_id = "4"}, false);
  s.expect_will();
}

TEST_CASE("a will that may not be published is refused at CONNECT") {
  Wills s;
  s.access.unpublishable.insert("w");
  s["a"].hello({.will = kWill}).expect_refusal(0x87);
  s["b"].hello({.version = kV311, .will = kWill}).expect("20 02 00 05").expect_close();
  s.expect_none();
}

TEST_CASE("a will reaches its own session, unless that asked for No Local") {
  BrokerScript s;
  s["a"].connect({.properties = kKept, .will = WillOf{"w", "mine", 1}}).subscribe("w", 1).drop();
  s["a"].resume({.properties = kKept, .will = WillOf{"w", "local", 1}});
  s["a"]
      .expect_publish("w", "mine", {.qos = 1, .id = 1})
      .send("40 02 0001")
      .subscribe("w", 0x05)
      .drop();
  s["a"].resume().expect_nothing();
}

TEST_CASE(
    "[MQTT-3.1.2-22] 3.1.1 [MQTT-3.1.2-24] a client that is timed out counts as failed: its will "
    "is published") {
  Wills s;
  s["a"].connect({.version = kV311, .keep_alive_s = 10, .will = kWill});
  s.advance(14'999ms);
  s.expect_none();
  s.advance(2ms);
  s["a"].expect_close();
  s.expect_will();
}

TEST_CASE("the server's end publishes wills and tells its clients 0x8B") {
  Wills s;
  s["a"].connect({.will = kWill});
  s["b"].connect({.version = kV311});
  s.broker().shut_down(s.now());
  s["c"].open().drop();  // pumps
  s["a"].expect_disconnect(0x8B);
  s["b"].expect_close();
  s["watch"].skip_output();
  CHECK(s.counters().clients_connected == 0);
}
