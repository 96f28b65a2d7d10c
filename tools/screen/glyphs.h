// Text as a terminal shows it: characters that take one column or two.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mq {

struct Glyph {
  std::array<char32_t, 3> text{};  // a character and what combines with it
  uint8_t columns = 1;
};

// `text`, whatever it is, as glyphs of at most `columns_max` columns; the rest is left out. Control
// characters, bytes that are not UTF-8, and characters that are seen only by what they do to others
// (the direction of writing, say) become C's escapes.
std::vector<Glyph> glyphs(std::string_view text, size_t columns_max);

// The same, with an ellipsis in place of what does not fit: at the end, or in the middle, where
// what texts begin and end with matters.
std::vector<Glyph> fit(std::string_view text, size_t columns_max);
std::vector<Glyph> fit_ends(std::string_view text, size_t columns_max);

size_t columns_of(const std::vector<Glyph>& glyphs);

void append_utf8(std::string& out, char32_t character);

}  // namespace mq
