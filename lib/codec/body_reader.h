// Reads the fields of a packet's body one after the other.
#pragma once

#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "codec/decode_error.h"
#include "codec/property.h"

namespace mq {

// The first fault sticks: from then on there is nothing left to read and every field comes back
// empty, so a decoder reads its whole packet and asks once, by finish(). Only loops end by
// at_end().
class BodyReader {
 public:
  explicit BodyReader(Bytes body)
      : begin_(body.data()), at_(body.data()), end_(body.data() + body.size()) {}

  bool ok() const { return error_.what == nullptr; }
  bool at_end() const { return at_ == end_; }
  uint32_t offset() const { return static_cast<uint32_t>(at_ - begin_); }

  uint8_t u8() {
    if (left() < 1) return truncated(), uint8_t{0};
    return *at_++;
  }
  uint16_t be16() {
    if (left() < 2) return truncated(), uint16_t{0};
    at_ += 2;
    return load_be16(at_ - 2);
  }
  // [MQTT-2.2.1-3] [MQTT-2.2.1-4]
  uint16_t packet_id() {
    const uint16_t id = be16();
    if (id == 0) fail_at(offset() - 2, ReasonCode::kProtocolError, "packet identifier is 0");
    return id;
  }
  // Binary Data: two bytes of length and what follows.
  Bytes binary() {
    const uint16_t length = be16();
    if (left() < length) return truncated(), Bytes{};
    at_ += length;
    return {at_ - length, length};
  }
  // A UTF-8 Encoded String, checked.
  std::string_view utf8();
  // A list of properties with its length, checked.
  Properties properties(PropertiesIn where) {
    // Most lists are empty. That of AUTH must not be.
    if (left() > 0 && *at_ == 0 && where != PropertiesIn::kAuth) return ++at_, Properties();
    return some_properties(where);
  }
  // All that is left.
  Bytes rest() {
    const Bytes bytes(at_, end_);
    at_ = end_;
    return bytes;
  }
  // Where a field that was read from this body stands.
  uint32_t offset_of(Bytes field) const { return static_cast<uint32_t>(field.data() - begin_); }
  // What was read from `offset` on.
  Bytes since(uint32_t offset) const { return {begin_ + offset, at_}; }

  void fail_at(uint32_t offset, ReasonCode reason, const char* what) {
    if (ok()) error_ = {reason, offset, what};
    at_ = end_;
  }

  // Whether the packet was read to its end without a fault. Bytes that are left over are one.
  bool finish() {
    if (!at_end()) fail_at(offset(), ReasonCode::kMalformedPacket, "bytes after the packet");
    return ok();
  }
  // The first fault. REQUIRES: !ok()
  tl::unexpected<DecodeError> error() const { return tl::unexpected(error_); }

 private:
  Properties some_properties(PropertiesIn where);
  size_t left() const { return static_cast<size_t>(end_ - at_); }
  void truncated() { fail_at(offset(), ReasonCode::kMalformedPacket, "packet is truncated"); }

  const uint8_t* begin_;
  const uint8_t* at_;
  const uint8_t* end_;
  DecodeError error_{ReasonCode::kSuccess, 0, nullptr};
};

}  // namespace mq
