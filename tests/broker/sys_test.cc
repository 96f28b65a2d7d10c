// $SYS/broker/...: the broker's figures.
#include <doctest/doctest.h>

#include <algorithm>
#include <map>

#include "support/broker_script.h"

using namespace mq;
using namespace mq::test;
using namespace std::chrono_literals;

namespace {

BrokerOptions every_ten() {
  BrokerOptions options = quiet();
  options.sys_interval = 10s;
  return options;
}

// Everything that the peer has received, by topic behind "$SYS/broker/".
std::map<std::string, std::string> take_figures(Peer& peer, bool retained) {
  std::map<std::string, std::string> figures;
  for (;;) {
    const std::vector<uint8_t> packet = peer.take_packet();
    if (packet.empty()) return figures;
    CHECK(packet[0] == (retained ? 0x31 : 0x30));
    const size_t size = static_cast<size_t>(packet[2]) << 8 | packet[3];
    const std::string text(packet.begin() + 4, packet.end());
    REQUIRE(text.starts_with("$SYS/broker/"));
    figures[text.substr(12, size - 12)] = text.substr(size + 1);  // property length 0
  }
}

}  // namespace

TEST_CASE("$SYS has its figures from the first moment, retained and at QoS 0") {
  BrokerScript s(every_ten());
  auto figures = take_figures(s["a"].connect().subscribe("$SYS/#", 2), true);
  CHECK(figures["version"].starts_with("mqbroker version "));
  CHECK(figures["uptime"] == "0 seconds");
  for (const char* name : {"clients/total",
                           "clients/connected",
                           "clients/disconnected",
                           "clients/maximum",
                           "clients/expired",
                           "clients/active",
                           "clients/inactive",
                           "messages/received",
                           "messages/sent",
                           "messages/stored",
                           "publish/messages/received",
                           "publish/messages/sent",
                           "publish/messages/dropped",
                           "publish/bytes/received",
                           "publish/bytes/sent",
                           "bytes/received",
                           "bytes/sent",
                           "subscriptions/count",
                           "shared_subscriptions/count",
                           "retained messages/count",
                           "store/messages/count",
                           "store/messages/bytes",
                           "connections/socket/count"}) {
    INFO(name);
    CHECK(figures[name] == "0");
  }
  for (const char* load :
       {"messages/received", "messages/sent", "publish/received", "publish/sent", "publish/dropped",
        "bytes/received", "bytes/sent", "connections", "sockets"}) {
    for (const char* span : {"1min", "5min", "15min"}) {
      INFO(load, span);
      CHECK(figures["load/" + std::string(load) + "/" + span] == "0.00");
    }
  }
}

TEST_CASE("every sys_interval what has changed is published") {
  BrokerScript s(every_ten());
  s["p"].connect();
  s["gone"].connect({.properties = "11 000003e8"}).subscribe("t", 1).drop();
  s["a"].connect().subscribe("$SYS/broker/#", 0x20).subscribe("$share/g/x");
  s["p"].publish("t", "four", {.qos = 1, .id = 1}).expect("40 02 0001");
  s["p"].publish("kept", "x", {.retain = true});
  s.advance(9'999ms);
  s["a"].expect_nothing();
  s.advance(1ms);
  auto figures = take_figures(s["a"], false);
  CHECK(figures["uptime"] == "10 seconds");
  CHECK(figures["clients/total"] == "3");
  CHECK(figures["clients/connected"] == "2");
  CHECK(figures["clients/active"] == "2");
  CHECK(figures["clients/disconnected"] == "1");
  CHECK(figures["clients/inactive"] == "1");
  CHECK(figures["clients/maximum"] == "2");
  CHECK(figures["connections/socket/count"] == "2");
  CHECK(figures["subscriptions/count"] == "3");
  CHECK(figures["shared_subscriptions/count"] == "1");
  CHECK(figures["publish/messages/received"] == "2");
  CHECK(figures["publish/bytes/received"] == "5");
  // CONNECT: 3, SUBSCRIBE: 3, PUBLISH: 2; CONNACK: 3, SUBACK: 3, PUBACK: 1.
  CHECK(figures["messages/received"] == "8");
  CHECK(figures["messages/sent"] == "7");
  CHECK(!figures.contains("version"));  // it has not changed
  CHECK(!figures.contains("clients/expired"));

  s.advance(10s);
  figures = take_figures(s["a"], false);
  CHECK(figures["uptime"] == "20 seconds");
  CHECK(!figures.contains("clients/total"));
}

TEST_CASE("load averages over 1, 5 and 15 minutes tend to the rate per minute") {
  BrokerScript s(every_ten());
  s["p"].connect();
  for (int i = 0; i < 60; ++i) {  // ten minutes at 60 a minute
    for (int j = 0; j < 10; ++j) s["p"].publish("t", "x");
    s.advance(10s);
  }
  s["a"].connect().subscribe("$SYS/broker/load/publish/received/+");
  const auto figures = take_figures(s["a"], true);
  CHECK(std::stod(figures.at("load/publish/received/1min")) == doctest::Approx(60).epsilon(0.01));
  CHECK(std::stod(figures.at("load/publish/received/5min")) == doctest::Approx(51.9).epsilon(0.01));
  CHECK(std::stod(figures.at("load/publish/received/15min")) ==
        doctest::Approx(29.2).epsilon(0.01));
}

TEST_CASE("limits that were hit show") {
  BrokerOptions options = every_ten();
  options.subscriptions_max = 1;
  BrokerScript s(options);
  s["a"].connect().subscribe("$SYS/broker/limits/+/hit");
  CHECK(take_figures(s["a"], true).size() == kLimitNames.size());
  s["a"].send(subscribe_packet(Version::kV5, 1, "x", 0)).expect("90 04 0001 00 97");
  s.advance(10s);
  const auto figures = take_figures(s["a"], false);
  CHECK(figures.size() == 1);
  CHECK(figures.at("limits/subscriptions/hit") == "1");
}

TEST_CASE("figures that only the owner of the broker has, and what waits for sockets") {
  BrokerScript s(every_ten());
  s["b"].connect().subscribe("t").stop_reading();
  s["p"].connect().publish("t", "1").publish("t", "2");
  s.broker().note_heap(3'000);
  s.broker().note_heap(2'000);
  for (int i = 0; i < 98; ++i) s.broker().note_lag(1ms);
  for (int i = 0; i < 2; ++i) s.broker().note_lag(50ms);
  s.advance(10s);
  s["a"].connect().subscribe("$SYS/#");
  auto figures = take_figures(s["a"], true);
  CHECK(figures.at("heap/current") == "2000");
  CHECK(figures.at("heap/maximum") == "3000");
  CHECK(std::stod(figures.at("loop/lag_ms_p99")) == doctest::Approx(50).epsilon(0.1));
  CHECK(figures.at("packet/out/count") == "2");
  CHECK(std::stoul(figures.at("packet/out/bytes")) >= 2);
  s["b"].read_again().skip_output();
  s.advance(10s);
  figures = take_figures(s["a"], false);
  CHECK(figures.at("loop/lag_ms_p99") == "0.00");  // of the last ten seconds
  CHECK(figures.at("packet/out/count") == "0");
}

TEST_CASE("[MQTT-4.7.2-1] $SYS is not for who asks for everything") {
  BrokerScript s(every_ten());
  s["a"].connect().subscribe("#").subscribe("+/broker/version").expect_nothing();
  s.advance(60s);
  s["a"].expect_nothing();
}

TEST_CASE("without an interval there is no $SYS and no deadline") {
  BrokerScript s;
  s["a"].connect().subscribe("$SYS/#").expect_nothing();
  CHECK(s.broker().next_deadline() == kNever);
}
