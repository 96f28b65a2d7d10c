// What it costs to write changes, by those that were written.
#pragma once

#include <chrono>
#include <cstddef>

namespace mq {

// A disk takes its time for each sync and for each byte; and each byte is read again when the
// journal is folded.
class WriteCost {
 public:
  using Duration = std::chrono::nanoseconds;

  // A transaction with so many bytes of changes took so long.
  void written(size_t bytes, Duration took) {
    if (bytes < kSmall) {
      sync_ns_ = ns(took);
    } else if (ns(took) > sync_ns_) {
      learn(write_ns_, (ns(took) - sync_ns_) / static_cast<double>(bytes));
    }
  }
  void folded(size_t bytes, Duration took) {
    if (bytes >= kSmall) learn(fold_ns_, ns(took) / static_cast<double>(bytes));
  }

  Duration of(size_t bytes) const {
    return Duration(
        static_cast<Duration::rep>(sync_ns_ + static_cast<double>(bytes) * (write_ns_ + fold_ns_)));
  }

 private:
  // Less than this costs no more than its sync.
  static constexpr size_t kSmall = 16 << 10;

  static double ns(Duration duration) { return static_cast<double>(duration.count()); }
  // The newest counts for a quarter: no single delay of the disk decides.
  static void learn(double& average, double value) { average += (value - average) / 4; }

  double sync_ns_ = 0;
  double write_ns_ = 3, fold_ns_ = 7;  // of a byte; until they were measured, those of an SSD
};

}  // namespace mq
