#include "screen/glyphs.h"

#include <string>

#include <doctest/doctest.h>

#include "screen/canvas.h"

using namespace mq;

namespace {

std::string shown(const std::vector<Glyph>& glyphs) {
  std::string text;
  for (const Glyph& glyph : glyphs) {
    for (const char32_t c : glyph.text) {
      if (c != 0) append_utf8(text, c);
    }
  }
  return text;
}

std::string all(std::string_view text) {
  return shown(glyphs(text, SIZE_MAX));
}

}  // namespace

TEST_CASE("characters of one column, of two, and those that combine") {
  CHECK(columns_of(glyphs("abc", SIZE_MAX)) == 3);
  CHECK(columns_of(glyphs("温度", SIZE_MAX)) == 4);
  CHECK(columns_of(glyphs("é", SIZE_MAX)) == 1);
  CHECK(columns_of(glyphs("e\u0301", SIZE_MAX)) == 1);
  CHECK(all("e\u0301") == "e\u0301");
  CHECK(columns_of(glyphs("🎉", SIZE_MAX)) == 2);
  CHECK(glyphs("", SIZE_MAX).empty());
}

TEST_CASE("what a terminal would act on is escaped") {
  CHECK(all("a\nb\tc\r") == "a\\nb\\tc\\r");
  CHECK(all("\x1B[31mred") == "\\x1b[31mred");
  CHECK(all(std::string_view("a\0b", 3)) == "a\\x00b");
  CHECK(all("\x7F") == "\\x7f");
  CHECK(all("\u0085") == "\\u{85}");
  CHECK(all("\u202Eevil") == "\\u{202e}evil");
  CHECK(all("\u200B") == "\\u{200b}");
  CHECK(all("\uFE0F") == "\\u{fe0f}");
  CHECK(all("\u0301") == "\\u{301}");  // nothing in front of it to combine with
}

TEST_CASE("bytes that are not UTF-8 are escaped one by one") {
  CHECK(all("\xFF\xFE") == "\\xff\\xfe");
  CHECK(all("a\xC3") == "a\\xc3");
  CHECK(all("\xE6\xB8z") == "\\xe6\\xb8z");
  CHECK(all("\xED\xA0\x80") == "\\xed\\xa0\\x80");  // a surrogate
}

TEST_CASE("text is cut off with an ellipsis, in whole characters") {
  CHECK(shown(fit("abcdef", 6)) == "abcdef");
  CHECK(shown(fit("abcdef", 5)) == "abcd…");
  CHECK(shown(fit("温度计", 6)) == "温度计");
  CHECK(shown(fit("温度计", 5)) == "温度…");
  CHECK(shown(fit("温度计", 4)) == "温…");
  CHECK(shown(fit("a\x1B", 4)) == "a…");  // not half an escape
  CHECK(shown(fit("abc", 1)) == "…");
  CHECK(fit("abc", 0).empty());
}

TEST_CASE("of a topic the middle goes") {
  CHECK(shown(fit_ends("building/floor/room/temperature", 31)) ==
        "building/floor/room/temperature");
  CHECK(shown(fit_ends("building/floor/room/temperature", 20)) == "buildi…m/temperature");
  CHECK(columns_of(fit_ends(std::string(65'000, 'x') + "温", 30)) == 30);
  CHECK(columns_of(fit_ends(std::string(65'000, '\xFF'), 30)) <= 30);
  CHECK(shown(fit_ends("abcdef", 4)) == "abc…");
}

TEST_CASE("a canvas takes what fits and nothing else") {
  Canvas canvas({2, 6});
  CHECK(canvas.text(0, 0, "abc") == 3);
  CHECK(canvas.text(0, 4, "温度") == 1);  // "…"
  CHECK(canvas.row_text(0) == "abc …");
  canvas.text_right(1, 6, "温");
  CHECK(canvas.row_text(1) == "    温");
  CHECK(canvas.at(1, 5).text[0] == 0);
  CHECK(canvas.text(2, 0, "x") == 0);
  CHECK(canvas.text(0, 6, "x") == 0);
  canvas.put(5, 5, U'x');
  canvas.paint(0, 4, 100, Style::kTitle);
  CHECK(canvas.at(0, 3).style == Style::kPlain);
  CHECK(canvas.at(0, 5).style == Style::kTitle);
}
