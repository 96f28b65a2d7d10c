// How long to wait before the next try to connect.
#pragma once

#include <cstdint>

#include "base/random.h"
#include "base/time.h"

namespace mq {

struct BackoffOptions {
  Duration first = std::chrono::seconds(1);
  Duration max = std::chrono::seconds(30);
  Duration min{};  // no delay is shorter, whatever is drawn
};

// Exponential with jitter: the n-th delay is drawn from the upper half of first * 2^n, at most
// `max`, so that many clients that lost the same server do not come back in step.
class Backoff {
 public:
  explicit Backoff(BackoffOptions options) : options_(options) {}
  // The delay before the next try; every call doubles the following one.
  Duration next(Random& random);
  // A connection was of use: start again from `first`.
  void reset() { tries_ = 0; }
  uint32_t tries() const { return tries_; }

 private:
  BackoffOptions options_;
  uint32_t tries_ = 0;
};

}  // namespace mq
