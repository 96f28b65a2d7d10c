#include "io/address.h"

#include <doctest/doctest.h>

namespace mq {
namespace {

using enum TransportKind;

TEST_CASE("URLs") {
  struct Row {
    const char* url;
    TransportKind kind;
    const char* host;
    uint16_t port;
    const char* topic;
    const char* user;      // null: none
    const char* password;  // null: none
    const char* path;
  };
  const Row rows[] = {
      {"mqtt://h", kTcp, "h", 1883, "", nullptr, nullptr, ""},
      {"mqtt://h/", kTcp, "h", 1883, "", nullptr, nullptr, ""},
      {"MQTT://H/a/b", kTcp, "H", 1883, "a/b", nullptr, nullptr, ""},
      {"mqtts://h/t", kTls, "h", 8883, "t", nullptr, nullptr, ""},
      {"ws://h", kWebSocket, "h", 80, "", nullptr, nullptr, ""},
      {"ws://h/", kWebSocket, "h", 80, "", nullptr, nullptr, ""},
      {"ws://h:9001/a%20b", kWebSocket, "h", 9001, "a b", nullptr, nullptr, "/a%20b"},
      {"wss://h", kSecureWebSocket, "h", 443, "", nullptr, nullptr, ""},
      {"mqtt://h:2000/a", kTcp, "h", 2000, "a", nullptr, nullptr, ""},
      {"mqtt://127.0.0.1:0", kTcp, "127.0.0.1", 0, "", nullptr, nullptr, ""},
      {"mqtt://[::1]/a", kTcp, "::1", 1883, "a", nullptr, nullptr, ""},
      {"mqtt://[fe80::1]:65535", kTcp, "fe80::1", 65535, "", nullptr, nullptr, ""},
      {"mqtt://u@h", kTcp, "h", 1883, "", "u", nullptr, ""},
      {"mqtt://u:@h", kTcp, "h", 1883, "", "u", "", ""},
      {"mqtt://u:p@h:1/t", kTcp, "h", 1, "t", "u", "p", ""},
      {"mqtt://u%40x:p%3a%2Fw%25@h/t", kTcp, "h", 1883, "t", "u@x", "p:/w%", ""},
      {"mqtt://u:p:q@h", kTcp, "h", 1883, "", "u", "p:q", ""},
      {"mqtt://u:p@q@h", kTcp, "h", 1883, "", "u", "p@q", ""},
      {"mqtt://h//a", kTcp, "h", 1883, "/a", nullptr, nullptr, ""},
      {"mqtt://h/a/+/%23", kTcp, "h", 1883, "a/+/#", nullptr, nullptr, ""},
      {"mqtt://h/a/#", kTcp, "h", 1883, "a/#", nullptr, nullptr, ""},
      {"mqtt://h/a%3Fb", kTcp, "h", 1883, "a?b", nullptr, nullptr, ""},
      {"unix:///run/mq%20x.sock", kUnix, "/run/mq x.sock", 0, "", nullptr, nullptr, ""},
  };
  for (const Row& row : rows) {
    CAPTURE(row.url);
    const auto parsed = parse_url(row.url);
    REQUIRE(parsed);
    CHECK(parsed->address.kind == row.kind);
    CHECK(parsed->address.host == row.host);
    CHECK(parsed->address.port == row.port);
    CHECK(parsed->address.path == row.path);
    CHECK(parsed->topic == row.topic);
    CHECK(parsed->user_name.has_value() == (row.user != nullptr));
    CHECK(parsed->user_name.value_or("") == (row.user ? row.user : ""));
    CHECK(parsed->password.has_value() == (row.password != nullptr));
    CHECK(parsed->password.value_or("") == (row.password ? row.password : ""));
  }
}

TEST_CASE("what is wrong with a URL is said") {
  const struct {
    const char* url;
    const char* says;
  } rows[] = {
      {"", "not a URL"},
      {"localhost", "not a URL"},
      {"http://h", "mqtt://"},
      {"mqtt://", "no host"},
      {"mqtt:///t", "no host"},
      {"mqtt://:1883", "no host"},
      {"mqtt://h:", "not a port"},
      {"mqtt://h:x", "not a port"},
      {"mqtt://h:65536", "not a port"},
      {"mqtt://h:-1", "not a port"},
      {"mqtt://h:1 ", "not a port"},
      {"mqtt://[::1", "closing ']'"},
      {"mqtt://[::1]x", "':PORT'"},
      {"mqtt://[h]", "not an IPv6 address"},
      {"mqtt://[127.0.0.1]", "not an IPv6 address"},
      {"mqtt://a:b:c", "IPv6"},
      {"mqtt://h/%", "%25"},
      {"mqtt://h/%4", "%25"},
      {"mqtt://h/%4g", "%25"},
      {"mqtt://u%zz@h", "%25"},
      {"mqtt://h/t?qos=1", "%3F"},
      {"unix://run/mq.sock", "unix:///"},
      {"unix:///a%00b", "NUL"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.url);
    const auto parsed = parse_url(row.url);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().code == ErrorCode::kInvalidArgument);
    CHECK_MESSAGE(parsed.error().text.find(row.says) != std::string::npos, parsed.error().text);
  }
}

TEST_CASE("host and port") {
  const struct {
    const char* text;
    const char* host;  // null: not valid
    uint16_t port;
    const char* back;
  } rows[] = {
      {"h", "h", 7, "h:7"},
      {"h:1", "h", 1, "h:1"},
      {"127.0.0.1", "127.0.0.1", 7, "127.0.0.1:7"},
      {"::1", "::1", 7, "[::1]:7"},
      {"[::1]", "::1", 7, "[::1]:7"},
      {"[::1]:1", "::1", 1, "[::1]:1"},
      {"", nullptr, 0, ""},
      {":1", nullptr, 0, ""},
      {"h:", nullptr, 0, ""},
      {"h:1:2", nullptr, 0, ""},
      {"[]:1", nullptr, 0, ""},
  };
  for (const auto& row : rows) {
    CAPTURE(row.text);
    const auto address = parse_host_port(row.text, 7);
    REQUIRE(address.has_value() == (row.host != nullptr));
    if (!address) continue;
    CHECK(address->host == row.host);
    CHECK(address->port == row.port);
    CHECK(address->text() == row.back);
  }
  Address unix_socket;
  unix_socket.kind = kUnix;
  unix_socket.host = "/run/mq.sock";
  CHECK(unix_socket.text() == "unix:/run/mq.sock");
}

TEST_CASE("loopback") {
  for (const char* host : {"localhost", "127.0.0.1", "127.1.2.3", "::1"}) CHECK(is_loopback(host));
  for (const char* host : {"", "0.0.0.0", "::", "10.0.0.1", "128.0.0.1", "fe80::1", "a.org"}) {
    CHECK_FALSE(is_loopback(host));
  }
}

}  // namespace
}  // namespace mq
