// The numbers of one topic, as they came.
#pragma once

#include <cstddef>
#include <deque>
#include <string>

#include "base/time.h"

namespace mq {

struct Point {
  Time at;
  double value;
  bool after_gap;  // nothing is known of the time before it
};

// The latest points, at most so many.
class Series {
 public:
  Series(std::string topic, size_t points_max)
      : topic_(std::move(topic)), points_max_(points_max) {}

  // True when the oldest point had to go for it.
  bool add(Time at, double value);
  // What comes next does not belong to what was before.
  void interrupt() { interrupted_ = true; }

  const std::string& topic() const { return topic_; }
  const std::deque<Point>& points() const { return points_; }
  double last() const { return last_; }

 private:
  // A silence this many times as long as was usual before is a gap.
  static constexpr int kGapFactor = 5;

  std::string topic_;
  size_t points_max_;
  std::deque<Point> points_;
  double last_ = 0;
  Duration usual_{};  // time between two points, a moving average
  bool interrupted_ = false;
};

}  // namespace mq
