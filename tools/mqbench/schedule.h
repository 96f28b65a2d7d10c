// When each message is due: an absolute plan that does not move when the sender is late.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <queue>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "base/time.h"
#include "mqbench/rate_curve.h"

namespace mq {

enum class Arrival : uint8_t {
  kUniform,  // the messages of a publisher are evenly spaced
  kPoisson,  // each is due at a random time that knows nothing of the others
};
// How the evenly spaced messages of one publisher lie to those of another.
enum class Phase : uint8_t {
  kEven,    // in turn, so that those of all together are evenly spaced
  kRandom,  // anyhow
  kSync,    // at the same time
};

std::string_view name(Arrival arrival);
std::string_view name(Phase phase);

// What is random is so by the seed and the number of the publisher alone: shards need not know of
// each other.
struct ArrivalOptions {
  Arrival arrival = Arrival::kUniform;
  Phase phase = Phase::kEven;
  uint64_t seed = 0;
};

// The messages of all publishers together follow a curve; each has the same part of them. All
// arithmetic is about their numbers: publisher p's n-th of the evenly spaced ones is number
// n * publishers + p of the curve.
class Schedule {
 public:
  // `messages` in all; nothing: as many as a Poisson process makes until the end of the curve.
  // REQUIRES: publishers > 0; messages <= curve.messages() rounded; with none Arrival::kPoisson
  Schedule(Time start, RateCurve curve, std::optional<uint64_t> messages, uint32_t publishers,
           ArrivalOptions arrival = {});

  // REQUIRES: the number of messages is known
  uint64_t messages() const { return *messages_; }
  uint64_t messages_of(uint32_t publisher) const {
    return *messages_ / publishers_ + (publisher < *messages_ % publishers_ ? 1 : 0);
  }
  // Whether the publishers' turns come one after the other, round by round.
  bool goes_round() const {
    return arrival_.arrival == Arrival::kUniform && arrival_.phase != Phase::kRandom;
  }

 private:
  friend class Turns;

  Time start_;
  RateCurve curve_;
  std::optional<uint64_t> messages_;
  uint32_t publishers_;
  ArrivalOptions arrival_;
};

// The messages of one publisher.
class Turns {
 public:
  // REQUIRES: `schedule` outlives it
  Turns(const Schedule& schedule, uint32_t publisher);

  // When its next message is due, kNever when there is none.
  Time next() const { return next_; }
  void take() {
    ++taken_;
    if (evenly_ && taken_ < count_) {
      next_ = when(static_cast<double>(taken_) * schedule_->publishers_ + first_);
    } else {
      take_other();
    }
  }

 private:
  Time when(double number) { return schedule_->start_ + schedule_->curve_.when(number, piece_); }
  void take_other();
  std::optional<double> number() const;
  double random_step();

  const Schedule* schedule_;
  uint32_t publisher_;
  uint32_t piece_ = 0;
  bool evenly_;     // number() is first_ and so many rounds of all publishers
  double first_;
  uint64_t taken_ = 0;
  uint64_t count_;     // of all its messages, if that is known
  double random_ = 0;  // of arrivals that are: how far they are
  Time next_ = kNever;
};

// Goes through the messages of some of the publishers in the order of their times.
class Pacer {
 public:
  // REQUIRES: `publishers` ascend; `schedule` outlives it
  Pacer(const Schedule& schedule, const std::vector<uint32_t>& publishers);

  // When the next message is due, kNever when there is none.
  Time next() const { return next_; }

  // Calls due(i) for each message that is due by `now`; i is an index into `publishers`.
  template <class Due>
  void advance(Time now, Due&& due) {
    while (next_ <= now) {
      due(at_);
      step();
    }
  }

 private:
  void step();

  bool goes_round_;
  std::vector<Turns> turns_;
  size_t at_ = 0;  // whose turn it is
  // Where they do not come round: all of them.
  using Entry = std::pair<Time, size_t>;
  std::priority_queue<Entry, std::vector<Entry>, std::greater<>> queue_;
  Time next_ = kNever;
};

}  // namespace mq
