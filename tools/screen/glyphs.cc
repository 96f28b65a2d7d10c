#include "screen/glyphs.h"

#include <wchar.h>

#include <locale.h>
#include <algorithm>
#include <clocale>

#include <fmt/core.h>

#include "base/utf8.h"

namespace mq {
namespace {

constexpr Glyph kEllipsis{{U'\u2026'}, 1};

struct Decoded {
  char32_t character;
  size_t bytes;
};

// The first character; no bytes when it is not UTF-8.
Decoded decode(std::string_view text) {
  const auto byte = [text](size_t i) { return static_cast<uint8_t>(text[i]); };
  const auto more = [&byte](size_t i) { return static_cast<char32_t>(byte(i) & 0x3F); };
  const uint8_t first = byte(0);
  if (first == 0) return {0, 1};
  const size_t size = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  if (!is_utf8(text.substr(0, size)) || text.size() < size) return {0, 0};
  switch (size) {
    case 1: return {first, 1};
    case 2: return {(first & 0x1FU) << 6 | more(1), 2};
    case 3: return {(first & 0x0FU) << 12 | more(1) << 6 | more(2), 3};
    default: return {(first & 0x07U) << 18 | more(1) << 12 | more(2) << 6 | more(3), 4};
  }
}

// Columns by the tables of the C library, whatever locale the user has: what MQTT carries is UTF-8.
// 0 for what combines, -1 for what cannot be shown.
int columns_of(char32_t character) {
  if (character >= 0x20 && character < 0x7F) return 1;
  static const locale_t unicode = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  if (unicode == nullptr) return -1;
  const locale_t before = uselocale(unicode);
  const int columns = wcwidth(static_cast<wchar_t>(character));
  uselocale(before);
  return columns;
}

// Characters without a look of their own (Unicode's category Cf) and those that choose between
// looks: what terminals do with them differs, and it is never what the columns say.
bool is_invisible(char32_t c) {
  struct Range {
    char32_t first, last;
  };
  static constexpr Range kRanges[] = {
      {0xAD, 0xAD},       {0x600, 0x605},     {0x61C, 0x61C},     {0x6DD, 0x6DD},
      {0x70F, 0x70F},     {0x8E2, 0x8E2},     {0x115F, 0x1160},   {0x180B, 0x180F},
      {0x200B, 0x200F},   {0x2028, 0x202E},   {0x2060, 0x206F},   {0x3164, 0x3164},
      {0xFE00, 0xFE0F},   {0xFEFF, 0xFEFF},   {0xFFA0, 0xFFA0},   {0xFFF0, 0xFFFB},
      {0x1BCA0, 0x1BCA3}, {0x1D173, 0x1D17A}, {0xE0000, 0xE0FFF},
  };
  return std::ranges::any_of(kRanges, [c](Range r) { return c >= r.first && c <= r.last; });
}

std::string escape_of(std::string_view text, Decoded decoded) {
  switch (decoded.bytes == 0 ? 1 : decoded.character) {
    case U'\n': return "\\n";
    case U'\r': return "\\r";
    case U'\t': return "\\t";
    default: break;
  }
  if (decoded.bytes < 2) return fmt::format("\\x{:02x}", static_cast<uint8_t>(text[0]));
  return fmt::format("\\u{{{:x}}}", static_cast<uint32_t>(decoded.character));
}

size_t add(Glyph& to, char32_t combining) {
  const auto free = std::ranges::find(to.text, U'\0');
  if (free != to.text.end()) *free = combining;  // more than that many are not shown
  return 0;
}

// `text` from its end on, at most so many columns: the suffix that is looked at is bounded.
std::vector<Glyph> last_glyphs(std::string_view text, size_t columns_max) {
  // Four bytes a character, and some that combine with each.
  size_t from = text.size() - std::min(text.size(), columns_max * 12);
  while (from < text.size() && (static_cast<uint8_t>(text[from]) & 0xC0) == 0x80) ++from;
  std::vector<Glyph> all = glyphs(text.substr(from), SIZE_MAX);
  size_t columns = columns_of(all);
  size_t drop = 0;
  while (columns > columns_max) columns -= all[drop++].columns;
  all.erase(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(drop));
  return all;
}

bool fits(const std::vector<Glyph>& shown, size_t columns_max) {
  return columns_of(shown) <= columns_max;
}

}  // namespace

std::vector<Glyph> glyphs(std::string_view text, size_t columns_max) {
  std::vector<Glyph> result;
  size_t columns = 0;
  while (!text.empty()) {
    const Decoded decoded = decode(text);
    const bool shown =
        decoded.bytes > 0 && decoded.character != 0 && !is_invisible(decoded.character);
    const int width = shown ? columns_of(decoded.character) : -1;
    if (width == 0 && !result.empty()) {
      add(result.back(), decoded.character);
    } else if (width > 0) {
      columns += static_cast<size_t>(width);
      if (columns > columns_max) break;
      result.push_back({{decoded.character}, static_cast<uint8_t>(width)});
    } else {
      const std::string escape = escape_of(text, decoded);
      columns += escape.size();
      if (columns > columns_max) break;
      for (const char c : escape) result.push_back({{static_cast<char32_t>(c)}, 1});
    }
    text.remove_prefix(std::max<size_t>(decoded.bytes, 1));
  }
  return result;
}

std::vector<Glyph> fit(std::string_view text, size_t columns_max) {
  if (columns_max == 0) return {};
  // An escape does not end in the middle, so that one column more tells whether all of it fits.
  std::vector<Glyph> shown = glyphs(text, columns_max);
  if (fits(glyphs(text, columns_max + 16), columns_max)) return shown;
  size_t columns = columns_of(shown);
  while (columns > columns_max - 1) {
    columns -= shown.back().columns;
    shown.pop_back();
  }
  shown.push_back(kEllipsis);
  return shown;
}

std::vector<Glyph> fit_ends(std::string_view text, size_t columns_max) {
  if (columns_max < 5) return fit(text, columns_max);
  std::vector<Glyph> shown = glyphs(text, columns_max + 16);
  if (fits(shown, columns_max)) return shown;
  // More of the end: topics of one place begin alike.
  shown = glyphs(text, (columns_max - 1) / 3);
  shown.push_back(kEllipsis);
  const std::vector<Glyph> end = last_glyphs(text, columns_max - columns_of(shown));
  shown.insert(shown.end(), end.begin(), end.end());
  return shown;
}

size_t columns_of(const std::vector<Glyph>& glyphs) {
  size_t columns = 0;
  for (const Glyph& glyph : glyphs) columns += glyph.columns;
  return columns;
}

void append_utf8(std::string& out, char32_t character) {
  const auto put = [&out](char32_t byte) { out += static_cast<char>(byte); };
  if (character < 0x80) {
    put(character);
  } else if (character < 0x800) {
    put(0xC0 | character >> 6);
    put(0x80 | (character & 0x3F));
  } else if (character < 0x10000) {
    put(0xE0 | character >> 12);
    put(0x80 | (character >> 6 & 0x3F));
    put(0x80 | (character & 0x3F));
  } else {
    put(0xF0 | character >> 18);
    put(0x80 | (character >> 12 & 0x3F));
    put(0x80 | (character >> 6 & 0x3F));
    put(0x80 | (character & 0x3F));
  }
}

}  // namespace mq
