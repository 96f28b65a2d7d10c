#include "mqpub/pacing.h"

#include <algorithm>

namespace mq {

Time Pacing::due(std::optional<WallTime> received, Time now) const {
  if (options_.replay) {
    if (!received || !first_received_) return now;
    const auto apart = std::chrono::duration<double>(*received - *first_received_) / options_.speed;
    return add(first_sent_, std::chrono::duration_cast<Duration>(
                                std::max(apart, std::chrono::duration<double>::zero())));
  }
  if (!last_ || options_.interval == Duration::zero()) return now;
  return add(*last_, options_.interval);
}

void Pacing::sent(std::optional<WallTime> received, Time now) {
  if (received && !first_received_) {
    first_received_ = received;
    first_sent_ = now;
  }
  last_ = last_ ? std::max(due(received, now), now - kCatchUpMax) : now;
}

}  // namespace mq
