#include "mqsub/plot_picture.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <utility>

#include <fmt/core.h>

#include "base/units.h"
#include "clients/local_time.h"
#include "common/options.h"
#include "screen/glyphs.h"

namespace mq {
namespace {

constexpr size_t kRowsBeside = 5;  // title, sums, time axis with its labels, foot
constexpr std::string_view kKeys = "+ - span   space pause   q quit";

size_t value_tick_count(size_t rows) {
  return std::max<size_t>(2, rows / 3);
}

std::string legend_value(double value) {
  return fmt::format("{:.6g}", value);
}

}  // namespace

// The least and the greatest value that can be seen.
struct PlotPicture::Extent {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();
  bool empty() const { return low > high; }
};

Result<void> PlotPicture::put(const Publish& publish, Now now) {
  Bytes payload = publish.payload;
  if (options_.decode) {
    decoded_.clear();
    // What cannot be decoded has no number.
    if (!to_text(*options_.decode, payload, decoded_)) decoded_.clear();
    payload = decoded_.bytes();
  }
  const std::optional<double> number = options_.path.find(payload);
  if (!number) {
    ++without_number_;
    return {};
  }
  Series* const to = series_of(publish.topic);
  if (to == nullptr) {
    ++passed_over_;
    return {};
  }
  ++numbers_;
  if (to->add(now.mono, *number)) forgets_ = true;
  return {};
}

Series* PlotPicture::series_of(std::string_view topic) {
  const auto found = std::ranges::find_if(
      series_, [topic](const Series& series) { return series.topic() == topic; });
  if (found != series_.end()) return &*found;
  if (series_.size() >= options_.topics_max) return nullptr;
  return &series_.emplace_back(std::string(topic), options_.points_max);
}

void PlotPicture::interrupted() {
  for (Series& series : series_) series.interrupt();
}

bool PlotPicture::key_pressed(const Key& key, Now now) {
  if (key.name != KeyName::kText) return true;
  switch (key.text[0]) {
    case 'q':
    case 'Q': return false;
    case '+':
    case '=': options_.span = std::max<Duration>(options_.span / 2, kSpanMin); break;
    case '-': options_.span = std::min<Duration>(options_.span * 2, kSpanMax); break;
    case ' ':
    case 'p':
      if (std::exchange(paused_, std::nullopt) == std::nullopt) paused_ = now;
      break;
    default: break;
  }
  return true;
}

PlotPicture::Extent PlotPicture::extent(const Series& series, Time from, Time to) const {
  Extent extent;
  for (const Point& point : series.points()) {
    if (point.at < from || point.at > to) continue;
    extent.low = std::min(extent.low, point.value);
    extent.high = std::max(extent.high, point.value);
  }
  return extent;
}

// The time that was asked for, or less while there is not so much yet.
ChartRange PlotPicture::range(Now now) const {
  Time first = now.mono;
  for (const Series& series : series_) {
    if (!series.points().empty()) first = std::min(first, series.points().front().at);
  }
  const Duration span = std::clamp<Duration>(now.mono - first, kSpanMin, options_.span);
  ChartRange range{now.mono - span, now.mono};
  Extent all;
  for (const Series& series : series_) {
    const Extent its = extent(series, range.from, range.to);
    all.low = std::min(all.low, its.low);
    all.high = std::max(all.high, its.high);
  }
  if (!all.empty()) {
    range.low = all.low;
    range.high = all.high;
  }
  return range;
}

std::string PlotPicture::with_unit(std::string text) const {
  if (!options_.unit.empty()) text += ' ' + options_.unit;
  return text;
}

std::string PlotPicture::sums() const {
  std::string text =
      fmt::format("{} topics{}  {} numbers", series_.size(),
                  passed_over_ > 0 ? " (limit of --plot-topics)" : "", format_count(numbers_));
  if (without_number_ > 0) {
    text += fmt::format("  {} payloads without one", format_count(without_number_));
  }
  if (passed_over_ > 0) {
    text += fmt::format("  {} messages of others", format_count(passed_over_));
  }
  if (forgets_) text += "  the oldest are forgotten (--plot-points)";
  return text;
}

void PlotPicture::draw(Canvas& canvas, const RunState& state, Now real_now) {
  const Now now = paused_.value_or(real_now);
  const size_t rows = canvas.size().rows;
  draw_title(canvas, fmt::format("mqsub --plot {}", with_unit(options_.what)), state,
             paused_.has_value());
  const bool is_complete = without_number_ == 0 && passed_over_ == 0 && !forgets_;
  canvas.text(1, 0, sums(), is_complete ? Style::kPlain : Style::kBad);
  const size_t legend =
      std::min(std::max<size_t>(series_.size(), 1), std::max<size_t>(rows / 4, 1));
  if (rows > kRowsBeside + legend) {
    draw_chart(canvas, {2, 0, rows - kRowsBeside - legend, canvas.size().columns}, now);
    draw_legend(canvas, rows - 1 - legend, legend, now);
  }
  draw_foot(canvas, state, kKeys);
}

void PlotPicture::draw_chart(Canvas& canvas, ChartArea area, Now now) const {
  ChartRange shown = range(now);
  widen_to_ticks(shown.low, shown.high, value_tick_count(area.rows));
  const Ticks ticks = value_ticks(shown.low, shown.high, value_tick_count(area.rows));
  size_t labels = 0;
  for (const double value : {shown.low, shown.high}) {
    const std::string label = with_unit(value_text(value, ticks.decimals));
    labels = std::max(labels, columns_of(glyphs(label, 30)));
  }
  if (area.columns < labels + 10) return;
  area.column = labels + 2;
  area.columns -= area.column;
  draw_value_axis(canvas, area, shown);
  draw_time_axis(canvas, area, shown, now);
  Chart chart(area.rows, area.columns, shown);
  for (size_t i = 0; i < series_.size(); ++i) chart.draw(series_[i], series_style(i));
  chart.show(canvas, area.row, area.column);
}

void PlotPicture::draw_value_axis(Canvas& canvas, ChartArea area, const ChartRange& range) const {
  for (size_t row = 0; row < area.rows; ++row) {
    canvas.put(area.row + row, area.column - 1, U'\u2502');  // │
  }
  const Ticks ticks = value_ticks(range.low, range.high, value_tick_count(area.rows));
  for (double i = 0; ticks.first + i * ticks.step <= range.high + ticks.step / 2; ++i) {
    const double value = ticks.first + i * ticks.step;
    const double down = (range.high - value) / (range.high - range.low);
    const auto row = static_cast<size_t>(
        std::clamp(std::round(down * static_cast<double>(area.rows * 4 - 1)) / 4, 0.0,
                   static_cast<double>(area.rows - 1)));
    const std::string label = value_text(value, ticks.decimals);
    canvas.text_right(area.row + row, area.column - 2, row == 0 ? with_unit(label) : label);
    canvas.put(area.row + row, area.column - 1, U'\u2524');  // ┤
  }
}

void PlotPicture::draw_time_axis(Canvas& canvas, ChartArea area, const ChartRange& range,
                                 Now now) const {
  const size_t row = area.row + area.rows;
  canvas.put(row, area.column - 1, U'\u2514');                                            // └
  for (size_t i = 0; i < area.columns; ++i) canvas.put(row, area.column + i, U'\u2500');  // ─
  const Duration span = range.to - range.from;
  const Duration step = time_step(span, std::max<size_t>(area.columns / 14, 1));
  const char* const form = step < std::chrono::minutes(1)  ? "%H:%M:%S"
                           : step < std::chrono::hours(24) ? "%H:%M"
                                                           : "%m-%d";
  // Round times of the clock on the wall, whatever the other clock counts from.
  const Duration wall = now.wall.time_since_epoch();
  for (Duration ago = wall % step; ago <= span; ago += step) {
    const double across = 1 - seconds(ago) / seconds(span);
    const auto column =
        area.column + static_cast<size_t>(across * static_cast<double>(area.columns - 1));
    const auto at = now.wall - std::chrono::duration_cast<WallTime::duration>(ago);
    const std::string label = format_time(form, at);
    canvas.put(row, column, U'\u252C');  // ┬
    const size_t begin = column - std::min(column, label.size() / 2);
    if (begin >= area.column - 1 && begin + label.size() <= area.column + area.columns) {
      canvas.text(row + 1, begin, label);
    }
  }
}

void PlotPicture::draw_legend(Canvas& canvas, size_t row, size_t rows, Now now) const {
  if (series_.empty()) {
    canvas.text(row, 0, "no number has come yet", Style::kDim);
    return;
  }
  const ChartRange shown = range(now);
  const size_t topics = canvas.size().columns * 2 / 5;
  for (size_t i = 0; i < std::min(rows, series_.size()); ++i) {
    if (i + 1 == rows && series_.size() > rows) {
      canvas.text(row + i, 0, fmt::format("and {} more", series_.size() - i), Style::kDim);
      return;
    }
    const Series& series = series_[i];
    canvas.text(row + i, 0, "\u2501\u2501", series_style(i));  // ━━
    canvas.glyphs(row + i, 3, fit_ends(series.topic(), topics));
    std::string text = with_unit(legend_value(series.last()));
    if (const Extent its = extent(series, shown.from, shown.to); !its.empty()) {
      text += fmt::format("  least {}  greatest {}", legend_value(its.low), legend_value(its.high));
    }
    canvas.text(row + i, 3 + topics + 2, text);
  }
}

void PlotPicture::print(Buffer& out, const RunState& state, Now now) {
  // As shells tell programs whose output is no terminal.
  const auto from_environment = [](const char* name, uint16_t otherwise) {
    const char* const text = std::getenv(name);
    const auto number = text != nullptr ? parse_number(text) : std::nullopt;
    return number && *number >= 8 && *number <= 1000 ? static_cast<uint16_t>(*number) : otherwise;
  };
  Canvas canvas({from_environment("LINES", 24), from_environment("COLUMNS", 80)});
  draw(canvas, state, now);
  for (size_t row = 0; row + 1U < canvas.size().rows; ++row) {
    out.append(canvas.row_text(row));
    out.put_u8('\n');
  }
}

}  // namespace mq
