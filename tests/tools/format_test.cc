#include "clients/format.h"

#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>
#include <string_view>

#include <doctest/doctest.h>

#include "client/client_options.h"
#include "clients/printing.h"

using namespace mq;
using namespace std::string_view_literals;

namespace {

// 2026-11-22 13:14:24.204360 UTC
constexpr WallTime kWhen{std::chrono::microseconds(1'795'353'264'204'360)};

struct InUtc {
  InUtc() {
    setenv("TZ", "UTC", 1);
    tzset();
  }
} const in_utc;

Publish message(std::string_view payload, Properties properties = {}) {
  Publish publish;
  publish.qos = Qos::kAtLeastOnce;
  publish.topic = "fmt/topic";
  publish.packet_id = 42;
  publish.payload = to_bytes(payload);
  publish.properties = properties;
  return publish;
}

std::string print(std::string_view text, const Publish& publish) {
  const auto format = Format::parse(text);
  if (!format) return "invalid: " + format.error().text;
  Buffer out;
  out.append("<");
  const auto printed = format->print(publish, kWhen, out);
  const std::string result(to_string_view(out.bytes()));
  return printed ? result.substr(1) : result + "error: " + printed.error().text;
}

std::string print(std::string_view text, std::string_view payload = "hello world") {
  return print(text, message(payload));
}

}  // namespace

TEST_CASE("plain text, escapes and percent signs") {
  CHECK(print("") == "");
  CHECK(print("plain text") == "plain text");
  CHECK(print("100%% @@") == "100% @");
  CHECK(print("\\\\\\a\\e\\n\\r\\t\\v") == "\\\a\x1B\n\r\t\v");
  CHECK(print("a\\0b") == "a\0b"sv);
}

TEST_CASE("what cannot be parsed is named") {
  CHECK(print("%") == "invalid: Incomplete format specifier.");
  CHECK(print("%5") == "invalid: Incomplete format specifier.");
  CHECK(print("%-") == "invalid: Incomplete format specifier.");
  CHECK(print("%.2:") == "invalid: Incomplete format specifier.");
  CHECK(print("x@") == "invalid: Incomplete format specifier.");
  CHECK(print("x\\") == "invalid: Incomplete escape specifier.");
  CHECK(print("%Z") == "invalid: Invalid format specifier 'Z'.");
  CHECK(print("%5Z") == "invalid: Invalid format specifier 'Z'.");
  CHECK(print("%:x") == "invalid: Invalid format specifier ':'.");
  CHECK(print("%.2:t") == "invalid: Invalid format specifier 't'.");
  CHECK(print("%é") == "invalid: Invalid format specifier 'é'.");
  CHECK(print("\\q") == "invalid: Invalid escape specifier 'q'.");
}

TEST_CASE("widths and precisions") {
  const struct {
    std::string_view format, output;
  } kCases[] = {
      {"%t", "fmt/topic"},
      {"%12t|", "   fmt/topic|"},
      {"%-12t|", "fmt/topic   |"},
      {"%5t", "fmt/topic"},
      {"%.3t", "fmt"},
      {"%10.3t|", "       fmt|"},
      {"%-10.3t|", "fmt       |"},
      {"%p", "hello world"},
      {"%5p", "hello"},
      {"%20p|", "         hello world|"},
      {"%-20p|", "hello world         |"},
      {"%020p", "000000000hello world"},
      {"%x", "68656c6c6f20776f726c64"},
      {"%X", "68656C6C6F20776F726C64"},
      {"%3x", "68656c"},
      {"%24x|", "  68656c6c6f20776f726c64|"},
      {"%-24x|", "68656c6c6f20776f726c64  |"},
      {"%024x", "0068656c6c6f20776f726c64"},
      {"%.2x", "68 65 6c 6c 6f 20 77 6f 72 6c 64"},
      {"%.2:x", "68:65:6c:6c:6f:20:77:6f:72:6c:64"},
      {"%.4-X", "6865-6C6C-6F20-776F-726C-64"},
      {"%3.2:x", "68:65:6c"},
      {"%l", "11"},
      {"%5l|", "   11|"},
      {"%-5l|", "11   |"},
      {"%05l", "00011"},
      {"%q%r", "10"},
      {"%5q", "1"},
      {"%m", "42"},
      {"%06m", "000042"},
  };
  for (const auto& c : kCases) {
    CAPTURE(c.format);
    CHECK(print(c.format) == c.output);
  }
  CHECK(print("%p%x%l", "") == "0");
  CHECK(print("%p", "a\0b"sv) == "a\0b"sv);
}

TEST_CASE("times") {
  CHECK(print("%I") == "2026-11-22T13:14:24+0000");
  CHECK(print("%30I|") == "      2026-11-22T13:14:24+0000|");
  CHECK(print("%U") == "1795353264.204360000");
  CHECK(print("@Y-@m-@d @H:@M:@S.@N") == "2026-11-22 13:14:24.204360000");
}

TEST_CASE("payloads that are numbers in memory") {
  const double d = -3.14159;
  const float f = 2.5F;
  const std::string_view d_bytes(reinterpret_cast<const char*>(&d), sizeof d);
  const std::string_view f_bytes(reinterpret_cast<const char*>(&f), sizeof f);
  CHECK(print("%d", d_bytes) == "-3.141590");
  CHECK(print("%.2d", d_bytes) == "-3.14");
  CHECK(print("%08.2d", d_bytes) == "-0003.14");
  CHECK(print("%8.2d|", d_bytes) == "   -3.14|");
  CHECK(print("%-8.2d|", d_bytes) == "-3.14   |");
  CHECK(print("%.1f", f_bytes) == "2.5");
  // What does not fit is not printed at all, whatever stands in front.
  CHECK(print("%t %d", f_bytes) ==
        "<error: Message payload of 4 bytes on topic fmt/topic is not a number of 8 bytes.");
}

TEST_CASE("properties, and the width of those that are not there") {
  PropertyList list;
  list.add(PropertyId::kTopicAlias, 3);
  list.add(PropertyId::kContentType, "text/plain");
  list.add(PropertyId::kCorrelationData, "c\0d"sv);
  list.add(PropertyId::kMessageExpiryInterval, 60);
  list.add(PropertyId::kPayloadFormatIndicator, 1);
  list.add(PropertyId::kResponseTopic, "re/ply");
  list.add_user("a", "1");
  list.add(PropertyId::kSubscriptionIdentifier, 7);
  list.add(PropertyId::kSubscriptionIdentifier, 8);
  list.add_user("a", "2");
  const Publish publish = message("x", list.view());
  CHECK(print("%A %C %D %E %F %R %S %P", publish) == "3 text/plain c\0d 60 1 re/ply 7 a:1 a:2"sv);
  CHECK(print("%5A|%-5E|%05S|%12C|%.3R|%8R|", publish) ==
        "    3|60   |00007|  text/plain|re/|  re/ply|");
  CHECK(print("[%A%C%D%E%F%R%S%P]") == "[]");
  CHECK(print("%5A|%05E|%5C|%5R|%5D|%5S|%5F|") == "     |00000|     |||     |     |");
}

TEST_CASE("messages as JSON") {
  CHECK(print("%j", "hi") ==
        R"({"tst":"2026-11-22T13:14:24.204360+0000","topic":"fmt/topic","qos":1,"retain":false,)"
        R"("payloadlen":2,"mid":42,"payload":"hi"})");
  CHECK(print("%J", R"( { "a" : [ 1, "x y" ] } )").ends_with(R"("payload":{"a":[1,"x y"]}})"));
  CHECK(print("%J", "not json") == "<error: Message payload is not valid JSON on topic fmt/topic.");
}

TEST_CASE("payloads in base64 and with escapes") {
  CHECK(print("%b", "\xFF\x00 a"sv) == "/wAgYQ==");
  CHECK(print("%b", "") == "");
  CHECK(print("%e", "a\n\t\\\x1B[2J\0\xC3\xA9\xC2\x9B\xFF."sv) ==
        "a\\n\\t\\\\\\x1b[2J\\x00\xC3\xA9\\xc2\\x9b\\xff.");
}

TEST_CASE("what is printed without a format") {
  const auto plain = [](Printing printing, std::string_view payload) {
    Buffer out;
    CHECK(mq::print(printing, message(payload), kWhen, out));
    return std::string(to_string_view(out.bytes()));
  };
  CHECK(plain({}, "hi") == "hi\n");
  CHECK(plain({}, "") == "");
  CHECK(plain({.newline = false}, "hi") == "hi");
  CHECK(plain({.newline = false}, "") == "");
  CHECK(plain({.verbose = true}, "hi") == "fmt/topic hi\n");
  CHECK(plain({.verbose = true}, "") == "fmt/topic (null)\n");
  CHECK(plain({.verbose = true, .newline = false}, "hi") == "fmt/topic hi");
  CHECK(plain({.verbose = true, .newline = false}, "") == "");
  CHECK(plain({.format = *Format::parse("%t=%p")}, "") == "fmt/topic=\n");
  CHECK(plain({.newline = false, .format = *Format::parse("%p;")}, "a") == "a;");
  CHECK(plain({.end = '\0'}, "a\nb") == "a\nb\0"sv);
  CHECK(plain({.print_empty = true}, "") == "\n");
  CHECK(plain({.escape = true}, "\x1B[1m") == "\\x1b[1m\n");
  CHECK(plain({.verbose = true, .color = true}, "a") == "\x1B[36mfmt/topic\x1B[0m a\n");
  CHECK(plain({.decode = Notation::kHex}, "\x00\xFF"sv) == "00ff\n");
  CHECK(plain({.verbose = true, .decode = Notation::kCbor}, "\xA1\x61\x61\x01") ==
        "fmt/topic {\"a\":1}\n");
  Buffer out;
  const auto printed = print({.decode = Notation::kMsgpack}, message("\xC1"), kWhen, out);
  CHECK(!printed);
  CHECK(out.empty());
}

TEST_CASE("%{name}: fields of the topic and of a payload that is JSON") {
  CHECK(print("%{topic:1}|%{topic:2}|%{topic:3}|%{topic:-1}|%{topic:-3}") == "fmt|topic||topic|");
  const std::string json = R"({"a": {"b": [1, "two", 3.5]}, "c": null, "d": "x"})";
  CHECK(print("%{json:a.b.0}|%{json:a.b.1}|%{json:a.b}|%{json:c}|%{json:d}", json) ==
        R"(1|two|[1,"two",3.5]|null|x)");
  CHECK(print("<%{json:a.b.9}|%{json:a.x}|%{json:d.e}|%{json:a.b.-1}>", json) == "<|||>");
  CHECK(print("<%{json:a}>", "no JSON") == "<>");
  CHECK(print("%6{json:d}|%-6{json:d}|%.1{topic:1}|", json) == "     x|x     |f|");
}

TEST_CASE("%{name}: the payload, times, flags and properties") {
  CHECK(print("%{b64} %{escaped}", "a\nb") == "YQpi a\\nb");
  CHECK(print("%{utc} %{ms}") == "2026-11-22T13:14:24.204Z 1795353264204");
  Publish again = message("x");
  again.dup = true;
  CHECK(print("%{dup}", again) == "1");
  CHECK(print("%{dup}%{subids}%{age}") == "0");
  PropertyList properties;
  properties.add(PropertyId::kSubscriptionIdentifier, 7)
      .add(PropertyId::kSubscriptionIdentifier, 9);
  properties.add(PropertyId::kContentType, "text").add_user("timestamp", "1795353262704");
  CHECK(print("%{subids} %{age} %{props}", message("x", properties.view())) ==
        R"(7,9 1.500 {"subscription-identifier":[7,9],"content-type":"text",)"
        R"("user-properties":[{"timestamp":"1795353262704"}]})");
  CHECK(print("%{props}") == "{}");
  for (const char* stamp : {"", "x", "-1", "99999999999999999999", "9223372036854775807"}) {
    PropertyList bad;
    bad.add_user("timestamp", stamp);
    CHECK(print("<%{age}>", message("x", bad.view())) == "<>");
  }
}

TEST_CASE(
    "%{seq} and %{delta} go on from message to message, those that are not printed excepted") {
  const auto format = Format::parse("%{seq} %{delta} %.1d|");
  REQUIRE(format);
  const double number = 2.5;
  const std::string bytes(reinterpret_cast<const char*>(&number), sizeof number);
  Buffer out;
  CHECK(format->print(message(bytes), kWhen, out));
  CHECK_FALSE(format->print(message("short"), kWhen, out));
  CHECK(format->print(message(bytes), kWhen + std::chrono::milliseconds(1250), out));
  CHECK(to_string_view(out.bytes()) == "1 0.000000 2.5|2 1.250000 2.5|");
}

TEST_CASE("%{name}: what is wrong with it") {
  for (const char* text : {"%{", "%{seq", "%5{seq"}) {
    CHECK(print(text) == "invalid: Incomplete format specifier.");
  }
  for (const char* text : {"%{}", "%{sec}", "%{topic}", "%{topic:0}", "%{topic:x}", "%{json:}"}) {
    CHECK(print(text).starts_with("invalid: Invalid format specifier '{"));
  }
  // As with mosquitto's clients a brace may separate digits.
  CHECK(print("%.2{x", "abc") == "61{62{63");
}
