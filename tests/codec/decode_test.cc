// What the vectors do not say: peek_level(), what decode() picks out for its callers, and where
// views point to.
#include "codec/decode.h"

#include <string>

#include <doctest/doctest.h>

#include "wire.h"

using namespace mq;
using namespace mq::test;

namespace {

std::optional<uint8_t> level_of(const char* hex, uint8_t first_byte = 0x10) {
  const std::vector<uint8_t> body = from_hex(hex);
  return peek_level({first_byte, 2, body});
}

Publish publish(const std::vector<uint8_t>& bytes, Side from = Side::kClient) {
  const auto packet = decode_bytes(bytes, Version::kV5, from);
  REQUIRE(packet.has_value());
  return std::get<Publish>(*packet);
}

}  // namespace

TEST_CASE("[MQTT-3.1.2-2] the level is seen of protocols that are refused") {
  CHECK(level_of("0004 4d515454 05") == 5);
  CHECK(level_of("0004 4d515454 04 02") == 4);
  CHECK(level_of("0004 4d515454 06") == 6);
  CHECK(level_of("0004 4d515454 00") == 0);
  CHECK(level_of("0006 4d5149736470 03") == 3);
  CHECK(level_of("0006 4d5149736470 09") == 9);
}

TEST_CASE("the level is seen without its bridge bit") {
  CHECK(level_of("0004 4d515454 84") == 4);
  CHECK(level_of("0006 4d5149736470 83") == 3);
}

TEST_CASE("there is no level in what is not a CONNECT of ours") {
  CHECK(!level_of("0004 48545450 05").has_value());
  CHECK(!level_of("0004 4d515454").has_value());
  CHECK(!level_of("0009 4d515454").has_value());
  CHECK(!level_of("").has_value());
  CHECK(!level_of("0004 4d515454 05", 0x30).has_value());
}

TEST_CASE("alias, expiry and subscription identifiers of a PUBLISH are picked out") {
  const auto bytes = from_hex("30 11 0001 61 0c 23 0102 02 00000e10 0b 05 0b 06 78");
  const Publish packet = publish(bytes, Side::kServer);
  CHECK(packet.topic_alias == 0x0102);
  CHECK(packet.expiry_s == 3600);
  CHECK(packet.has_subscription_id);
  CHECK(to_string_view(packet.payload) == "x");
}

TEST_CASE("a PUBLISH without properties has nothing picked out") {
  const auto bytes = from_hex("30 04 0001 61 00");
  const Publish packet = publish(bytes);
  CHECK(packet.topic_alias == 0);
  CHECK(!packet.expiry_s.has_value());
  CHECK(!packet.has_subscription_id);
}

TEST_CASE("an expiry of 0 is not an absent one") {
  const auto bytes = from_hex("30 09 0001 61 05 02 00000000");
  CHECK(publish(bytes).expiry_s == 0);
}

TEST_CASE("views of a decoded packet point into its frame") {
  const auto bytes = from_hex("30 06 0001 61 00 78 79");
  const Publish packet = publish(bytes);
  CHECK(to_bytes(packet.topic).data() == bytes.data() + 4);
  CHECK(packet.payload.data() == bytes.data() + 6);
}

TEST_CASE("[MQTT-2.2.1-2] a PUBLISH at QoS 0 has no packet identifier") {
  // What would be one at QoS 1 is payload.
  const auto bytes = from_hex("30 05 0001 61 0007");
  const auto packet = decode_bytes(bytes, Version::kV311, Side::kClient);
  REQUIRE(packet.has_value());
  CHECK(std::get<Publish>(*packet).packet_id == 0);
  CHECK(std::get<Publish>(*packet).payload.size() == 2);
}

TEST_CASE("of several faults the first in the packet is reported") {
  // Topic alias 0 before a property that does not exist.
  const auto bytes = from_hex("30 09 0001 61 05 23 0000 7f 00");
  const auto packet = decode_bytes(bytes, Version::kV5, Side::kClient);
  REQUIRE(!packet.has_value());
  CHECK(packet.error().reason == ReasonCode::kTopicAliasInvalid);
  CHECK(packet.error().offset == 4);
  CHECK(std::string(packet.error().what) == "topic alias is 0");
}
