// How long responses took.
#pragma once

#include <string>

#include "base/histogram.h"
#include "base/time.h"

namespace mq {

// "38.031000µs", "605.910752ms", "1.000000000": as mosquitto_rr writes them.
std::string latency_text(Duration latency);

class Latencies {
 public:
  void record(Duration latency) { histogram_.record(latency.count()); }
  uint64_t count() const { return histogram_.count(); }

  // "Latency of 3 responses: min ..., p50 ..., p99 ..., max ..."
  std::string text() const;
  // {"responses":3,"min_us":...,"p50_us":...,"p99_us":...,"max_us":...}
  std::string json() const;

 private:
  Histogram histogram_;
};

}  // namespace mq
