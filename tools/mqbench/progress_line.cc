#include "mqbench/progress_line.h"

#include <algorithm>

#include <fmt/core.h>

#include "base/units.h"

namespace mq {

std::string ProgressLine::next(const Progress& now_so_far, Time now) {
  const double passed_s = std::max(seconds(now - last_at_), 1e-9);
  const auto rate = [passed_s](uint64_t from, uint64_t to) {
    return format_rate(static_cast<double>(to - from) / passed_s);
  };
  std::string text = fmt::format("{:.0f}s", seconds(now - start_));
  if (total_ > Duration::zero()) text += fmt::format("/{:.0f}s", seconds(total_));
  text +=
      fmt::format("  sent {}  received {}  under way {}", rate(last_.sent, now_so_far.sent),
                  rate(last_.received, now_so_far.received), format_count(now_so_far.under_way));
  last_ = now_so_far;
  last_at_ = now;
  return text;
}

}  // namespace mq
