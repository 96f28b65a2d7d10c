#include "screen/canvas.h"

#include "screen/glyphs.h"

namespace mq {

size_t Canvas::text(size_t row, size_t column, std::string_view text, Style style,
                    size_t columns_max) {
  if (row >= size_.rows || column >= size_.columns) return 0;
  return glyphs(row, column, fit(text, std::min(columns_max, size_.columns - column)), style);
}

size_t Canvas::glyphs(size_t row, size_t column, const std::vector<Glyph>& shown, Style style) {
  if (row >= size_.rows) return 0;
  const size_t start = column;
  for (const Glyph& glyph : shown) {
    if (column + glyph.columns > size_.columns) break;
    Cell* cell = &cells_[row * size_.columns + column];
    *cell = {glyph.text, style};
    if (glyph.columns == 2) cell[1] = {{}, style};
    column += glyph.columns;
  }
  return column - start;
}

void Canvas::text_right(size_t row, size_t column_end, std::string_view text, Style style) {
  const std::vector<Glyph> shown = fit(text, column_end);
  glyphs(row, column_end - columns_of(shown), shown, style);
}

void Canvas::put(size_t row, size_t column, char32_t character, Style style) {
  if (row >= size_.rows || column >= size_.columns) return;
  cells_[row * size_.columns + column] = {{character}, style};
}

void Canvas::paint(size_t row, size_t column, size_t columns, Style style) {
  if (row >= size_.rows) return;
  const size_t end = column + std::min<size_t>(columns, size_.columns - column);
  for (; column < end; ++column) cells_[row * size_.columns + column].style = style;
}

std::string Canvas::row_text(size_t row) const {
  std::string text;
  for (size_t column = 0; column < size_.columns; ++column) {
    for (const char32_t character : at(row, column).text) {
      if (character != 0) append_utf8(text, character);
    }
  }
  text.erase(text.find_last_not_of(' ') + 1);
  return text;
}

}  // namespace mq
