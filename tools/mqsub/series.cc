#include "mqsub/series.h"

#include <utility>

namespace mq {

bool Series::add(Time at, double value) {
  bool gap = std::exchange(interrupted_, false);
  if (!points_.empty()) {
    const Duration silence = at - points_.back().at;
    // Several in one moment say nothing about what is usual.
    gap = gap || (usual_ > Duration::zero() && silence > usual_ * kGapFactor &&
                  silence > std::chrono::seconds(1));
    if (!gap) usual_ = usual_ == Duration::zero() ? silence : (usual_ * 7 + silence) / 8;
  }
  last_ = value;
  points_.push_back({at, value, gap});
  if (points_.size() <= points_max_) return false;
  points_.pop_front();
  return true;
}

}  // namespace mq
