#include "mqbench/svg_chart.h"

#include <algorithm>
#include <cassert>
#include <cmath>

#include <fmt/format.h>

namespace mq {
namespace {

// Of the drawing, and of the place for the curves in it.
constexpr double kWidth = 860, kHeight = 330;
constexpr double kLeft = 80, kRight = 840, kTop = 56, kBottom = 270;
constexpr int kTicks = 6;

double share_of(const SvgChart::Axis& axis, double value) {
  value = std::clamp(value, axis.min, axis.max);
  if (axis.scale == SvgChart::Scale::kLinear) return (value - axis.min) / (axis.max - axis.min);
  return std::log(value / axis.min) / std::log(axis.max / axis.min);
}

// 1, 2 or 5 times a power of ten, so that about kTicks of them make up the range.
double step_for(double range) {
  const double raw = range / kTicks;
  const double power = std::pow(10, std::floor(std::log10(raw)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= raw) return factor * power;
  }
  return 10 * power;
}

std::vector<std::pair<double, std::string>> ticks_of(const SvgChart::Axis& axis) {
  if (!axis.ticks.empty()) return axis.ticks;
  std::vector<std::pair<double, std::string>> ticks;
  if (axis.scale == SvgChart::Scale::kLog) {
    for (double v = std::pow(10, std::ceil(std::log10(axis.min) - 1e-9)); v <= axis.max * 1.0001;
         v *= 10) {
      ticks.emplace_back(v, fmt::format("{:g}", v));
    }
    return ticks;
  }
  const double step = step_for(axis.max - axis.min);
  for (double v = std::ceil(axis.min / step) * step; v <= axis.max + step / 1000; v += step) {
    ticks.emplace_back(v, fmt::format("{:g}", std::abs(v) < step / 1000 ? 0 : v));
  }
  return ticks;
}

}  // namespace

std::string xml_escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      default: out += c;
    }
  }
  return out;
}

SvgChart::SvgChart(std::string title, Axis x, Axis y)
    : title_(std::move(title)), x_(std::move(x)), y_(std::move(y)), legend_at_(kLeft) {
  assert(x_.min < x_.max && y_.min < y_.max);
  assert(x_.scale == Scale::kLinear || x_.min > 0);
  assert(y_.scale == Scale::kLinear || y_.min > 0);
}

double SvgChart::x_of(double value) const {
  return kLeft + share_of(x_, value) * (kRight - kLeft);
}
double SvgChart::y_of(double value) const {
  return kBottom - share_of(y_, value) * (kBottom - kTop);
}

void SvgChart::line(std::string_view name, int style, const Points& points) {
  body_ += fmt::format("<polyline class=\"line s{}\" points=\"", style);
  for (const auto& [x, y] : points) body_ += fmt::format("{:.1f},{:.1f} ", x_of(x), y_of(y));
  body_ += "\"/>\n";
  if (points.size() == 1) {
    body_ += fmt::format("<circle class=\"dot s{}\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3\"/>\n", style,
                         x_of(points[0].first), y_of(points[0].second));
  }
  legend_ += fmt::format(
      "<line class=\"line s{}\" x1=\"{:.0f}\" y1=\"40\" x2=\"{:.0f}\" y2=\"40\"/>"
      "<text x=\"{:.0f}\" y=\"44\">{}</text>\n",
      style, legend_at_, legend_at_ + 24, legend_at_ + 30, xml_escaped(name));
  legend_at_ += 50 + 7 * static_cast<double>(name.size());
}

void SvgChart::mark(std::string_view name, double x) {
  body_ += fmt::format(
      "<line class=\"mark\" x1=\"{0:.1f}\" y1=\"{1}\" x2=\"{0:.1f}\" y2=\"{2}\"><title>{3}</title>"
      "</line>\n",
      x_of(x), kTop, kBottom, xml_escaped(name));
}

void SvgChart::cell(double x0, double x1, double y0, double y1, double share,
                    std::string_view tooltip) {
  const double left = x_of(x0), top = y_of(y1);
  body_ += fmt::format(
      "<rect class=\"cell\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" "
      "fill-opacity=\"{:.2f}\"><title>{}</title></rect>\n",
      left, top, x_of(x1) - left + 0.2, y_of(y0) - top + 0.2, share, xml_escaped(tooltip));
}

void SvgChart::cell_legend(std::string_view lightest, std::string_view darkest) {
  legend_ +=
      fmt::format("<text x=\"{:.0f}\" y=\"44\">{}</text>\n", legend_at_, xml_escaped(lightest));
  legend_at_ += 10 + 7 * static_cast<double>(lightest.size());
  for (int i = 1; i <= 10; ++i) {
    legend_ += fmt::format(
        "<rect class=\"cell\" x=\"{:.0f}\" y=\"33\" width=\"14\" height=\"12\" "
        "fill-opacity=\"{:.1f}\"/>",
        legend_at_, i / 10.0);
    legend_at_ += 14;
  }
  legend_ +=
      fmt::format("<text x=\"{:.0f}\" y=\"44\">{}</text>\n", legend_at_ + 8, xml_escaped(darkest));
  legend_at_ += 30 + 7 * static_cast<double>(darkest.size());
}

std::string SvgChart::text() const {
  std::string out = fmt::format(
      "<svg viewBox=\"0 0 {:g} {:g}\" role=\"img\" aria-label=\"{}\">\n"
      "<text class=\"title\" x=\"{}\" y=\"20\">{}</text>\n{}",
      kWidth, kHeight, xml_escaped(title_), kLeft, xml_escaped(title_), legend_);
  for (const auto& [value, text] : ticks_of(x_)) {
    out += fmt::format(
        "<line class=\"grid\" x1=\"{0:.1f}\" y1=\"{1}\" x2=\"{0:.1f}\" y2=\"{2}\"/>"
        "<text class=\"tick\" x=\"{0:.1f}\" y=\"{3}\" text-anchor=\"middle\">{4}</text>\n",
        x_of(value), kTop, kBottom, kBottom + 16, text);
  }
  for (const auto& [value, text] : ticks_of(y_)) {
    out += fmt::format(
        "<line class=\"grid\" x1=\"{0}\" y1=\"{1:.1f}\" x2=\"{2}\" y2=\"{1:.1f}\"/>"
        "<text class=\"tick\" x=\"{3}\" y=\"{4:.1f}\" text-anchor=\"end\">{5}</text>\n",
        kLeft, y_of(value), kRight, kLeft - 6, y_of(value) + 4, text);
  }
  out += body_;
  out += fmt::format("<rect class=\"frame\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"/>\n",
                     kLeft, kTop, kRight - kLeft, kBottom - kTop);
  out += fmt::format("<text class=\"axis\" x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text>\n",
                     (kLeft + kRight) / 2, kBottom + 40, xml_escaped(x_.label));
  out += fmt::format(
      "<text class=\"axis\" transform=\"translate(18 {}) rotate(-90)\" "
      "text-anchor=\"middle\">{}</text>\n</svg>\n",
      (kTop + kBottom) / 2, xml_escaped(y_.label));
  return out;
}

}  // namespace mq
