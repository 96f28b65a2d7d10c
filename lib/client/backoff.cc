#include "client/backoff.h"

#include <algorithm>

namespace mq {

Duration Backoff::next(Random& random) {
  Duration delay = std::min(options_.first, options_.max);
  // Doubles no further than `max`, so that no number of tries overflows it.
  for (uint32_t n = 0; n < tries_ && delay < options_.max; ++n) {
    delay = delay > options_.max / 2 ? options_.max : delay * 2;
  }
  ++tries_;
  const Duration half = delay / 2;
  const auto drawn = std::chrono::duration_cast<Duration>((delay - half) * random.unit());
  return std::max(options_.min, half + drawn);
}

}  // namespace mq
