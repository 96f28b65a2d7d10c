// A line on a terminal that says how far a run is, once a second.
#pragma once

#include <cstdint>
#include <string>

#include "base/time.h"

namespace mq {

// What is known while it runs.
struct Progress {
  uint64_t sent = 0, received = 0;  // so far
  uint64_t under_way = 0;           // deliveries that are still to come
};

class ProgressLine {
 public:
  // `total` zero: it goes on until somebody ends it.
  ProgressLine(Time start, Duration total) : start_(start), last_at_(start), total_(total) {}

  // "12s/60s  sent 10.0k/s  received 10.0k/s  under way 3", rates since the last call.
  std::string next(const Progress& now_so_far, Time now);

 private:
  Time start_, last_at_;
  Duration total_;
  Progress last_;
};

}  // namespace mq
