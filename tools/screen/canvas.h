// What is to be seen on a terminal: a grid of characters, each with a style.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mq {

struct Glyph;

// What a text is, not how it looks: that depends on what the terminal can.
enum class Style : uint8_t {
  kPlain,
  kBold,
  kDim,
  kTitle,    // a bar across the screen
  kChanged,  // has just become another
  kGood,
  kBad,
  kSeries,  // the first of kSeriesStyles lines of a chart; add to it
};
inline constexpr uint8_t kSeriesStyles = 6;

inline Style series_style(size_t index) {
  return static_cast<Style>(static_cast<uint8_t>(Style::kSeries) + index % kSeriesStyles);
}

struct Size {
  uint16_t rows = 24;
  uint16_t columns = 80;

  bool operator==(const Size&) const = default;
};

struct Cell {
  // A character and what combines with it, 0 where there is none. A cell that a wide character to
  // its left covers has none at all.
  std::array<char32_t, 3> text{U' '};
  Style style = Style::kPlain;

  bool operator==(const Cell&) const = default;
};

// What lies outside is not drawn, so nobody has to ask how large the terminal is.
class Canvas {
 public:
  explicit Canvas(Size size) : size_(size), cells_(size_t{size.rows} * size.columns) {}

  Size size() const { return size_; }
  const Cell& at(size_t row, size_t column) const { return cells_[row * size_.columns + column]; }

  // Puts `text` at a place, made harmless and cut off with an ellipsis to `columns_max`. Gives the
  // columns that it takes.
  size_t text(size_t row, size_t column, std::string_view text, Style style = Style::kPlain,
              size_t columns_max = SIZE_MAX);
  size_t glyphs(size_t row, size_t column, const std::vector<Glyph>& shown,
                Style style = Style::kPlain);
  // The same, to end before `column_end`.
  void text_right(size_t row, size_t column_end, std::string_view text,
                  Style style = Style::kPlain);
  // One character of one column.
  void put(size_t row, size_t column, char32_t character, Style style = Style::kPlain);
  // Gives columns of a row a style.
  void paint(size_t row, size_t column, size_t columns, Style style);

  // The row as UTF-8 without blanks at the end.
  std::string row_text(size_t row) const;
  // Whether this row looks like that of another canvas of the same size.
  bool same_row(const Canvas& other, size_t row) const {
    const auto begin = static_cast<std::ptrdiff_t>(row * size_.columns);
    return std::equal(cells_.begin() + begin, cells_.begin() + begin + size_.columns,
                      other.cells_.begin() + begin);
  }

 private:
  Size size_;
  std::vector<Cell> cells_;
};

}  // namespace mq
