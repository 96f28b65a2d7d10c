#include "base/utf8.h"

#include <cstdint>
#include <cstring>

namespace mq {
namespace {

// The length of the well-formed sequence at `p` with `left` bytes, 0 when there is none.
size_t sequence_length(const unsigned char* p, size_t left) {
  const unsigned char first = p[0];
  if (first < 0x80) return first == 0 ? 0 : 1;
  // RFC 3629 section 4: the second byte's range depends on the first.
  size_t length = 0;
  unsigned char low = 0x80, high = 0xBF;
  if (first >= 0xC2 && first <= 0xDF) {
    length = 2;
  } else if (first >= 0xE0 && first <= 0xEF) {
    length = 3;
    if (first == 0xE0) low = 0xA0;
    if (first == 0xED) high = 0x9F;
  } else if (first >= 0xF0 && first <= 0xF4) {
    length = 4;
    if (first == 0xF0) low = 0x90;
    if (first == 0xF4) high = 0x8F;
  }
  if (length == 0 || length > left || p[1] < low || p[1] > high) return 0;
  for (size_t i = 2; i < length; ++i) {
    if ((p[i] & 0xC0) != 0x80) return 0;
  }
  return length;
}

// True when none of the eight bytes is zero or has its top bit set.
bool plain_ascii(uint64_t word) {
  constexpr uint64_t kOnes = 0x0101010101010101, kTops = 0x8080808080808080;
  return ((word | (word - kOnes)) & kTops) == 0;
}

}  // namespace

size_t utf8_error(std::string_view text) {
  const auto* p = reinterpret_cast<const unsigned char*>(text.data());
  size_t at = 0;
  while (at < text.size()) {
    uint64_t word = 0;
    if (text.size() - at >= sizeof word) {
      std::memcpy(&word, p + at, sizeof word);
      if (plain_ascii(word)) {
        at += sizeof word;
        continue;
      }
    }
    const size_t length = sequence_length(p + at, text.size() - at);
    if (length == 0) return at;
    at += length;
  }
  return at;
}

}  // namespace mq
