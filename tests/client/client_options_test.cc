#include "client/client_options.h"

#include <doctest/doctest.h>

#include "client/client_script.h"

using namespace mq;
using namespace mq::test;

namespace {

std::string fault(const ClientOptions& options) {
  const auto result = check(options);
  return result ? "" : result.error().text;
}

}  // namespace

TEST_CASE("the default options are valid at every level that needs no client identifier") {
  CHECK(fault(v311()).empty());
  CHECK(fault(v5()).empty());
  CHECK(fault(v31()).empty());
}

TEST_CASE("[MQTT-3.1.3-4] the client identifier is a UTF-8 Encoded String") {
  ClientOptions options;
  options.client_id = "\xff";
  CHECK(fault(options) == "the client identifier is not UTF-8 or contains U+0000");
  options.client_id = std::string(65'536, 'c');
  CHECK(fault(options) == "the client identifier is longer than 65535 bytes");
  options.client_id.pop_back();
  CHECK(fault(options).empty());
}

TEST_CASE("[MQTT-3.1.3-7] of 3.1.1: a session that is kept needs a client identifier") {
  ClientOptions options;
  options.clean_start = false;
  CHECK(fault(options) == "a session that is kept needs a client identifier");
  options.version = Version::kV5;  // which assigns one
  CHECK(fault(options).empty());
  options.version = Version::kV31;
  CHECK(fault(options) == "MQTT 3.1 needs a client identifier");
}

TEST_CASE("[MQTT-3.1.2-22] of 3.1.1: a password needs a user name, except in 5.0") {
  ClientOptions options;
  options.password = "p";
  CHECK(fault(options) == "a password without a user name needs MQTT 5.0");
  options.version = Version::kV5;
  CHECK(fault(options).empty());
  options.password = std::string(65'536, 'p');
  CHECK(fault(options) == "the password is longer than 65535 bytes");
}

TEST_CASE("[MQTT-3.1.3-11] [MQTT-3.1.3-12] will topic and user name") {
  ClientOptions options;
  options.user_name = std::string("u\0", 2);
  CHECK(fault(options) == "the user name is not UTF-8 or contains U+0000");
  options.user_name.reset();
  options.will = WillOptions{.topic = "a/#"};
  CHECK(fault(options).starts_with("the will topic cannot be used: "));
  options.will->topic = "\xed\xa0\x80";
  CHECK(fault(options) == "the will topic is not UTF-8 or contains U+0000");
  options.will->topic = "a";
  CHECK(fault(options).empty());
  options.will->payload = std::string(65'536, 'x');
  CHECK(fault(options) == "the will payload is longer than 65535 bytes");
}

TEST_CASE("properties are checked for their place, their number and their value") {
  ClientOptions options = v5();
  SUBCASE("place") {
    options.properties.add(PropertyId::kContentType, "t");
    CHECK(fault(options) == "connect property content-type: property is not allowed here");
  }
  SUBCASE("number") {
    options.properties.add(PropertyId::kReceiveMaximum, 1u).add(PropertyId::kReceiveMaximum, 2u);
    CHECK(fault(options) == "connect property receive-maximum: property is there twice");
  }
  SUBCASE("value, of a field too") {
    options.maximum_packet_size = 0u;
    CHECK(fault(options) == "connect property maximum-packet-size: property is 0");
  }
  SUBCASE("of the will") {
    options.will = WillOptions{.topic = "a"};
    options.will->properties.add(PropertyId::kSessionExpiryInterval, 1u);
    CHECK(fault(options) == "will property session-expiry-interval: property is not allowed here");
  }
}

TEST_CASE("a PropertyList keeps its order and can be copied") {
  PropertyList list;
  CHECK(list.empty());
  list.add_user("a", "b").add(PropertyId::kReceiveMaximum, 9u).add(PropertyId::kReasonString, "r");
  const PropertyList copy = list;
  list.add(copy.view());
  CHECK(hex(copy.view().encoded()) == "26 00 01 61 00 01 62 21 00 09 1f 00 01 72");
  CHECK(list.view().encoded().size() == 2 * copy.view().encoded().size());
}
