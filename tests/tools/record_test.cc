#include "mqpub/record.h"

#include <string>

#include <doctest/doctest.h>

#include "clients/message_json.h"

using namespace mq;
using namespace std::string_view_literals;

namespace {

std::string parsed(RecordFormat format, std::string_view line) {
  RecordParser parser(std::move(format));
  const auto record = parser.parse(to_bytes(line));
  if (!record) return "error: " + record.error().text;
  return std::string(record->topic) + "|" + std::string(to_string_view(record->payload));
}

std::string json(std::string_view line) {
  return parsed({.json = true}, line);
}

}  // namespace

TEST_CASE("a line is a payload, whatever is in it") {
  CHECK(parsed({}, "a\0b\r"sv) == "|a\0b\r"sv);
  CHECK(parsed({.keep_newline = true}, "a") == "|a\n");
  CHECK(parsed({.encode = Notation::kHex}, "6162") == "|ab");
  CHECK(parsed({.encode = Notation::kHex}, "xx") == "error: it is not hexadecimal");
}

TEST_CASE("a topic in front of the separator") {
  const RecordFormat format{.topic_separator = ": "};
  CHECK(parsed(format, "a/b: c: d") == "a/b|c: d");
  CHECK(parsed(format, "a: ") == "a|");
  CHECK(parsed(format, "a:b") == "error: it has no topic separator");
  CHECK(parsed(format, ": b") == "error: it has no topic");
}

TEST_CASE("records of JSON") {
  CHECK(json(R"({"topic":"a","payload":"b"})") == "a|b");
  CHECK(json(R"({"topic":"a","payload":null,"payload_b64":"AP8="})") == "a|\0\xFF"sv);
  CHECK(json(R"({"topic":"a","payload":null})") == "a|");
  CHECK(json(R"({"topic":"a"})") == "a|");
  CHECK(json(R"({"payload":{"x":[1,2]}})") == R"(|{"x":[1,2]})");
  for (const char* wrong :
       {"", "x", "[]", R"({"topic":1})", R"({"payload_b64":"*"})", R"({"qos":3})", R"({"qos":"1"})",
        R"({"retain":"yes"})", R"({"properties":[]})", R"({"properties":{"no-such":1}})",
        R"({"properties":{"payload-format-indicator":2}})",
        R"({"properties":{"user-properties":["a"]}})",
        R"({"properties":{"content-type":"a\u0000b"}})"}) {
    CAPTURE(wrong);
    CHECK(json(wrong).starts_with("error: "));
  }
}

TEST_CASE("what mqsub -j writes is what mqpub --jsonl sends") {
  PropertyList properties;
  properties.add(PropertyId::kContentType, "text/plain");
  properties.add_user("b", "1").add_user("a", "2").add_user("b", "3");
  properties.add(PropertyId::kCorrelationData, "c\0\xFF"sv);
  properties.add(PropertyId::kMessageExpiryInterval, 60);
  Publish publish;
  publish.topic = "t\xC3\xA9\"";
  publish.payload = to_bytes("\0\n\xFF"sv);
  publish.qos = Qos::kExactlyOnce;
  publish.retain = true;
  publish.packet_id = 4;
  publish.properties = properties.view();
  const WallTime received{std::chrono::microseconds(1'795'356'864'204'360)};
  Buffer line;
  append_json(line, publish, received);

  RecordParser parser({.json = true});
  const auto record = parser.parse(line.bytes());
  REQUIRE(record);
  CHECK(record->topic == publish.topic);
  CHECK(to_string_view(record->payload) == "\0\n\xFF"sv);
  CHECK(record->qos == Qos::kExactlyOnce);
  CHECK(record->retain == true);
  CHECK(record->received == received);
  CHECK(record->properties->text(PropertyId::kCorrelationData) == "c\0\xFF"sv);
  CHECK(record->properties->number(PropertyId::kMessageExpiryInterval) == 60);
  std::string users;
  for (const Property& property : *record->properties) {
    if (property.id == PropertyId::kUserProperty) {
      users += std::string(property.text) + std::string(property.value);
    }
  }
  CHECK(users == "b1a2b3");
}

TEST_CASE("what a server added is not sent on") {
  RecordParser parser({.json = true});
  const auto record = parser.parse(
      to_bytes(R"({"topic":"a","properties":{"topic-alias":3,"subscription-identifier":[1,2]}})"));
  REQUIRE(record);
  CHECK(record->properties->empty());
}

TEST_CASE("times of arrival in every zone") {
  const auto received = [](std::string_view stamp) {
    RecordParser parser({.json = true});
    const auto record = parser.parse(to_bytes(R"({"tst":")" + std::string(stamp) + "\"}"));
    return record && record->received ? record->received->time_since_epoch().count() : -1;
  };
  CHECK(received("2026-11-22T13:14:24.204360+0000") == 1'795'353'264'204'360);
  CHECK(received("2026-11-22T08:14:24.204360-0500") == 1'795'353'264'204'360);
  CHECK(received("2026-11-22T13:14:24Z") == 1'795'353'264'000'000);
  CHECK(received("yesterday") == -1);
  CHECK(received("2026-11-22T13:14:24") == -1);
}
