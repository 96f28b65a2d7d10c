#include "mqbench/load_options.h"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace mq {
namespace {

constexpr Duration kInterval = std::chrono::seconds(1);

Duration interval_length(Duration duration) {
  if (duration >= kEndless) return kInterval;
  return std::max(kInterval, Duration(std::chrono::ceil<std::chrono::seconds>(duration / 3000)));
}

}  // namespace

uint64_t messages_in(Duration time, double rate) {
  return static_cast<uint64_t>(std::llround(seconds(time) * rate));
}

double FlowLoad::first_rate() const {
  if (stages.empty()) return *rate;
  double first = 0;
  for (const RateStage& stage : stages) {
    if (stage.length > Duration::zero()) break;
    first = stage.rate;
  }
  return first;
}

FlowLoad LoadOptions::flow(uint32_t flow) const {
  if (!flow_loads.empty()) return flow_loads[flow];
  return {qos, payload_size, rate, stages, arrival};
}

RateCurve LoadOptions::curve(uint32_t flow) const {
  assert(open_loop());
  const FlowLoad load = this->flow(flow);
  if (!load.stages.empty()) return RateCurve(load.stages);
  if (planned(flow)) return RateCurve(*load.rate);
  return RateCurve({{Duration(0), *load.rate}, {duration, *load.rate}});
}

std::optional<uint64_t> LoadOptions::planned(uint32_t flow) const {
  if (messages > 0) return messages;
  const FlowLoad load = this->flow(flow);
  if (load.arrival.arrival == Arrival::kPoisson) return std::nullopt;
  if (load.stages.empty()) return messages_in(duration, *load.rate);
  return static_cast<uint64_t>(std::llround(RateCurve(load.stages).messages()));
}

Duration LoadOptions::interval_start(size_t i) const {
  if (i < interval_starts_.size()) return interval_starts_[i];
  if (!interval_starts_.empty()) return duration;
  return static_cast<int64_t>(i) * interval_length(duration);
}

void LoadOptions::set_intervals() {
  interval_starts_.clear();
  if (stages.empty()) return;
  for (Duration at{0}; at < duration; at += interval_length(duration)) {
    interval_starts_.push_back(at);
  }
  Duration end{0};
  for (const RateStage& stage : stages) {
    end += stage.length;
    if (end < duration) interval_starts_.push_back(end);
  }
  std::ranges::sort(interval_starts_);
  // Not that of ranges: clang 14, which builds the fuzz targets, does not take what it returns.
  interval_starts_.erase(std::unique(interval_starts_.begin(), interval_starts_.end()),
                         interval_starts_.end());
}

}  // namespace mq
