#include "codec/property.h"

#include <map>
#include <set>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "codec/limits.h"
#include "support/vectors.h"

using namespace mq;
using namespace mq::test;

namespace {

using enum PropertiesIn;

constexpr PropertiesIn kPlaces[] = {kConnect,     kWill,     kConnack,    kPublish,   kPuback,
                                    kPubrec,      kPubrel,   kPubcomp,    kSubscribe, kSuback,
                                    kUnsubscribe, kUnsuback, kDisconnect, kAuth};

struct Row {
  uint8_t id;
  const char* name;
  const char* valid;  // hex of a valid value
  std::set<PropertiesIn> places;
};

// Table 2-4 once more, as the standard has it: the code under test reads another copy.
const std::vector<Row>& table() {
  static const std::vector<Row> rows = {
      {1, "payload-format-indicator", "01", {kPublish, kWill}},
      {2, "message-expiry-interval", "00000000", {kPublish, kWill}},
      {3, "content-type", "0001 61", {kPublish, kWill}},
      {8, "response-topic", "0001 61", {kPublish, kWill}},
      {9, "correlation-data", "0001 ff", {kPublish, kWill}},
      {11, "subscription-identifier", "8001", {kPublish, kSubscribe}},
      {17, "session-expiry-interval", "ffffffff", {kConnect, kConnack, kDisconnect}},
      {18, "assigned-client-identifier", "0001 61", {kConnack}},
      {19, "server-keep-alive", "0000", {kConnack}},
      {21, "authentication-method", "0001 61", {kConnect, kConnack, kAuth}},
      {22, "authentication-data", "0001 ff", {kConnect, kConnack, kAuth}},
      {23, "request-problem-information", "00", {kConnect}},
      {24, "will-delay-interval", "00000000", {kWill}},
      {25, "request-response-information", "01", {kConnect}},
      {26, "response-information", "0001 61", {kConnack}},
      {28, "server-reference", "0001 61", {kConnack, kDisconnect}},
      {31,
       "reason-string",
       "0001 61",
       {kConnack, kPuback, kPubrec, kPubrel, kPubcomp, kSuback, kUnsuback, kDisconnect, kAuth}},
      {33, "receive-maximum", "0001", {kConnect, kConnack}},
      {34, "topic-alias-maximum", "0000", {kConnect, kConnack}},
      {35, "topic-alias", "0001", {kPublish}},
      {36, "maximum-qos", "01", {kConnack}},
      {37, "retain-available", "00", {kConnack}},
      {38, "user-property", "0001 61 0001 62", {std::begin(kPlaces), std::end(kPlaces)}},
      {39, "maximum-packet-size", "00000001", {kConnect, kConnack}},
      {40, "wildcard-subscription-available", "01", {kConnack}},
      {41, "subscription-identifier-available", "01", {kConnack}},
      {42, "shared-subscription-available", "01", {kConnack}},
  };
  return rows;
}

using List = std::vector<uint8_t>;

// What AUTH and authentication data need besides themselves.
List method_if_needed(uint8_t id, PropertiesIn where) {
  const bool needed = (where == kAuth || id == 22) && id != 21;
  return needed ? from_hex("15 0001 6d") : List();
}

List with(List list, uint8_t id, const char* value) {
  list.push_back(id);
  const List bytes = from_hex(value);
  list.insert(list.end(), bytes.begin(), bytes.end());
  return list;
}

// The Reason Code of the fault, Success when there is none.
ReasonCode fault_of(const List& list, PropertiesIn where) {
  const auto fault = check_properties(list, where);
  return fault ? fault->reason : ReasonCode::kSuccess;
}

ReasonCode fault_of(const char* hex, PropertiesIn where) {
  return fault_of(from_hex(hex), where);
}

constexpr ReasonCode kGood = ReasonCode::kSuccess;
constexpr ReasonCode kMalformed = ReasonCode::kMalformedPacket;
constexpr ReasonCode kProtocol = ReasonCode::kProtocolError;

}  // namespace

TEST_CASE("each of the 27 properties stands in its packets and is malformed in all others") {
  CHECK(table().size() == 27);
  for (const Row& row : table()) {
    for (const PropertiesIn where : kPlaces) {
      INFO(row.name, " in place ", static_cast<int>(where));
      const bool allowed = row.places.contains(where);
      CHECK(is_allowed(static_cast<PropertyId>(row.id), where) == allowed);
      const List list = with(method_if_needed(row.id, where), row.id, row.valid);
      CHECK(fault_of(list, where) == (allowed ? kGood : kMalformed));
    }
  }
}

TEST_CASE("an identifier that is none of the 27 is malformed everywhere") {
  std::set<int> known;
  for (const Row& row : table()) known.insert(row.id);
  for (int id = 0; id < 256; ++id) {
    if (known.contains(id)) continue;
    CHECK(type_of(static_cast<PropertyId>(id)) == PropertyType::kNone);
    CHECK(name(static_cast<PropertyId>(id)).empty());
    for (const PropertiesIn where : kPlaces) {
      CHECK(!is_allowed(static_cast<PropertyId>(id), where));
      CHECK(fault_of(with({}, static_cast<uint8_t>(id), "00000000"), where) == kMalformed);
    }
  }
}

TEST_CASE("a property twice is a protocol error, but for those that may repeat") {
  for (const Row& row : table()) {
    for (const PropertiesIn where : row.places) {
      INFO(row.name, " in place ", static_cast<int>(where));
      const List once = with(method_if_needed(row.id, where), row.id, row.valid);
      const List twice = with(once, row.id, row.valid);
      const bool repeats = row.id == 38 || (row.id == 11 && where == kPublish);
      const auto fault = check_properties(twice, where);
      CHECK(fault.has_value() == !repeats);
      if (!fault) continue;
      CHECK(fault->reason == kProtocol);
      CHECK(fault->offset == once.size());
    }
  }
}

TEST_CASE("a property cut short is malformed at its own offset") {
  for (const Row& row : table()) {
    for (const PropertiesIn where : row.places) {
      INFO(row.name);
      const List before = with(method_if_needed(row.id, where), 38, "0000 0000");
      List list = with(before, row.id, row.valid);
      for (list.pop_back(); list.size() > before.size(); list.pop_back()) {
        const auto fault = check_properties(list, where);
        REQUIRE(fault.has_value());
        CHECK(fault->reason == kMalformed);
        CHECK(fault->offset == before.size());
      }
    }
  }
}

TEST_CASE("names of properties lead back to them") {
  for (const Row& row : table()) {
    CHECK(name(static_cast<PropertyId>(row.id)) == row.name);
    CHECK(property_by_name(row.name) == static_cast<PropertyId>(row.id));
  }
  CHECK(!property_by_name("").has_value());
  CHECK(!property_by_name("Topic-Alias").has_value());
}

TEST_CASE("values that must not be 0") {
  CHECK(fault_of("21 0000", kConnect) == kProtocol);
  CHECK(fault_of("21 0000", kConnack) == kProtocol);
  CHECK(fault_of("27 00000000", kConnect) == kProtocol);
  CHECK(fault_of("0b 00", kSubscribe) == kProtocol);
  CHECK(fault_of("0b 00", kPublish) == kProtocol);
  CHECK(fault_of("23 0000", kPublish) == ReasonCode::kTopicAliasInvalid);
  CHECK(fault_of("22 0000", kConnect) == kGood);
}

TEST_CASE("bytes that are 0 or 1") {
  for (const char* id : {"24", "25", "28", "29", "2a"}) {
    CHECK(fault_of((std::string(id) + "00").c_str(), kConnack) == kGood);
    CHECK(fault_of((std::string(id) + "01").c_str(), kConnack) == kGood);
    CHECK(fault_of((std::string(id) + "02").c_str(), kConnack) == kProtocol);
    CHECK(fault_of((std::string(id) + "ff").c_str(), kConnack) == kProtocol);
  }
  CHECK(fault_of("17 02", kConnect) == kProtocol);
  CHECK(fault_of("19 02", kConnect) == kProtocol);
  CHECK(fault_of("01 02", kPublish) == kMalformed);
  CHECK(fault_of("01 80", kWill) == kMalformed);
}

TEST_CASE("authentication data needs a method, and AUTH always does") {
  for (const PropertiesIn where : {kConnect, kConnack, kAuth}) {
    CHECK(fault_of("16 0001 64", where) == kProtocol);
    CHECK(fault_of("16 0001 64 15 0001 6d", where) == kGood);
  }
  CHECK(fault_of("", kAuth) == kProtocol);
  CHECK(fault_of("15 0000", kAuth) == kGood);
  CHECK(fault_of("", kConnect) == kGood);
}

TEST_CASE("text properties are UTF-8, binary ones are anything") {
  for (const Row& row : table()) {
    const PropertyType type = type_of(static_cast<PropertyId>(row.id));
    const PropertiesIn where = *row.places.begin();
    const List bad = with(method_if_needed(row.id, where), row.id, "0002 c328");
    if (type == PropertyType::kUtf8) CHECK(fault_of(bad, where) == kMalformed);
    if (type == PropertyType::kBinary) CHECK(fault_of(bad, where) == kGood);
  }
}

TEST_CASE("iterating a list gives every property as it was written, in order") {
  Buffer buffer;
  const std::string longest(kStringMax, 'l');
  PropertyWriter(buffer)
      .add(PropertyId::kPayloadFormatIndicator, 1)
      .add_user("b", "2")
      .add(PropertyId::kTopicAlias, 65535)
      .add(PropertyId::kMessageExpiryInterval, 0xFFFFFFFF)
      .add(PropertyId::kSubscriptionIdentifier, kVarintMax)
      .add(PropertyId::kCorrelationData, std::string_view("\0\xFF", 2))
      .add(PropertyId::kContentType, longest)
      .add_user("", "")
      .add_user("b", "1");
  CHECK(!check_properties(buffer.bytes(), kPublish).has_value());
  const Properties properties(buffer.bytes());
  CHECK(!properties.empty());
  const std::vector<Property> list(properties.begin(), properties.end());
  REQUIRE(list.size() == 9);
  CHECK(list[0].number == 1);
  CHECK((list[1].text == "b" && list[1].value == "2"));
  CHECK(list[2].number == 65535);
  CHECK(list[3].number == 0xFFFFFFFF);
  CHECK(list[4].number == kVarintMax);
  CHECK(list[5].text == std::string_view("\0\xFF", 2));
  CHECK(list[6].text == longest);
  CHECK((list[7].id == PropertyId::kUserProperty && list[7].text.empty()));
  CHECK((list[8].text == "b" && list[8].value == "1"));
}

TEST_CASE("the encoded bytes of the properties together are the list") {
  Buffer buffer;
  PropertyWriter(buffer).add(PropertyId::kReasonString, "why").add_user("k", "v").add_user("", "");
  const Properties properties(buffer.bytes());
  Buffer joined;
  for (auto it = properties.begin(); it != properties.end(); ++it) joined.append(it.encoded());
  CHECK(equal(joined.bytes(), buffer.bytes()));
}

TEST_CASE("looking a property up finds the first one or nothing") {
  Buffer buffer;
  PropertyWriter(buffer)
      .add(PropertyId::kSubscriptionIdentifier, 5)
      .add(PropertyId::kSubscriptionIdentifier, 6)
      .add(PropertyId::kResponseTopic, "r");
  const Properties properties(buffer.bytes());
  CHECK(properties.number(PropertyId::kSubscriptionIdentifier) == 5);
  CHECK(properties.text(PropertyId::kResponseTopic) == "r");
  CHECK(properties.has(PropertyId::kResponseTopic));
  CHECK(!properties.number(PropertyId::kTopicAlias).has_value());
  CHECK(!properties.text(PropertyId::kContentType).has_value());
  CHECK(!Properties().has(PropertyId::kUserProperty));
}
