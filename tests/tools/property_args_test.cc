#include "common/property_args.h"

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "codec/limits.h"
#include "common/argv.h"

using namespace mq;

namespace {

std::string words(const std::vector<std::string>& parts) {
  std::string out;
  for (const std::string& part : parts) {
    if (!out.empty()) out += kWordSeparator;
    out += part;
  }
  return out;
}

std::string error(const std::vector<std::vector<std::string>>& given) {
  std::vector<std::string> joined;
  for (const auto& parts : given) joined.push_back(words(parts));
  const auto parsed = GivenProperties::parse(joined);
  return parsed ? "" : parsed.error().text;
}

}  // namespace

TEST_CASE("properties keep their order, packet by packet") {
  const auto given = GivenProperties::parse({
      words({"publish", "user-property", "a", "1"}),
      words({"PUBLISH", "content-type", "text/plain"}),
      words({"subscribe", "subscription-identifier", "268435455"}),
      words({"publish", "user-property", "a", "2"}),
      words({"publish", "message-expiry-interval", "4294967295"}),
  });
  REQUIRE(given);
  const PropertyList publish = given->list(PropertiesIn::kPublish);
  std::string seen;
  for (const Property& property : publish.view()) {
    seen += std::string(name(property.id)) + "=" + std::string(property.text) + "/" +
            std::string(property.value) + "/" + std::to_string(property.number) + " ";
  }
  CHECK(seen ==
        "user-property=a/1/0 content-type=text/plain//0 user-property=a/2/0 "
        "message-expiry-interval=//4294967295 ");
  CHECK(given->list(PropertiesIn::kSubscribe).view().number(PropertyId::kSubscriptionIdentifier) ==
        kVarintMax);
  CHECK(given->of(PropertiesIn::kConnect).empty());
  CHECK(!given->empty());
  CHECK(GivenProperties::parse({})->empty());
}

TEST_CASE("every property that a client may give is taken where it may") {
  const struct {
    const char* command;
    std::vector<const char*> numbers, texts;
  } kAllowed[] = {
      {"connect",
       {"maximum-packet-size", "receive-maximum", "request-problem-information",
        "request-response-information", "session-expiry-interval", "topic-alias-maximum"},
       {"authentication-method"}},
      {"publish",
       {"message-expiry-interval", "payload-format-indicator", "topic-alias"},
       {"content-type", "correlation-data", "response-topic"}},
      {"subscribe", {"subscription-identifier"}, {}},
      {"unsubscribe", {}, {}},
      {"disconnect", {"session-expiry-interval"}, {"reason-string"}},
      {"will",
       {"message-expiry-interval", "payload-format-indicator", "will-delay-interval"},
       {"content-type", "correlation-data", "response-topic"}},
  };
  for (const auto& allowed : kAllowed) {
    CAPTURE(allowed.command);
    for (const char* property : allowed.numbers) {
      CAPTURE(property);
      CHECK(error({{allowed.command, property, "1"}}) == "");
      CHECK(error({{allowed.command, property, "x"}}) ==
            std::string("Property value (x) out of range for property ") + property + ".");
    }
    for (const char* property : allowed.texts) {
      CAPTURE(property);
      CHECK(error({{allowed.command, property, "text"}}) == "");
    }
    CHECK(error({{allowed.command, "user-property", "a", "b"}}) == "");
  }
}

TEST_CASE("rules between properties hold for all that were given, in any order") {
  CHECK(error({{"connect", "authentication-data", "x"}}) != "");
  CHECK(error({{"connect", "authentication-data", "x"},
               {"connect", "authentication-method", "y"}}) == "");
}

TEST_CASE("what cannot be given says why") {
  CHECK(error({{"pingreq", "user-property", "a", "b"}}) ==
        "Invalid command pingreq given in --property argument.");
  CHECK(error({{"publish", "colour", "red"}}) ==
        "Invalid property name colour given in --property argument.");
  CHECK(error({{"publish", "session-expiry-interval", "1"}}) ==
        "session-expiry-interval property not allowed for publish in --property argument.");
  CHECK(error({{"publish", "subscription-identifier", "1"}}) ==
        "subscription-identifier property not supported for publish in --property argument.");
  for (const char* command :
       {"puback", "pubrec", "pubrel", "pubcomp", "suback", "unsuback", "auth"}) {
    CHECK(error({{command, "reason-string", "x"}}) ==
          std::string("reason-string property not supported for ") + command +
              " in --property argument.");
  }
  CHECK(error({{"publish", "payload-format-indicator", "256"}}) ==
        "Property value (256) out of range for property payload-format-indicator.");
  CHECK(error({{"publish", "payload-format-indicator", "2"}}) != "");
  CHECK(error({{"publish", "topic-alias", "65536"}}) ==
        "Property value (65536) out of range for property topic-alias.");
  CHECK(error({{"publish", "topic-alias", "0"}}) != "");
  CHECK(error({{"connect", "receive-maximum", "0"}}) != "");
  CHECK(error({{"publish", "content-type", "\xFF"}}) ==
        "Property content-type is not valid UTF-8.");
  CHECK(error({{"publish", "correlation-data", "\xFF"}}) == "");
  CHECK(error({{"publish", "user-property", "\xFF", "b"}}) != "");
  CHECK(error({{"publish", "user-property", "a", std::string(65'536, 'x')}}) != "");
  CHECK(error({{"publish", "content-type", std::string(65'536, 'x')}}) ==
        "Property content-type is longer than 65535 bytes.");
}

TEST_CASE("only user properties come more than once") {
  CHECK(error({{"publish", "content-type", "a"}, {"publish", "content-type", "b"}}) ==
        "Duplicate property content-type for publish in --property argument.");
  CHECK(error({{"publish", "content-type", "a"}, {"will", "content-type", "b"}}) == "");
}

TEST_CASE("--prop: values of any bytes") {
  const auto of = [](const std::string& text) {
    const auto given = GivenProperties::parse({}, {text});
    return given ? given->of(PropertiesIn::kPublish).front().text : given.error().text;
  };
  CHECK(of("publish.correlation-data=hex:00fFa0") == std::string("\0\xFF\xA0", 3));
  CHECK(of("publish.correlation-data=b64:AP8=") == std::string("\0\xFF", 2));
  CHECK(of("publish.correlation-data=a=b.c") == "a=b.c");
  CHECK(of("publish.correlation-data=") == "");
  CHECK(of("publish.content-type=hex:61") == "a");
  CHECK(of("publish.content-type=hex:ff") == "Property content-type is not valid UTF-8.");
  CHECK(of("publish.correlation-data=hex:0").find("pairs of hexadecimal") != std::string::npos);
  CHECK(of("publish.correlation-data=hex:-1").find("pairs of hexadecimal") != std::string::npos);
  CHECK(of("publish.correlation-data=b64:A").find("must be base64") != std::string::npos);
  CHECK(of("publish.correlation-data=@/no/such").find("/no/such") != std::string::npos);
  CHECK(of("publish=x.y") == "Invalid prop given: publish=x.y, it must be COMMAND.NAME=VALUE.");
  CHECK(of("publish.user-property=x").find("give a user-property with -D") != std::string::npos);
  CHECK(of("nothing.content-type=x") == "Invalid command nothing given in --property argument.");
  const auto number = GivenProperties::parse({}, {"publish.message-expiry-interval=9"});
  CHECK(number->of(PropertiesIn::kPublish).front().number == 9);
  CHECK_FALSE(GivenProperties::parse({words({"publish", "content-type", "a"})},
                                     {"publish.content-type=b"}));
}
