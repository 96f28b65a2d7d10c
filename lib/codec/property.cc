#include "codec/property.h"

#include <array>
#include <cassert>

#include "base/utf8.h"
#include "codec/limits.h"
#include "codec/topic.h"
#include "codec/varint.h"

namespace mq {
namespace {

using enum PropertiesIn;
using enum PropertyType;

// Which values of an integer property are allowed.
enum class Range : uint8_t { kAny, kNotZero, kZeroOrOne };

constexpr uint16_t in(PropertiesIn where) {
  return static_cast<uint16_t>(1u << static_cast<unsigned>(where));
}
template <class... More>
constexpr uint16_t in(PropertiesIn where, More... more) {
  return in(where) | in(more...);
}
constexpr uint16_t kEverywhere = (1u << (static_cast<unsigned>(kAuth) + 1)) - 1;

struct Rule {
  std::string_view name;
  PropertyType type = kNone;
  uint16_t where = 0;     // in() of each list it may stand in
  uint16_t repeated = 0;  // in() of each list it may stand in more than once
  Range range = Range::kAny;
};

// Table 2-4 of MQTT 5.0, by identifier.
constexpr auto kRules = [] {
  std::array<Rule, 0x2B> rules{};
  const auto set = [&rules](PropertyId id, Rule rule) { rules[static_cast<uint8_t>(id)] = rule; };
  using enum PropertyId;
  set(kPayloadFormatIndicator,
      {"payload-format-indicator", kByte, in(kPublish, kWill), 0, Range::kZeroOrOne});
  set(kMessageExpiryInterval, {"message-expiry-interval", kFourByte, in(kPublish, kWill)});
  set(kContentType, {"content-type", kUtf8, in(kPublish, kWill)});
  set(kResponseTopic, {"response-topic", kUtf8, in(kPublish, kWill)});
  set(kCorrelationData, {"correlation-data", kBinary, in(kPublish, kWill)});
  set(kSubscriptionIdentifier, {"subscription-identifier", kVarint, in(kPublish, kSubscribe),
                                in(kPublish), Range::kNotZero});
  set(kSessionExpiryInterval,
      {"session-expiry-interval", kFourByte, in(kConnect, kConnack, kDisconnect)});
  set(kAssignedClientIdentifier, {"assigned-client-identifier", kUtf8, in(kConnack)});
  set(kServerKeepAlive, {"server-keep-alive", kTwoByte, in(kConnack)});
  set(kAuthenticationMethod, {"authentication-method", kUtf8, in(kConnect, kConnack, kAuth)});
  set(kAuthenticationData, {"authentication-data", kBinary, in(kConnect, kConnack, kAuth)});
  set(kRequestProblemInformation,
      {"request-problem-information", kByte, in(kConnect), 0, Range::kZeroOrOne});
  set(kWillDelayInterval, {"will-delay-interval", kFourByte, in(kWill)});
  set(kRequestResponseInformation,
      {"request-response-information", kByte, in(kConnect), 0, Range::kZeroOrOne});
  set(kResponseInformation, {"response-information", kUtf8, in(kConnack)});
  set(kServerReference, {"server-reference", kUtf8, in(kConnack, kDisconnect)});
  set(kReasonString,
      {"reason-string", kUtf8,
       in(kConnack, kPuback, kPubrec, kPubrel, kPubcomp, kSuback, kUnsuback, kDisconnect, kAuth)});
  set(kReceiveMaximum, {"receive-maximum", kTwoByte, in(kConnect, kConnack), 0, Range::kNotZero});
  set(kTopicAliasMaximum, {"topic-alias-maximum", kTwoByte, in(kConnect, kConnack)});
  set(kTopicAlias, {"topic-alias", kTwoByte, in(kPublish), 0, Range::kNotZero});
  set(kMaximumQos, {"maximum-qos", kByte, in(kConnack), 0, Range::kZeroOrOne});
  set(kRetainAvailable, {"retain-available", kByte, in(kConnack), 0, Range::kZeroOrOne});
  set(kUserProperty, {"user-property", kUtf8Pair, kEverywhere, kEverywhere});
  set(kMaximumPacketSize,
      {"maximum-packet-size", kFourByte, in(kConnect, kConnack), 0, Range::kNotZero});
  set(kWildcardSubscriptionAvailable,
      {"wildcard-subscription-available", kByte, in(kConnack), 0, Range::kZeroOrOne});
  set(kSubscriptionIdentifierAvailable,
      {"subscription-identifier-available", kByte, in(kConnack), 0, Range::kZeroOrOne});
  set(kSharedSubscriptionAvailable,
      {"shared-subscription-available", kByte, in(kConnack), 0, Range::kZeroOrOne});
  return rules;
}();

constexpr Rule kNoRule;

const Rule& rule_of(PropertyId id) {
  const auto index = static_cast<uint8_t>(id);
  return index < kRules.size() ? kRules[index] : kNoRule;
}

constexpr uint64_t bit(PropertyId id) {
  return uint64_t{1} << static_cast<uint8_t>(id);
}

// Takes one value of `type` from the front of `in` into `property`; false when it is truncated or
// not of that type.
bool take_value(PropertyType type, Bytes& in, Property& property) {
  const auto take_text = [&in](std::string_view& text) {
    if (in.size() < 2) return false;
    const size_t length = load_be16(in.data());
    if (in.size() - 2 < length) return false;
    text = to_string_view(in.subspan(2, length));
    in = in.subspan(2 + length);
    return true;
  };
  const auto take_number = [&in, &property](size_t size, uint32_t number) {
    property.number = number;
    in = in.subspan(size);
    return true;
  };
  switch (type) {
    case kByte: return !in.empty() && take_number(1, in[0]);
    case kTwoByte: return in.size() >= 2 && take_number(2, load_be16(in.data()));
    case kFourByte: return in.size() >= 4 && take_number(4, load_be32(in.data()));
    case kVarint: {
      const Varint varint = load_varint(in.data(), in.size());
      return varint.status == VarintStatus::kOk && take_number(varint.size, varint.value);
    }
    case kUtf8: return take_text(property.text) && is_utf8(property.text);
    case kBinary: return take_text(property.text);
    case kUtf8Pair:  // [MQTT-1.5.7-1]
      return take_text(property.text) && is_utf8(property.text) && take_text(property.value) &&
             is_utf8(property.value);
    case kNone: break;
  }
  return false;
}

std::optional<PropertyFault> check_range(const Property& property, Range range) {
  if (range == Range::kNotZero && property.number == 0) {
    // [MQTT-3.3.2-8]; the alias has a Reason Code of its own (section 3.3.4).
    if (property.id == PropertyId::kTopicAlias) {
      return PropertyFault{0, ReasonCode::kTopicAliasInvalid, "topic alias is 0"};
    }
    return PropertyFault{0, ReasonCode::kProtocolError, "property is 0"};
  }
  if (range == Range::kZeroOrOne && property.number > 1) {
    return PropertyFault{0,
                         property.id == PropertyId::kPayloadFormatIndicator
                             ? ReasonCode::kMalformedPacket
                             : ReasonCode::kProtocolError,
                         "property is neither 0 nor 1"};
  }
  // [MQTT-3.3.2-14] [MQTT-4.7.3-1]
  if (property.id == PropertyId::kResponseTopic &&
      topic_name_fault(property.text, UINT32_MAX) != nullptr) {
    return PropertyFault{0, ReasonCode::kProtocolError, "response topic is not a topic name"};
  }
  return std::nullopt;
}

}  // namespace

PropertyType type_of(PropertyId id) {
  return rule_of(id).type;
}

std::string_view name(PropertyId id) {
  return rule_of(id).name;
}

std::optional<PropertyId> property_by_name(std::string_view name) {
  for (size_t id = 0; id < kRules.size(); ++id) {
    if (!name.empty() && kRules[id].name == name) return static_cast<PropertyId>(id);
  }
  return std::nullopt;
}

bool is_allowed(PropertyId id, PropertiesIn where) {
  return (rule_of(id).where & in(where)) != 0;
}

void Properties::Iterator::load() {
  if (at_ == end_) return;
  current_ = {static_cast<PropertyId>(*at_), 0, {}, {}};
  const uint8_t* p = at_ + 1;
  const auto text = [&p] {
    const size_t length = load_be16(p);
    const std::string_view view = to_string_view({p + 2, length});
    p += 2 + length;
    return view;
  };
  switch (type_of(current_.id)) {
    case kByte: current_.number = *p++; break;
    case kTwoByte: current_.number = load_be16(p), p += 2; break;
    case kFourByte: current_.number = load_be32(p), p += 4; break;
    case kVarint: {
      const Varint varint = load_varint(p, static_cast<size_t>(end_ - p));
      current_.number = varint.value;
      p += varint.size;
      break;
    }
    case kUtf8:
    case kBinary: current_.text = text(); break;
    case kUtf8Pair:
      current_.text = text();
      current_.value = text();
      break;
    case kNone: assert(false && "the list was not validated");
  }
  next_ = p;
}

std::optional<uint32_t> Properties::number(PropertyId id) const {
  for (const Property& property : *this) {
    if (property.id == id) return property.number;
  }
  return std::nullopt;
}

std::optional<std::string_view> Properties::text(PropertyId id) const {
  for (const Property& property : *this) {
    if (property.id == id) return property.text;
  }
  return std::nullopt;
}

bool Properties::has(PropertyId id) const {
  return number(id).has_value();
}

std::optional<PropertyFault> check_properties(Bytes encoded, PropertiesIn where) {
  uint64_t seen = 0;
  size_t authentication_data_at = 0;
  for (Bytes rest = encoded; !rest.empty();) {
    const size_t at = encoded.size() - rest.size();
    // All identifiers that exist are one byte long, although they are Variable Byte Integers.
    Property property{static_cast<PropertyId>(rest[0]), 0, {}, {}};
    const Rule& rule = rule_of(property.id);
    if ((rule.where & in(where)) == 0) {
      return PropertyFault{at, ReasonCode::kMalformedPacket, "property is not allowed here"};
    }
    rest = rest.subspan(1);
    if (!take_value(rule.type, rest, property)) {
      return PropertyFault{at, ReasonCode::kMalformedPacket, "property value is malformed"};
    }
    if ((seen & bit(property.id)) != 0 && (rule.repeated & in(where)) == 0) {
      return PropertyFault{at, ReasonCode::kProtocolError, "property is there twice"};
    }
    seen |= bit(property.id);
    if (property.id == PropertyId::kAuthenticationData) authentication_data_at = at;
    if (auto fault = check_range(property, rule.range)) {
      fault->offset = at;
      return fault;
    }
  }
  if ((seen & bit(PropertyId::kAuthenticationMethod)) == 0) {
    // Section 3.1.2.11.10, section 3.15.2.2.2.
    if ((seen & bit(PropertyId::kAuthenticationData)) != 0) {
      return PropertyFault{authentication_data_at, ReasonCode::kProtocolError,
                           "authentication data without a method"};
    }
    if (where == kAuth) {
      return PropertyFault{encoded.size(), ReasonCode::kProtocolError,
                           "authentication method is missing"};
    }
  }
  return std::nullopt;
}

PropertyWriter& PropertyWriter::add(PropertyId id, uint32_t value) {
  to_.put_u8(static_cast<uint8_t>(id));
  switch (type_of(id)) {
    case kByte:
      assert(value <= UINT8_MAX);
      to_.put_u8(static_cast<uint8_t>(value));
      break;
    case kTwoByte:
      assert(value <= UINT16_MAX);
      to_.put_be16(static_cast<uint16_t>(value));
      break;
    case kFourByte: to_.put_be32(value); break;
    case kVarint:
      assert(value <= kVarintMax);
      store_varint(to_.grow(varint_size(value)), value);
      break;
    default: assert(false && "not a number");
  }
  return *this;
}

PropertyWriter& PropertyWriter::add(PropertyId id, std::string_view value) {
  assert(type_of(id) == kUtf8 || type_of(id) == kBinary);
  assert(value.size() <= kStringMax);
  to_.put_u8(static_cast<uint8_t>(id));
  to_.put_be16(static_cast<uint16_t>(value.size()));
  to_.append(value);
  return *this;
}

PropertyWriter& PropertyWriter::add_user(std::string_view name, std::string_view value) {
  assert(name.size() <= kStringMax && value.size() <= kStringMax);
  to_.put_u8(static_cast<uint8_t>(PropertyId::kUserProperty));
  to_.put_be16(static_cast<uint16_t>(name.size()));
  to_.append(name);
  to_.put_be16(static_cast<uint16_t>(value.size()));
  to_.append(value);
  return *this;
}

}  // namespace mq
