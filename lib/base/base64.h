// Base64 (RFC 4648): with padding, or with the URL-safe alphabet and without.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace mq {

std::string encode_base64(Bytes bytes);
std::string encode_base64url(Bytes bytes);

// Nothing when it is not exactly that: no blanks, no other padding, no bits left over, so that
// bytes have one form only.
std::optional<std::vector<uint8_t>> decode_base64(std::string_view text);
std::optional<std::vector<uint8_t>> decode_base64url(std::string_view text);

}  // namespace mq
