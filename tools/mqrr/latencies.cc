#include "mqrr/latencies.h"

#include <fmt/core.h>

namespace mq {

std::string latency_text(Duration latency) {
  const auto ns = latency.count();
  if (ns < 1'000'000) return fmt::format("{}.{:03}000µs", ns / 1000, ns % 1000);
  if (ns < 1'000'000'000) return fmt::format("{}.{:06}ms", ns / 1'000'000, ns % 1'000'000);
  return fmt::format("{}.{:09}", ns / 1'000'000'000, ns % 1'000'000'000);
}

std::string Latencies::text() const {
  const auto at = [this](double percent) {
    return latency_text(Duration(histogram_.percentile(percent)));
  };
  return fmt::format("Latency of {} responses: min {}, p50 {}, p99 {}, max {}", count(),
                     latency_text(Duration(histogram_.min())), at(50), at(99),
                     latency_text(Duration(histogram_.max())));
}

std::string Latencies::json() const {
  const auto us = [](int64_t ns) { return static_cast<double>(ns) / 1000; };
  return fmt::format(
      R"({{"responses":{},"min_us":{:.3f},"p50_us":{:.3f},"p99_us":{:.3f},"max_us":{:.3f}}})",
      count(), us(histogram_.min()), us(histogram_.percentile(50)), us(histogram_.percentile(99)),
      us(histogram_.max()));
}

}  // namespace mq
