#include "mqsub/chart.h"

#include <cmath>
#include <string>

#include <doctest/doctest.h>

using namespace mq;
using namespace std::chrono_literals;

namespace {

constexpr Time kStart{1000s};

// The rows of a chart of these points, one under the other.
std::string drawn(std::initializer_list<Point> points, size_t rows, size_t columns,
                  ChartRange range) {
  Series series("t", 1000);
  for (const Point& point : points) {
    if (point.after_gap) series.interrupt();
    series.add(point.at, point.value);
  }
  Chart chart(rows, columns, range);
  chart.draw(series, Style::kPlain);
  Canvas canvas({static_cast<uint16_t>(rows), static_cast<uint16_t>(columns)});
  chart.show(canvas, 0, 0);
  std::string text;
  for (size_t row = 0; row < rows; ++row) text += canvas.row_text(row) + "|";
  return text;
}

constexpr ChartRange kSquare{kStart, kStart + 3s, 0, 3};  // of 2 x 1 characters, dot by dot

}  // namespace

TEST_CASE("dots, lines, and where they are") {
  CHECK(drawn({{kStart, 0, false}}, 1, 2, kSquare) == "⡀|");
  CHECK(drawn({{kStart, 3, false}}, 1, 2, kSquare) == "⠁|");
  CHECK(drawn({{kStart + 3s, 3, false}}, 1, 2, kSquare) == " ⠈|");
  CHECK(drawn({{kStart, 0, false}, {kStart + 3s, 3, false}}, 1, 2, kSquare) == "⡠⠊|");
  CHECK(drawn({{kStart, 0, false}, {kStart + 3s, 0, false}}, 1, 2, kSquare) == "⣀⣀|");
  CHECK(drawn({}, 1, 2, kSquare) == "|");
}

TEST_CASE("many points in one column of dots are a line from the least to the greatest") {
  CHECK(drawn({{kStart, 1, false}, {kStart + 1ms, 3, false}, {kStart + 2ms, 0, false}}, 1, 2,
              kSquare) == "⡇|");
}

TEST_CASE("no line over a gap") {
  CHECK(drawn({{kStart, 0, false}, {kStart + 3s, 0, true}}, 1, 2, kSquare) == "⡀⢀|");
}

TEST_CASE("lines come in from outside, and what lies outside does not show") {
  CHECK(drawn({{kStart - 1h, 0, false}, {kStart + 3s, 0, false}}, 1, 2, kSquare) == "⣀⣀|");
  CHECK(drawn({{kStart - 1h, 0, false}}, 1, 2, kSquare) == "|");
  CHECK(drawn({{kStart, 0, false}, {kStart + 1h, 0, false}}, 1, 2, kSquare) == "⣀⣀|");
  CHECK(drawn({{kStart, 1e300, false}, {kStart + 1s, -1e300, false}}, 1, 2, kSquare).size() > 1);
}

TEST_CASE("where lines cross, the later one gives the style and both the dots") {
  Series low("low", 10), high("high", 10);
  low.add(kStart, 0);
  high.add(kStart, 3);
  Chart chart(1, 1, {kStart, kStart + 3s, 0, 3});
  chart.draw(low, series_style(0));
  chart.draw(high, series_style(1));
  Canvas canvas({1, 1});
  chart.show(canvas, 0, 0);
  CHECK(canvas.row_text(0) == "⡁");
  CHECK(canvas.at(0, 0).style == series_style(1));
}

TEST_CASE("a chart without room") {
  CHECK(drawn({{kStart, 0, false}, {kStart + 3s, 3, false}}, 0, 0, kSquare) == "");
  CHECK(drawn({{kStart, 0, false}}, 1, 1, {kStart, kStart + 1ns, 0, 1}) != "|");
}

TEST_CASE("ticks are round numbers") {
  const auto step = [](double low, double high, size_t count) {
    return value_ticks(low, high, count).step;
  };
  CHECK(step(0, 10, 5) == doctest::Approx(2));
  CHECK(step(0, 9, 5) == doctest::Approx(2));
  CHECK(step(0, 0.03, 5) == doctest::Approx(0.01));
  CHECK(step(-1e9, 1e9, 4) == doctest::Approx(5e8));
  CHECK(value_ticks(0.3, 10, 5).first == doctest::Approx(2));
  CHECK(value_ticks(0, 1, 4).decimals == 1);
  CHECK(value_ticks(0, 0.04, 4).decimals == 2);
  CHECK(value_ticks(0, 100, 4).decimals == 0);
}

TEST_CASE("a range is widened to ticks, and one of a single number around it") {
  const auto widened = [](double low, double high) {
    widen_to_ticks(low, high, 5);
    return std::pair(low, high);
  };
  CHECK(widened(0.3, 9.7) == std::pair(0.0, 10.0));
  CHECK(widened(0, 10) == std::pair(0.0, 10.0));
  const auto [low, high] = widened(20, 20);
  CHECK(low < 20);
  CHECK(high > 20);
  CHECK(widened(0, 0) == std::pair(-1.0, 1.0));
  const auto [least, greatest] = widened(-1e300, 1e300);
  CHECK(greatest - least > 1e300);
  const auto [a, b] = widened(1e300, 1e300);
  CHECK(a < b);
  const auto [c, d] = widened(5e-324, 5e-324);
  CHECK(c < d);
  const auto [e, f] = widened(1e22, std::nextafter(1e22, 1e23));
  CHECK(e < f);
}

TEST_CASE("numbers beside the axis") {
  CHECK(value_text(21.5, 1) == "21.5");
  CHECK(value_text(-0.0001, 1) == "0.0");
  CHECK(value_text(1500, 0) == "1500");
  CHECK(value_text(2.5e6, 0) == "2.5M");
  CHECK(value_text(-3e9, 0) == "-3G");
  CHECK(value_text(1e300, 0) == "1e+300");
}

TEST_CASE("steps of a clock") {
  CHECK(time_step(10s, 5) == 2s);
  CHECK(time_step(60s, 5) == 15s);
  CHECK(time_step(5min, 5) == 1min);
  CHECK(time_step(24h, 5) == 6h);
  CHECK(time_step(24h * 30, 5) >= 24h * 6);
  CHECK(time_step(10s, 0) > 0s);
}

TEST_CASE("a silence that is unlike what was before is a gap") {
  Series series("t", 100);
  for (int i = 0; i < 5; ++i) series.add(kStart + i * 2s, 0);
  series.add(kStart + 17s, 0);
  CHECK(!series.points().back().after_gap);
  series.add(kStart + 60s, 0);
  CHECK(series.points().back().after_gap);
  series.add(kStart + 62s, 0);
  CHECK(!series.points().back().after_gap);
  series.interrupt();
  series.add(kStart + 64s, 0);
  CHECK(series.points().back().after_gap);
}

TEST_CASE("no more points than are to be kept") {
  Series series("t", 3);
  CHECK(!series.add(kStart, 1));
  CHECK(!series.add(kStart, 2));
  CHECK(!series.add(kStart, 3));
  CHECK(series.add(kStart, 4));
  CHECK(series.points().size() == 3);
  CHECK(series.points().front().value == 2);
  CHECK(series.last() == 4);
}
