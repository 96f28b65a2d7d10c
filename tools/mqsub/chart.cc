#include "mqsub/chart.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>

#include <fmt/core.h>

namespace mq {
namespace {

constexpr size_t kDotsAcross = 2, kDotsDown = 4;
// Bits of a dot in U+2800 and those behind it, by row and column.
constexpr uint8_t kBits[kDotsDown][kDotsAcross] = {
    {0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};

}  // namespace

Chart::Chart(size_t rows, size_t columns, ChartRange range)
    : rows_(rows),
      columns_(columns),
      range_(range),
      dots_(rows * columns),
      styles_(rows * columns, Style::kPlain) {}

Chart::Spot Chart::spot(const Point& point) const {
  const double across = seconds(point.at - range_.from) / seconds(range_.to - range_.from);
  const double up = (point.value - range_.low) / (range_.high - range_.low);
  const auto width = static_cast<double>(columns_ * kDotsAcross - 1);
  const auto height = static_cast<double>(rows_ * kDotsDown - 1);
  // Far outside it does not matter how far.
  const double x = std::clamp(across * width, -1e6, 1e6);
  const double y = std::clamp((1 - up) * height, -1.0, height + 1);
  return {std::llround(x), std::llround(y)};
}

// A column of dots is drawn once, however many points lie in it: from the lowest to the highest,
// and joined with the one before.
void Chart::draw(const Series& series, Style style) {
  if (rows_ == 0 || columns_ == 0) return;
  bool has_last = false;
  Spot last{}, top{}, bottom{};  // of the column that is being gathered
  for (const Point& point : series.points()) {
    const Spot here = spot(point);
    if (has_last && !point.after_gap && here.x == last.x) {
      if (here.y < top.y) top = here;
      if (here.y > bottom.y) bottom = here;
    } else {
      if (has_last) line(top, bottom, style);
      if (has_last && !point.after_gap) line(last, here, style);
      top = bottom = here;
    }
    last = here;
    has_last = true;
  }
  if (has_last) line(top, bottom, style);
}

void Chart::line(Spot from, Spot to, Style style) {
  const int64_t across = std::abs(to.x - from.x), down = std::abs(to.y - from.y);
  const int64_t count = std::max<int64_t>({across, down, 1});
  // Only the dots that can be seen are gone through: a line may begin far to the left.
  const auto width = static_cast<int64_t>(columns_ * kDotsAcross);
  int64_t first = 0, end = count;
  if (across > 0 && from.x < 0) first = std::min(count, -from.x * count / across);
  if (across > 0 && to.x >= width) end = std::min(count, (width - from.x) * count / across + 1);
  for (int64_t i = first; i <= end; ++i) {
    dot(from.x + (to.x - from.x) * i / count, from.y + (to.y - from.y) * i / count, style);
  }
}

void Chart::dot(int64_t x, int64_t y, Style style) {
  if (x < 0 || y < 0) return;
  const auto column = static_cast<size_t>(x) / kDotsAcross;
  const auto row = static_cast<size_t>(y) / kDotsDown;
  if (column >= columns_ || row >= rows_) return;
  dots_[row * columns_ + column] |=
      kBits[static_cast<size_t>(y) % kDotsDown][static_cast<size_t>(x) % kDotsAcross];
  styles_[row * columns_ + column] = style;
}

void Chart::show(Canvas& canvas, size_t row, size_t column) const {
  for (size_t i = 0; i < dots_.size(); ++i) {
    if (dots_[i] == 0) continue;
    canvas.put(row + i / columns_, column + i % columns_, U'\u2800' + dots_[i], styles_[i]);
  }
}

Ticks value_ticks(double low, double high, size_t count) {
  const double rough = (high - low) / static_cast<double>(std::max<size_t>(count, 1));
  const double magnitude = std::floor(std::log10(rough));
  const double unit = std::pow(10, magnitude);
  double step = 10 * unit;
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * unit >= rough * (1 - 1e-9)) {
      step = factor * unit;
      break;
    }
  }
  const auto decimals = static_cast<int>(std::max(0.0, -std::floor(std::log10(step) + 1e-9)));
  return {std::ceil(low / step - 1e-9) * step, step, decimals};
}

void widen_to_ticks(double& low, double& high, size_t count) {
  const double size = std::max(std::abs(low), std::abs(high));
  // What differs by less than a double tells apart stands still, and is in the middle.
  if (high - low <= size * 1e-12 || size < 1e-300) {
    const double around = size < 1e-300 ? 1 : size * 0.05;
    low -= around;
    high += around;
  }
  const double step = value_ticks(low, high, count).step;
  low = std::floor(low / step + 1e-9) * step;
  high = std::ceil(high / step - 1e-9) * step;
}

std::string value_text(double value, int decimals) {
  if (std::abs(value) >= 1e15 || decimals > 6) return fmt::format("{:.4g}", value);
  constexpr struct {
    double unit;
    char name;
  } kUnits[] = {{1e12, 'T'}, {1e9, 'G'}, {1e6, 'M'}};
  for (const auto& [unit, name] : kUnits) {
    if (std::abs(value) >= unit) return fmt::format("{:.6g}{}", value / unit, name);
  }
  // No minus in front of what is shown as nothing.
  if (std::abs(value) < std::pow(10, -decimals) / 2) value = 0;
  return fmt::format("{:.{}f}", value, decimals);
}

Duration time_step(Duration span, size_t count) {
  using std::chrono::hours, std::chrono::minutes;
  constexpr std::chrono::seconds kSteps[] = {std::chrono::seconds(1),
                                             std::chrono::seconds(2),
                                             std::chrono::seconds(5),
                                             std::chrono::seconds(10),
                                             std::chrono::seconds(15),
                                             std::chrono::seconds(30),
                                             minutes(1),
                                             minutes(2),
                                             minutes(5),
                                             minutes(10),
                                             minutes(15),
                                             minutes(30),
                                             hours(1),
                                             hours(2),
                                             hours(3),
                                             hours(6),
                                             hours(12),
                                             hours(24)};
  for (const Duration step : kSteps) {
    if (span / step <= static_cast<int64_t>(count)) return step;
  }
  return hours(24) * (span / hours(24) / static_cast<int64_t>(std::max<size_t>(count, 1)) + 1);
}

}  // namespace mq
