// The MQTT Control Packets as plain structs, the same for 3.1, 3.1.1 and 5.0.
//
// All strings, payloads and property lists are views: of the input after decode(), of whatever
// the sender keeps alive before encode(). Fields that a protocol level does not have are empty.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>

#include "base/bytes.h"
#include "codec/property.h"
#include "codec/reason_code.h"
#include "codec/version.h"

namespace mq {

enum class PacketType : uint8_t {
  kConnect = 1,
  kConnack = 2,
  kPublish = 3,
  kPuback = 4,
  kPubrec = 5,
  kPubrel = 6,
  kPubcomp = 7,
  kSubscribe = 8,
  kSuback = 9,
  kUnsubscribe = 10,
  kUnsuback = 11,
  kPingreq = 12,
  kPingresp = 13,
  kDisconnect = 14,
  kAuth = 15,
};

std::string_view name(PacketType type);  // "CONNECT"

// One packet cut out of the stream: fixed header taken apart, the rest untouched.
struct Frame {
  uint8_t first_byte;    // type and flags
  uint8_t header_size;   // bytes of the fixed header
  Bytes body;            // Remaining Length bytes
  PacketType type() const { return static_cast<PacketType>(first_byte >> 4); }
  uint8_t flags() const { return first_byte & 0x0F; }
  size_t size() const { return header_size + body.size(); }
};

struct Will {
  std::string_view topic;
  Bytes payload;
  Qos qos = Qos::kAtMostOnce;
  bool retain = false;
  Properties properties;
};

struct Connect {
  Version version = Version::kV311;
  bool bridge = false;  // level byte with 0x80 set (3.x): mosquitto's mark of a bridge
  bool clean_start = true;
  uint16_t keep_alive_s = 0;  // 0 is off
  std::string_view client_id;
  std::optional<Will> will;
  std::optional<std::string_view> user_name;
  std::optional<Bytes> password;
  Properties properties;
};

struct Connack {
  bool session_present = false;
  ReasonCode reason = ReasonCode::kSuccess;  // 3.x return codes are mapped on the way
  Properties properties;
};

struct Publish {
  bool dup = false;
  Qos qos = Qos::kAtMostOnce;
  bool retain = false;
  std::string_view topic;  // may be empty in 5.0 when topic_alias is set
  uint16_t packet_id = 0;  // 0 at QoS 0
  Properties properties;
  Bytes payload;
  // Picked out of `properties` while they were checked; ignored by encode().
  uint16_t topic_alias = 0;               // 0 is absent
  bool has_subscription_id = false;
  std::optional<uint32_t> expiry_s;       // Message Expiry Interval
};

// PUBACK, PUBREC, PUBREL and PUBCOMP have one shape.
struct Ack {
  PacketType type = PacketType::kPuback;
  uint16_t packet_id = 0;
  ReasonCode reason = ReasonCode::kSuccess;
  Properties properties;
};

enum class RetainHandling : uint8_t { kSend = 0, kSendIfNew = 1, kDoNotSend = 2 };

struct SubscribeOptions {
  Qos qos = Qos::kAtMostOnce;
  bool no_local = false;
  bool retain_as_published = false;
  RetainHandling retain_handling = RetainHandling::kSend;

  uint8_t encoded() const {
    return static_cast<uint8_t>(static_cast<uint8_t>(qos) | no_local << 2 |
                                retain_as_published << 3 |
                                static_cast<uint8_t>(retain_handling) << 4);
  }
  static SubscribeOptions decoded(uint8_t byte) {
    return {static_cast<Qos>(byte & 3), (byte & 4) != 0, (byte & 8) != 0,
            static_cast<RetainHandling>((byte >> 4) & 3)};
  }
  friend bool operator==(const SubscribeOptions&, const SubscribeOptions&) = default;
};

struct Subscription {
  std::string_view filter;
  SubscribeOptions options;  // default in UNSUBSCRIBE
};

// The payload of SUBSCRIBE and UNSUBSCRIBE: `for (Subscription s : packet.filters)`. A view like
// Properties, and valid for the same reason.
class FilterList {
 public:
  FilterList() = default;
  FilterList(Bytes encoded, bool with_options) : encoded_(encoded), with_options_(with_options) {}

  class Iterator {
   public:
    Iterator(const uint8_t* at, bool with_options) : at_(at), with_options_(with_options) {}
    Subscription operator*() const {
      const size_t length = load_be16(at_);
      return {to_string_view({at_ + 2, length}),
              with_options_ ? SubscribeOptions::decoded(at_[2 + length]) : SubscribeOptions{}};
    }
    Iterator& operator++() {
      at_ += 2 + load_be16(at_) + (with_options_ ? 1 : 0);
      return *this;
    }
    friend bool operator==(const Iterator& a, const Iterator& b) { return a.at_ == b.at_; }

   private:
    const uint8_t* at_;
    bool with_options_;
  };

  Iterator begin() const { return {encoded_.data(), with_options_}; }
  Iterator end() const { return {encoded_.data() + encoded_.size(), with_options_}; }
  size_t count() const;
  Bytes encoded() const { return encoded_; }

 private:
  Bytes encoded_;
  bool with_options_ = false;
};

// Builds the payload of a SUBSCRIBE or UNSUBSCRIBE.
class FilterListWriter {
 public:
  FilterListWriter(Buffer& to, bool with_options) : to_(to), with_options_(with_options) {}
  // REQUIRES: filter.size() <= kTopicMax
  FilterListWriter& add(std::string_view filter, SubscribeOptions options = {}) {
    to_.put_be16(static_cast<uint16_t>(filter.size()));
    to_.append(filter);
    if (with_options_) to_.put_u8(options.encoded());
    return *this;
  }
  FilterList list() const { return {to_.bytes(), with_options_}; }

 private:
  Buffer& to_;
  bool with_options_;
};

struct Subscribe {
  uint16_t packet_id = 0;
  Properties properties;
  FilterList filters;
};

struct Suback {
  uint16_t packet_id = 0;
  Properties properties;
  Bytes codes;  // one ReasonCode a filter; in 3.x 0, 1, 2 or 0x80
};

struct Unsubscribe {
  uint16_t packet_id = 0;
  Properties properties;
  FilterList filters;
};

struct Unsuback {
  uint16_t packet_id = 0;
  Properties properties;
  Bytes codes;  // one ReasonCode a filter; empty in 3.x
};

struct Pingreq {};
struct Pingresp {};

struct Disconnect {
  ReasonCode reason = ReasonCode::kSuccess;
  Properties properties;
};

struct Auth {
  ReasonCode reason = ReasonCode::kSuccess;
  Properties properties;
};

using Packet = std::variant<Connect, Connack, Publish, Ack, Subscribe, Suback, Unsubscribe,
                            Unsuback, Pingreq, Pingresp, Disconnect, Auth>;

}  // namespace mq
