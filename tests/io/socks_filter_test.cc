#include "io/socks_filter.h"

#include <string>
#include <string_view>

#include <doctest/doctest.h>

using namespace mq;
using namespace std::string_view_literals;

namespace {

// Plays the proxy: what the filter says to each answer.
Address address(std::string_view host, uint16_t port) {
  Address result;
  result.host = host;
  result.port = port;
  return result;
}

struct Talk {
  explicit Talk(std::string_view url, const Address& to = address("broker.example", 1883))
      : filter(socks_filter(*parse_proxy(url), to)) {}

  std::string hears(std::string_view bytes) {
    Buffer wire;
    const auto result = filter->from_wire(to_bytes(bytes), plain, wire);
    if (!result) return "error: " + result.error().text;
    return std::string(to_string_view(wire.bytes()));
  }

  std::unique_ptr<Filter> filter;
  Buffer plain;
};

}  // namespace

TEST_CASE("a proxy that asks for nothing (RFC 1928)") {
  Talk talk("socks5h://proxy");
  CHECK(talk.hears("") == "\x05\x01\x00"sv);
  CHECK(talk.hears("\x05") == "");
  CHECK(talk.hears("\x00"sv) ==
        "\x05\x01\x00\x03\x0E"
        "broker.example\x07\x5B"sv);
  CHECK(!talk.filter->open());
  CHECK(talk.hears("\x05\x00\x00\x01\x01\x02\x03\x04\x00"sv) == "");
  // What follows the reply is the server's.
  CHECK(talk.hears("\x01"
                   "MQTT") == "");
  CHECK(talk.filter->open());
  CHECK(to_string_view(talk.plain.bytes()) == "MQTT");
  talk.hears("more");
  CHECK(to_string_view(talk.plain.bytes()) == "MQTTmore");
  Buffer wire;
  CHECK(talk.filter->to_wire(to_bytes("out"), wire));
  CHECK(to_string_view(wire.bytes()) == "out");
}

TEST_CASE("user name and password (RFC 1929)") {
  Talk talk("socks5h://us%40er:p%3Aw@proxy:1081");
  CHECK(talk.hears("") == "\x05\x02\x00\x02"sv);
  CHECK(talk.hears("\x05\x02") == "\x01\x05us@er\x03p:w");
  CHECK(talk.hears("\x01\x00"sv).starts_with("\x05\x01\x00\x03"sv));

  Talk refused("socks5h://user:wrong@proxy");
  refused.hears("");
  refused.hears("\x05\x02");
  CHECK(refused.hears("\x01\x01") ==
        "error: the proxy proxy:1080 does not take the user name and password");
}

TEST_CASE("numeric addresses go as such") {
  Talk v4("socks5h://proxy", address("10.0.0.1", 1));
  v4.hears("");
  CHECK(v4.hears("\x05\x00"sv) == "\x05\x01\x00\x01\x0A\x00\x00\x01\x00\x01"sv);
  Talk v6("socks5h://proxy", address("::1", 1));
  v6.hears("");
  CHECK(v6.hears("\x05\x00"sv) ==
        std::string("\x05\x01\x00\x04"sv) + std::string(15, '\0') + std::string("\x01\x00\x01"sv));
  // Its own address may be one of any type.
  CHECK(v6.hears("\x05\x00\x00\x03\x02xy\x00\x01"sv) == "");
  CHECK(v6.filter->open());
}

TEST_CASE("what a proxy can refuse or get wrong") {
  const auto after_greeting = [](std::string_view bytes) {
    Talk talk("socks5h://proxy");
    talk.hears("");
    return talk.hears(bytes);
  };
  CHECK(after_greeting("\x04\x00"sv).find("does not speak SOCKS 5") != std::string::npos);
  CHECK(after_greeting("\x05\xFF").find("wants a user name") != std::string::npos);
  CHECK(after_greeting("\x05\x02").find("wants a user name") != std::string::npos);
  CHECK(after_greeting("\x05\x00\x05\x05\x00\x01\x00"sv) ==
        "error: the proxy proxy:1080 cannot connect to broker.example:1883: connection refused");
  CHECK(after_greeting("\x05\x00\x05\x00\x00\x09\x00"sv).find("unknown type") != std::string::npos);
}

TEST_CASE("proxies in a URL") {
  CHECK(parse_proxy("socks5h://host")->address.port == 1080);
  CHECK(parse_proxy("socks5h://host:1883")->address.port == 1883);
  CHECK(parse_proxy("socks5h://[::1]")->address.port == 1080);
  CHECK(parse_proxy("socks5h://u:p@[::1]:5")->address.port == 5);
  CHECK(parse_proxy("socks5h://u:p@[::1]:5")->address.host == "::1");
  CHECK(parse_proxy("ftp://host").error().text == "Unsupported proxy protocol: ftp://host");
  CHECK(parse_proxy("socks5h://host:x").error().text.starts_with("Invalid proxy: "));
  CHECK(parse_proxy("socks5h://" + std::string(256, 'u') + ":p@host").error().text.find("255") !=
        std::string::npos);
}
