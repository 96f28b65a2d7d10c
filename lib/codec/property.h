// The 27 properties of MQTT 5.0 (section 2.2.2).
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string_view>

#include "base/buffer.h"
#include "base/bytes.h"
#include "codec/reason_code.h"

namespace mq {

enum class PropertyId : uint8_t {
  kPayloadFormatIndicator = 0x01,
  kMessageExpiryInterval = 0x02,
  kContentType = 0x03,
  kResponseTopic = 0x08,
  kCorrelationData = 0x09,
  kSubscriptionIdentifier = 0x0B,
  kSessionExpiryInterval = 0x11,
  kAssignedClientIdentifier = 0x12,
  kServerKeepAlive = 0x13,
  kAuthenticationMethod = 0x15,
  kAuthenticationData = 0x16,
  kRequestProblemInformation = 0x17,
  kWillDelayInterval = 0x18,
  kRequestResponseInformation = 0x19,
  kResponseInformation = 0x1A,
  kServerReference = 0x1C,
  kReasonString = 0x1F,
  kReceiveMaximum = 0x21,
  kTopicAliasMaximum = 0x22,
  kTopicAlias = 0x23,
  kMaximumQos = 0x24,
  kRetainAvailable = 0x25,
  kUserProperty = 0x26,
  kMaximumPacketSize = 0x27,
  kWildcardSubscriptionAvailable = 0x28,
  kSubscriptionIdentifierAvailable = 0x29,
  kSharedSubscriptionAvailable = 0x2A,
};

enum class PropertyType : uint8_t {
  kNone,  // no such property
  kByte, kTwoByte, kFourByte, kVarint, kUtf8, kBinary, kUtf8Pair
};

// Where a property list stands. A will's list has rules of its own.
enum class PropertiesIn : uint8_t {
  kConnect, kWill, kConnack, kPublish, kPuback, kPubrec, kPubrel, kPubcomp, kSubscribe, kSuback,
  kUnsubscribe, kUnsuback, kDisconnect, kAuth
};

PropertyType type_of(PropertyId id);
// The name in the spelling of mosquitto's command line: "message-expiry-interval". Empty for none.
std::string_view name(PropertyId id);
std::optional<PropertyId> property_by_name(std::string_view name);
bool is_allowed(PropertyId id, PropertiesIn where);

struct Property {
  PropertyId id;
  uint32_t number;         // of the integer types
  std::string_view text;   // of kUtf8 and kBinary; the name of a kUtf8Pair
  std::string_view value;  // the value of a kUtf8Pair
};

// A view of an encoded property list without its length. Everything that reads one may rely on
// it being valid: decode() checks it, PropertyWriter cannot write another.
class Properties {
 public:
  Properties() = default;
  // REQUIRES: `encoded` was validated or written by PropertyWriter
  explicit Properties(Bytes encoded) : encoded_(encoded) {}

  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = Property;
    using difference_type = std::ptrdiff_t;
    using pointer = const Property*;
    using reference = const Property&;

    Iterator(const uint8_t* at, const uint8_t* end) : at_(at), end_(end) { load(); }
    reference operator*() const { return current_; }
    pointer operator->() const { return &current_; }
    Iterator& operator++() {
      at_ = next_;
      load();
      return *this;
    }
    // The encoded bytes of the current property, identifier included.
    Bytes encoded() const { return {at_, next_}; }
    friend bool operator==(const Iterator& a, const Iterator& b) { return a.at_ == b.at_; }

   private:
    void load();
    const uint8_t* at_;
    const uint8_t* next_ = nullptr;
    const uint8_t* end_;
    Property current_{};
  };

  Iterator begin() const { return {encoded_.data(), encoded_.data() + encoded_.size()}; }
  Iterator end() const {
    return {encoded_.data() + encoded_.size(), encoded_.data() + encoded_.size()};
  }
  bool empty() const { return encoded_.empty(); }
  Bytes encoded() const { return encoded_; }

  // The first property with that identifier, if there is one.
  std::optional<uint32_t> number(PropertyId id) const;
  std::optional<std::string_view> text(PropertyId id) const;
  bool has(PropertyId id) const;

 private:
  Bytes encoded_;
};

struct PropertyFault {
  size_t offset;      // of the property that is wrong, in the list
  ReasonCode reason;  // Malformed Packet, Protocol Error or Topic Alias invalid
  const char* what;   // for the reason string
};

// What is wrong with an encoded list in this place; nothing when it is valid. Checks types,
// ranges of values, UTF-8, where a property is allowed and how often.
std::optional<PropertyFault> check_properties(Bytes encoded, PropertiesIn where);

// Appends properties to a Buffer that holds only them. The caller keeps to what is_allowed() says.
class PropertyWriter {
 public:
  explicit PropertyWriter(Buffer& to) : to_(to) {}
  // REQUIRES: the property has an integer type and `value` fits it
  PropertyWriter& add(PropertyId id, uint32_t value);
  // REQUIRES: the property is kUtf8 or kBinary and value.size() <= kStringMax
  PropertyWriter& add(PropertyId id, std::string_view value);
  PropertyWriter& add_user(std::string_view name, std::string_view value);

 private:
  Buffer& to_;
};

}  // namespace mq
