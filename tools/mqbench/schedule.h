// When each message is due: an absolute plan that does not move when the sender is late.
#pragma once

#include <cassert>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/time.h"

namespace mq {

// `messages` messages, evenly spaced at `rate` a second in all and given to the publishers in
// turn: message k belongs to publisher k mod publishers.
class Schedule {
 public:
  // REQUIRES: rate > 0, publishers > 0
  Schedule(Time start, double rate, uint64_t messages, uint32_t publishers)
      : start_(start), interval_ns_(1e9L / rate), messages_(messages), publishers_(publishers) {
    assert(rate > 0 && publishers > 0);
  }

  uint64_t messages() const { return messages_; }
  uint64_t messages_of(uint32_t publisher) const {
    return messages_ / publishers_ + (publisher < messages_ % publishers_ ? 1 : 0);
  }
  // When the n-th message of a publisher is due, from 0.
  Time planned(uint32_t publisher, uint64_t n) const {
    // 64 bits of precision: exact to the nanosecond for centuries.
    const long double k = static_cast<long double>(n) * publishers_ + publisher;
    return start_ + Duration(static_cast<int64_t>(k * interval_ns_ + 0.5L));
  }

 private:
  Time start_;
  long double interval_ns_;
  uint64_t messages_;
  uint32_t publishers_;
};

// Goes through the messages of some of the publishers in the order of their times.
class Pacer {
 public:
  // REQUIRES: `publishers` ascend
  Pacer(const Schedule& schedule, std::vector<uint32_t> publishers)
      : schedule_(schedule), publishers_(std::move(publishers)) {
    settle();
  }

  // When the next message is due, kNever when there is none.
  Time next() const { return next_; }

  // Calls due(i) for each message that is due by `now`; i is an index into `publishers`.
  template <class Due>
  void advance(Time now, Due&& due) {
    while (next_ <= now) {
      due(at_);
      if (++at_ == publishers_.size()) {
        at_ = 0;
        ++round_;
      }
      settle();
    }
  }

 private:
  // A publisher without a message in this round has none in later ones, nor have those after it:
  // only the last round can be incomplete.
  void settle() {
    const bool more = at_ < publishers_.size() && round_ < schedule_.messages_of(publishers_[at_]);
    next_ = more ? schedule_.planned(publishers_[at_], round_) : kNever;
  }

  Schedule schedule_;
  std::vector<uint32_t> publishers_;
  uint64_t round_ = 0;
  size_t at_ = 0;
  Time next_ = kNever;
};

}  // namespace mq
