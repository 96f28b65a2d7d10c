// When the next message goes out.
#pragma once

#include <optional>

#include "base/time.h"

namespace mq {

struct PacingOptions {
  Duration interval{};  // between messages, 0 for none
  bool replay = false;  // as far apart as they were received
  double speed = 1;     // of the replay
};

// A schedule, so that late messages are followed by the next ones sooner and a rate is kept. But
// what is over kCatchUpMax late stays lost: input that paused does not come in a burst.
class Pacing {
 public:
  static constexpr Duration kCatchUpMax = std::chrono::milliseconds(200);

  explicit Pacing(PacingOptions options) : options_(options) {}

  bool is_paced() const { return options_.replay || options_.interval > Duration::zero(); }
  // When a message may be sent. `received` is what its record says.
  Time due(std::optional<WallTime> received, Time now) const;
  // It was sent.
  void sent(std::optional<WallTime> received, Time now);

 private:
  PacingOptions options_;
  std::optional<Time> last_;  // when the last one was due
  std::optional<WallTime> first_received_;
  Time first_sent_{};
};

}  // namespace mq
