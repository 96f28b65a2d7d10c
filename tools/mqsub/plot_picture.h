// The chart of --plot: a number of the payloads of each topic, over time.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "clients/notation.h"
#include "mqsub/chart.h"
#include "mqsub/number_path.h"
#include "mqsub/picture.h"
#include "mqsub/series.h"

namespace mq {

struct PlotOptions {
  std::string what = {};  // the path as it was typed
  NumberPath path = {};
  std::string unit = {};
  size_t topics_max = 6;
  size_t points_max = 10'000;  // of each topic
  Duration span = std::chrono::minutes(5);
  std::optional<Notation> decode = {};
};

class PlotPicture final : public Picture {
 public:
  static constexpr Duration kSpanMin = std::chrono::seconds(10);
  static constexpr Duration kSpanMax = std::chrono::hours(24 * 7);

  explicit PlotPicture(PlotOptions options) : options_(std::move(options)) {}

  Result<void> put(const Publish& publish, Now now) override;
  void interrupted() override;
  void draw(Canvas& canvas, const RunState& state, Now now) override;
  bool key_pressed(const Key& key, Now now) override;
  void print(Buffer& out, const RunState& state, Now now) override;

 private:
  struct Extent;

  Series* series_of(std::string_view topic);
  Extent extent(const Series& series, Time from, Time to) const;
  ChartRange range(Now now) const;
  std::string sums() const;
  std::string with_unit(std::string text) const;
  void draw_chart(Canvas& canvas, ChartArea area, Now now) const;
  void draw_value_axis(Canvas& canvas, ChartArea area, const ChartRange& range) const;
  void draw_time_axis(Canvas& canvas, ChartArea area, const ChartRange& range, Now now) const;
  void draw_legend(Canvas& canvas, size_t row, size_t rows, Now now) const;

  PlotOptions options_;
  std::deque<Series> series_;
  Buffer decoded_;
  uint64_t numbers_ = 0;
  uint64_t without_number_ = 0;
  uint64_t passed_over_ = 0;  // of topics beyond topics_max
  bool forgets_ = false;      // the oldest points, for new ones
  std::optional<Now> paused_;
};

}  // namespace mq
