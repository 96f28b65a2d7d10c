// Variable Byte Integers (section 1.5.5).
#pragma once

#include <cstddef>
#include <cstdint>

#include "codec/limits.h"

namespace mq {

inline constexpr size_t varint_size(uint32_t value) {
  return value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x200000 ? 3 : 4;
}

// Writes the shortest form [MQTT-1.5.5-1] and returns the byte after it.
// REQUIRES: value <= kVarintMax
inline uint8_t* store_varint(uint8_t* p, uint32_t value) {
  while (value >= 0x80) {
    *p++ = static_cast<uint8_t>(value | 0x80);
    value >>= 7;
  }
  *p++ = static_cast<uint8_t>(value);
  return p;
}

enum class VarintStatus : uint8_t { kOk, kIncomplete, kMalformed };

struct Varint {
  VarintStatus status;
  uint8_t size;  // bytes it took; with kMalformed, bytes looked at
  uint32_t value;
};

// Reads one from the `n` bytes at `p`. Longer than needed or than four bytes is malformed.
inline Varint load_varint(const uint8_t* p, size_t n) {
  if (n > 0 && p[0] < 0x80) return {VarintStatus::kOk, 1, p[0]};  // most are one byte
  uint32_t value = 0;
  for (uint8_t i = 0; i < 4; ++i) {
    if (i >= n) return {VarintStatus::kIncomplete, i, 0};
    value |= uint32_t{p[i] & 0x7Fu} << (7 * i);
    if ((p[i] & 0x80) == 0) {
      const uint8_t size = static_cast<uint8_t>(i + 1);
      if (i > 0 && p[i] == 0) return {VarintStatus::kMalformed, size, 0};
      return {VarintStatus::kOk, size, value};
    }
  }
  return {VarintStatus::kMalformed, 4, 0};
}

}  // namespace mq
