// Lines of numbers over time, in braille characters of 2 x 4 dots.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/time.h"
#include "mqsub/series.h"
#include "screen/canvas.h"

namespace mq {

// What of both axes is seen.
struct ChartRange {
  Time from{}, to{};
  double low = 0, high = 1;
};

// A part of a canvas.
struct ChartArea {
  size_t row, column;
  size_t rows, columns;
};

// Dots of all lines; where two cross in one character, it has the dots of both and the style of the
// later one.
class Chart {
 public:
  Chart(size_t rows, size_t columns, ChartRange range);

  void draw(const Series& series, Style style);
  void show(Canvas& canvas, size_t row, size_t column) const;

 private:
  struct Spot {
    int64_t x, y;  // in dots, from the left and from above
  };
  Spot spot(const Point& point) const;
  void line(Spot from, Spot to, Style style);
  void dot(int64_t x, int64_t y, Style style);

  size_t rows_, columns_;
  ChartRange range_;
  std::vector<uint8_t> dots_;  // of each character, as Unicode numbers them
  std::vector<Style> styles_;
};

// Round numbers of an axis, about `count` of them.
struct Ticks {
  double first = 0, step = 1;
  int decimals = 0;  // that tell them apart
};
// REQUIRES: low < high
Ticks value_ticks(double low, double high, size_t count);
// The range and some more, so that it begins and ends at ticks.
void widen_to_ticks(double& low, double& high, size_t count);
// "21.5", "12k", "3.5e+12".
std::string value_text(double value, int decimals);

// A step of a clock, so that at most `count` fit into the span: 1, 2, 5, 10, 15 or 30 seconds or
// minutes, then hours and days.
Duration time_step(Duration span, size_t count);

}  // namespace mq
