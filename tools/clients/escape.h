// Text made harmless for a terminal.
#pragma once

#include <string_view>

#include "base/buffer.h"

namespace mq {

// `text` with C's escapes for control characters, for backslashes and for bytes that are not UTF-8.
void append_escaped(Buffer& out, std::string_view text);

}  // namespace mq
