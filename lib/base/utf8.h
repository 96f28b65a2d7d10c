// MQTT's rules for UTF-8 Encoded Strings.
#pragma once

#include <cstddef>
#include <string_view>

namespace mq {

// The offset of the first byte that makes `text` ill-formed, text.size() when it is well-formed.
// Ill-formed is what RFC 3629 says (overlong forms, surrogates, above U+10FFFF) and U+0000
// [MQTT-1.5.4-1] [MQTT-1.5.4-2]. U+FEFF is a character like any other [MQTT-1.5.4-3].
size_t utf8_error(std::string_view text);

inline bool is_utf8(std::string_view text) { return utf8_error(text) == text.size(); }

}  // namespace mq
