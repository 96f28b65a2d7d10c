#include "base/base64.h"

#include <algorithm>
#include <array>

namespace mq {
namespace {

constexpr std::string_view kDigits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kUrlDigits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

std::string encode(Bytes bytes, std::string_view digits) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  while (!bytes.empty()) {
    const size_t count = std::min<size_t>(bytes.size(), 3);
    uint32_t bits = 0;
    for (size_t i = 0; i < 3; ++i) bits = bits << 8 | (i < count ? bytes[i] : 0u);
    for (size_t i = 0; i <= count; ++i) text += digits[bits >> (18 - 6 * i) & 63];
    bytes = bytes.subspan(count);
  }
  return text;
}

constexpr std::array<int8_t, 256> values_of(std::string_view digits) {
  std::array<int8_t, 256> values{};
  values.fill(-1);
  for (size_t i = 0; i < digits.size(); ++i) {
    values[static_cast<uint8_t>(digits[i])] = static_cast<int8_t>(i);
  }
  return values;
}

// `text` without padding.
std::optional<std::vector<uint8_t>> decode(std::string_view text,
                                           const std::array<int8_t, 256>& values) {
  if (text.size() % 4 == 1) return std::nullopt;
  std::vector<uint8_t> bytes;
  bytes.reserve(text.size() / 4 * 3 + 2);
  uint32_t bits = 0, count = 0;
  for (const char c : text) {
    const int8_t value = values[static_cast<uint8_t>(c)];
    if (value < 0) return std::nullopt;
    bits = bits << 6 | static_cast<uint32_t>(value);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes.push_back(static_cast<uint8_t>(bits >> count));
  }
  if ((bits & ((1u << count) - 1)) != 0) return std::nullopt;
  return bytes;
}

}  // namespace

std::string encode_base64(Bytes bytes) {
  std::string text = encode(bytes, kDigits);
  text.append((4 - text.size() % 4) % 4, '=');
  return text;
}

std::string encode_base64url(Bytes bytes) {
  return encode(bytes, kUrlDigits);
}

std::optional<std::vector<uint8_t>> decode_base64(std::string_view text) {
  static constexpr auto kValues = values_of(kDigits);
  if (text.size() % 4 != 0) return std::nullopt;
  for (int i = 0; i < 2 && text.ends_with('='); ++i) text.remove_suffix(1);
  return decode(text, kValues);
}

std::optional<std::vector<uint8_t>> decode_base64url(std::string_view text) {
  static constexpr auto kValues = values_of(kUrlDigits);
  return decode(text, kValues);
}

}  // namespace mq
