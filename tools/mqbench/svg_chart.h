// A chart as inline SVG: axes with ticks and units, lines, and cells of a heat map.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mq {

class SvgChart {
 public:
  enum class Scale : unsigned char { kLinear, kLog };
  struct Axis {
    std::string label;  // with the unit
    double min = 0, max = 1;
    Scale scale = Scale::kLinear;
    // Positions with a text; made up from the range when there are none.
    std::vector<std::pair<double, std::string>> ticks = {};
  };
  using Points = std::vector<std::pair<double, double>>;

  // REQUIRES: min < max, and over 0 on a logarithmic axis
  SvgChart(std::string title, Axis x, Axis y);

  // `style` is the number of a colour; 0 to 4.
  void line(std::string_view name, int style, const Points& points);
  // Stands for what happened at a time: a vertical line.
  void mark(std::string_view name, double x);
  // `share` of the darkest.
  void cell(double x0, double x1, double y0, double y1, double share, std::string_view tooltip);
  // What the darkness of the cells means.
  void cell_legend(std::string_view lightest, std::string_view darkest);

  std::string text() const;

 private:
  double x_of(double value) const;
  double y_of(double value) const;

  std::string title_;
  Axis x_, y_;
  std::string body_, legend_;
  double legend_at_ = 0;
};

// With &, <, > and " replaced.
std::string xml_escaped(std::string_view text);

}  // namespace mq
