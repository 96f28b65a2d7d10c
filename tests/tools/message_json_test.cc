#include "clients/message_json.h"

#include <cstdlib>
#include <ctime>
#include <string>
#include <string_view>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "base/random.h"
#include "client/client_options.h"

using namespace mq;
using namespace std::string_view_literals;

namespace {

// 2026-11-22 14:14:24.000001 UTC
constexpr WallTime kWhen{std::chrono::microseconds(1'795'356'864'000'001)};

std::string json(const Publish& publish) {
  Buffer out;
  append_json(out, publish, kWhen);
  return std::string(to_string_view(out.bytes()));
}

Publish message(std::string_view topic, std::string_view payload, Properties properties = {}) {
  Publish publish;
  publish.topic = topic;
  publish.payload = to_bytes(payload);
  publish.properties = properties;
  return publish;
}

// From "payloadlen" on.
std::string tail(const Publish& publish) {
  const std::string text = json(publish);
  return text.substr(text.find("\"payloadlen\""));
}

}  // namespace

TEST_CASE("fields and their order are mosquitto's") {
  setenv("TZ", "XYZ+5", 1);  // five hours west of Greenwich
  tzset();
  Publish publish = message("pj", "hi");
  CHECK(json(publish) ==
        R"({"tst":"2026-11-22T09:14:24.000001-0500","topic":"pj","qos":0,"retain":false,)"
        R"("payloadlen":2,"payload":"hi"})");
  publish.qos = Qos::kExactlyOnce;
  publish.packet_id = 65535;
  publish.retain = true;
  CHECK(json(publish) ==
        R"({"tst":"2026-11-22T09:14:24.000001-0500","topic":"pj","qos":2,"retain":true,)"
        R"("payloadlen":2,"mid":65535,"payload":"hi"})");
}

TEST_CASE("an empty payload is null; one that is no text is null and in base64") {
  CHECK(tail(message("t", "")) == R"("payloadlen":0,"payload":null})");
  CHECK(tail(message("t", "\xFF")) == R"("payloadlen":1,"payload":null,"payload_b64":"/w=="})");
  CHECK(tail(message("t", "\xFF\xFE")) == R"("payloadlen":2,"payload":null,"payload_b64":"//4="})");
  CHECK(tail(message("t", "\xFF\xFE\xFD")) ==
        R"("payloadlen":3,"payload":null,"payload_b64":"//79"})");
  CHECK(tail(message("t", "a\0b"sv)) == R"("payloadlen":3,"payload":null,"payload_b64":"YQBi"})");
}

TEST_CASE("strings are escaped where JSON wants it and nowhere else") {
  CHECK(tail(message("t", "\"\\/\b\t\n\x0B\f\r\x01\x1F\x7Fü")) ==
        "\"payloadlen\":14,\"payload\":\"\\\"\\\\/\\b\\t\\n\\u000b\\f\\r\\u0001\\u001f\x7Fü\"}");
  CHECK(json(message("a\"b", "")).find(R"("topic":"a\"b")") != std::string::npos);
}

TEST_CASE("properties stand in the order received, repeated ones together") {
  PropertyList list;
  list.add(PropertyId::kContentType, "text/plain");
  list.add_user("a", "b");
  list.add(PropertyId::kCorrelationData, "\x01\xFF");
  list.add(PropertyId::kSubscriptionIdentifier, 7);
  list.add_user("a", "c\"");
  list.add(PropertyId::kMessageExpiryInterval, 9);
  CHECK(tail(message("t", "x", list.view())) ==
        R"("payloadlen":1,"properties":{"content-type":"text/plain",)"
        R"("user-properties":[{"a":"b"},{"a":"c\""}],"correlation-data_b64":"Af8=",)"
        R"("subscription-identifier":7,"message-expiry-interval":9},"payload":"x"})");
  list.add(PropertyId::kSubscriptionIdentifier, 8);
  CHECK(tail(message("t", "x", list.view())).find(R"("subscription-identifier":[7,8])") !=
        std::string::npos);
}

TEST_CASE("whatever is in a message, the line is JSON that gives it back") {
  Random random(7);
  for (int run = 0; run < 500; ++run) {
    std::string payload;
    for (uint64_t n = random.below(40); n > 0; --n) {
      payload += static_cast<char>(random.below(run % 2 == 0 ? 128 : 256));
    }
    const auto parsed = nlohmann::json::parse(json(message("some/topic", payload)));
    CHECK(parsed["payloadlen"] == payload.size());
    if (parsed["payload"].is_string()) {
      CHECK(parsed["payload"] == payload);
    } else {
      CHECK(parsed.contains("payload_b64") == !payload.empty());
    }
  }
}

TEST_CASE("a payload that is JSON is put in as it is, without white space") {
  const auto with_json = [](std::string_view payload) {
    Buffer out;
    const bool fits = append_json(out, message("t", payload), kWhen, {JsonPayload::kJson});
    if (!fits) return std::string("no JSON");
    const std::string text(to_string_view(out.bytes()));
    return text.substr(text.find("\"payload\":") + 10);
  };
  CHECK(with_json("{\"a\":\t1.0 ,\r\n \"b c\" : [ true , \" x\\\" \" ] }") ==
        R"({"a":1.0,"b c":[true," x\" "]}})");
  CHECK(with_json("12345678901234567890") == "12345678901234567890}");
  CHECK(with_json("") == "null}");
  CHECK(with_json("{\"a\":}") == "no JSON");
  CHECK(with_json("hello") == "no JSON");
  CHECK(with_json("1 2") == "no JSON");
}

TEST_CASE("a payload that may be JSON") {
  const auto either = [](std::string_view payload) {
    Buffer out;
    CHECK(append_json(out, message("t", payload), kWhen, {JsonPayload::kEither}));
    const std::string text(to_string_view(out.bytes()));
    return text.substr(text.find("\"payload\":") + 10);
  };
  CHECK(either("[1, 2]") == "[1,2]}");
  CHECK(either("hello") == "\"hello\"}");
  CHECK(either("") == "null}");
  CHECK(either("\xFF") == "null,\"payload_b64\":\"/w==\"}");
}

TEST_CASE("indented as cJSON indents") {
  Buffer out;
  PropertyList list;
  list.add_user("a:b", "c,\"{d").add_user("e", "f");
  append_json(out, message("t", R"({"x":[1,[],{}],"y":{"z":null}})", list.view()), kWhen,
              {JsonPayload::kJson, true});
  const std::string text(to_string_view(out.bytes()));
  CHECK(text.substr(text.find("\t\"topic\"")) ==
        "\t\"topic\":\t\"t\",\n\t\"qos\":\t0,\n\t\"retain\":\tfalse,\n\t\"payloadlen\":\t30,\n"
        "\t\"properties\":\t{\n\t\t\"user-properties\":\t[{\n\t\t\t\t\"a:b\":\t\"c,\\\"{"
        "d\"\n\t\t\t}, "
        "{\n\t\t\t\t\"e\":\t\"f\"\n\t\t\t}]\n\t},\n"
        "\t\"payload\":\t{\n\t\t\"x\":\t[1, [], {\n\t\t\t}],\n\t\t\"y\":\t{\n"
        "\t\t\t\"z\":\tnull\n\t\t}\n\t}\n}");
  CHECK(nlohmann::json::accept(text));
}
