#include "clients/escape.h"

#include <fmt/core.h>

#include "base/utf8.h"

namespace mq {

namespace {

// Whether the well-formed character at the front is one that a terminal acts on.
bool is_control(std::string_view text) {
  const auto c = static_cast<uint8_t>(text[0]);
  // U+0080 to U+009F are control characters, too.
  return c < 0x20 || c == 0x7F || (c == 0xC2 && static_cast<uint8_t>(text[1]) < 0xA0);
}

void append_escape(Buffer& out, char c) {
  switch (c) {
    case '\n': out.append("\\n"); break;
    case '\r': out.append("\\r"); break;
    case '\t': out.append("\\t"); break;
    case '\\': out.append("\\\\"); break;
    default: out.append(fmt::format("\\x{:02x}", static_cast<uint8_t>(c))); break;
  }
}

void append_well_formed(Buffer& out, std::string_view text) {
  size_t plain = 0;  // start of what has still to be copied
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' && !is_control(text.substr(i))) continue;
    out.append(text.substr(plain, i - plain));
    append_escape(out, text[i]);
    if (static_cast<uint8_t>(text[i]) == 0xC2) append_escape(out, text[++i]);
    plain = i + 1;
  }
  out.append(text.substr(plain));
}

}  // namespace

void append_escaped(Buffer& out, std::string_view text) {
  while (!text.empty()) {
    const size_t good = utf8_error(text);
    append_well_formed(out, text.substr(0, good));
    text.remove_prefix(good);
    if (text.empty()) return;
    append_escape(out, text.front());
    text.remove_prefix(1);
  }
}

}  // namespace mq
