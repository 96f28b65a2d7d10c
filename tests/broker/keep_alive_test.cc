// Keep alive.
#include <doctest/doctest.h>

#include "support/broker_script.h"

using namespace mq;
using namespace mq::test;
using namespace std::chrono_literals;

TEST_CASE(
    "[MQTT-3.1.2-22] [MQTT-3.2.2-22] 3.1.1 [MQTT-3.1.2-24] after one and a half times the keep "
    "alive the client is closed") {
  BrokerScript s;
  s["5"].connect({.keep_alive_s = 2});
  s["4"].connect({.version = Version::kV311, .keep_alive_s = 2});
  s.advance(2'999ms);
  s["5"].expect_nothing();
  s["4"].expect_nothing();
  s.advance(1ms);
  s["5"].expect_disconnect(0x8D);
  s["4"].expect_close();
}

TEST_CASE("any packet counts, and only packets of the client") {
  BrokerScript s;
  s["p"].connect();
  s["a"].connect({.keep_alive_s = 10}).subscribe("t", 1);
  for (const char* packet : {"c0 00", "30 05 0001 'u' 00 'x'", "40 02 0009", "62 02 0009",
                             "82 07 0001 00 0001 'u' 00", "a2 06 0001 00 0001 'u'"}) {
    s.advance(14s);
    s["a"].expect_nothing().send(packet).skip_output();
  }
  s.advance(14s);
  s["p"].publish("t", "x");
  s["a"].expect_publish("t", "x").expect_nothing();
  s.advance(2s);
  s["a"].expect_disconnect(0x8D);
}

TEST_CASE("keep alive 0 is off") {
  BrokerScript s;
  s["a"].connect();
  s.advance(std::chrono::hours(24 * 30));
  s["a"].send("c0 00").expect("d0 00");
}

TEST_CASE("Server Keep Alive takes the place of the client's, in 5.0") {
  BrokerOptions options = quiet();
  options.server_keep_alive_s = 10;
  BrokerScript s(options);
  for (const uint16_t own : {uint16_t{0}, uint16_t{600}, uint16_t{2}}) {
    s["a"].hello({.keep_alive_s = own}).expect("20 09 00 00 06 22 ffff 13 000a");
    s.advance(14s);
    s["a"].expect_nothing();
    s.advance(1s);
    s["a"].expect_disconnect(0x8D);
  }
  s["same"].hello({.keep_alive_s = 10}).expect("20 06 00 00 03 22 ffff");
  // A 3.1.1 client cannot be told.
  s["b"].connect({.version = Version::kV311});
  s.advance(100s);
  s["same"].expect_disconnect(0x8D);
  s["b"].expect_nothing();
}

TEST_CASE("a large packet that is on its way keeps the connection alive") {
  BrokerScript s;
  s["a"].connect({.keep_alive_s = 2}).subscribe("t");
  const std::string payload(1000, 'x');
  const std::vector<uint8_t> packet = publish_packet(Version::kV5, "t", payload, {});
  for (size_t at = 0; at < packet.size(); at += 200) {
    s.advance(2s);
    const auto begin = packet.begin() + static_cast<std::ptrdiff_t>(at);
    const auto count = static_cast<std::ptrdiff_t>(std::min<size_t>(200, packet.size() - at));
    s["a"].send(std::vector<uint8_t>(begin, begin + count));
  }
  s["a"].expect_publish("t", payload);
}
