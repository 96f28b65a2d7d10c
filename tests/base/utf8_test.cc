#include "base/utf8.h"

#include <string>

#include <doctest/doctest.h>

#include "base/random.h"

using namespace mq;

namespace {

// A decoder by the book: takes the bits out, then asks whether the code point may be written so.
// Gives the offset of the first byte at fault, as utf8_error() does.
size_t reference_error(std::string_view text) {
  size_t at = 0;
  while (at < text.size()) {
    const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[at + i]); };
    size_t length = 0;
    uint32_t code_point = 0;
    if (byte(0) < 0x80) {
      length = 1;
      code_point = byte(0);
    } else if (byte(0) >> 5 == 0b110) {
      length = 2;
      code_point = byte(0) & 0x1Fu;
    } else if (byte(0) >> 4 == 0b1110) {
      length = 3;
      code_point = byte(0) & 0x0Fu;
    } else if (byte(0) >> 3 == 0b11110) {
      length = 4;
      code_point = byte(0) & 0x07u;
    } else {
      return at;
    }
    if (at + length > text.size()) return at;
    for (size_t i = 1; i < length; ++i) {
      if (byte(i) >> 6 != 0b10) return at;
      code_point = code_point << 6 | (byte(i) & 0x3Fu);
    }
    const uint32_t smallest[] = {0, 1, 0x80, 0x800, 0x10000};
    if (code_point < smallest[length]) return at;                 // overlong, or U+0000
    if (code_point >= 0xD800 && code_point <= 0xDFFF) return at;  // surrogate
    if (code_point > 0x10FFFF) return at;
    at += length;
  }
  return at;
}

bool agrees(std::string_view text) {
  return utf8_error(text) == reference_error(text);
}

std::string encoded(uint32_t code_point) {
  const auto tail = [code_point](int shift) {
    return static_cast<char>(0x80 | ((code_point >> shift) & 0x3F));
  };
  if (code_point < 0x80) return {static_cast<char>(code_point)};
  if (code_point < 0x800) return {static_cast<char>(0xC0 | code_point >> 6), tail(0)};
  if (code_point < 0x10000) {
    return {static_cast<char>(0xE0 | code_point >> 12), tail(6), tail(0)};
  }
  return {static_cast<char>(0xF0 | code_point >> 18), tail(12), tail(6), tail(0)};
}

}  // namespace

// These count differences instead of checking each text: there are millions.
TEST_CASE("[MQTT-1.5.4-1] every text of one, two or three bytes is judged as by the book") {
  size_t differences = 0;
  char text[3];
  for (uint32_t bytes = 0; bytes < 1u << 24; ++bytes) {
    for (int i = 0; i < 3; ++i) text[i] = static_cast<char>(bytes >> 8 * i);
    // After an ASCII character there are only two bytes left to judge.
    if ((bytes & 0x80) != 0) differences += !agrees({text, 3});
    if (bytes < 1u << 16) differences += !agrees({text, 2});
    if (bytes < 1u << 8) differences += !agrees({text, 1});
  }
  CHECK(differences == 0);
}

TEST_CASE("[MQTT-1.5.4-1] texts of four bytes at the edges are judged as by the book") {
  const int edges[] = {0x00, 0x01, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF,
                       0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xEC, 0xED, 0xEE, 0xEF,
                       0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xF7, 0xF8, 0xFF};
  size_t differences = 0;
  for (const int a : edges) {
    for (int b = 0; b < 256; ++b) {
      for (const int c : edges) {
        for (const int d : edges) {
          const char text[] = {static_cast<char>(a), static_cast<char>(b), static_cast<char>(c),
                               static_cast<char>(d)};
          differences += !agrees({text, 4});
        }
      }
    }
  }
  CHECK(differences == 0);
}

TEST_CASE("[MQTT-1.5.4-1] every code point but surrogates is well-formed") {
  size_t wrong = 0;
  for (uint32_t code_point = 1; code_point <= 0x10FFFF; ++code_point) {
    const bool surrogate = code_point >= 0xD800 && code_point <= 0xDFFF;
    wrong += is_utf8(encoded(code_point)) == surrogate;
  }
  CHECK(wrong == 0);
  CHECK(!is_utf8(encoded(0x110000)));
}

TEST_CASE("random texts of all lengths are judged as by the book, at the same offset") {
  static constexpr std::string_view kParts[] = {"a",
                                                "b",
                                                "abcdefgh",
                                                "\xC3\xA9",
                                                "\xE2\x82\xAC",
                                                "\xF0\x9F\x98\x80",
                                                "\x80",
                                                "\xED\xA0\x80",
                                                "\xC0\xAF",
                                                "\xF4\x90\x80\x80",
                                                "\xE2\x82"};
  Random random(17);
  size_t differences = 0, good = 0;
  for (int i = 0; i < 100'000; ++i) {
    std::string text;
    // Mostly of good parts, else none would be well-formed.
    const size_t kinds = random.chance(0.5) ? 6 : std::size(kParts);
    for (size_t n = random.below(12); n > 0; --n) text += kParts[random.below(kinds)];
    if (random.chance(0.1)) text += '\0';
    differences += !agrees(text);
    good += is_utf8(text);
  }
  CHECK(differences == 0);
  CHECK(good > 10'000);
}

TEST_CASE("[MQTT-1.5.4-2] U+0000 is ill-formed wherever it stands") {
  for (size_t length = 1; length <= 20; ++length) {
    for (size_t at = 0; at < length; ++at) {
      std::string text(length, 'x');
      text[at] = '\0';
      CHECK(utf8_error(text) == at);
    }
  }
}

TEST_CASE("[MQTT-1.5.4-3] U+FEFF is a character like any other") {
  CHECK(is_utf8("\xEF\xBB\xBF"));
  CHECK(is_utf8("a\xEF\xBB\xBF"));
}

TEST_CASE("control characters and non-characters are well-formed") {
  // Section 1.5.4 says SHOULD NOT; a receiver that closed on them would break their users.
  CHECK(is_utf8("\x01\x1F\x7F"));
  CHECK(is_utf8("\xEF\xBF\xBF"));
  CHECK(is_utf8("\xEF\xB7\x90"));
}

TEST_CASE("an empty text is well-formed") {
  CHECK(is_utf8(""));
}
