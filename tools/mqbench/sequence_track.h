// Which messages of one publisher have reached one subscriber.
#pragma once

#include <bit>
#include <cstdint>

namespace mq {

// 24 bytes a pair of publisher and subscriber. Every sequence number is told apart as new or
// duplicate, exactly, as long as it is less than kWindow behind the newest one or nothing older
// is missing; what comes later than that while something is missing counts as the missing one.
class SequenceTrack {
 public:
  static constexpr uint64_t kWindow = 64;

  enum class Kind : uint8_t {
    kNew,        // later than all before it
    kLate,       // new, but overtaken by a later one
    kDuplicate,
  };
  struct Arrival {
    Kind kind;
    uint64_t behind;  // how far behind the newest one it came, 0 for kNew
  };

  Arrival arrived(uint64_t sequence) {
    if (sequence >= next_) {
      const uint64_t step = sequence - next_ + 1;
      seen_ = (step < kWindow ? seen_ << step : 0) | 1;
      next_ = sequence + 1;
      ++received_;
      return {Kind::kNew, 0};
    }
    const uint64_t behind = next_ - 1 - sequence;
    const bool known = behind < kWindow ? (seen_ >> behind & 1) != 0 : missing_before_window() == 0;
    if (known) return {Kind::kDuplicate, behind};
    if (behind < kWindow) seen_ |= uint64_t{1} << behind;
    ++received_;
    return {Kind::kLate, behind};
  }

  uint64_t next() const { return next_; }          // the newest one and one
  uint64_t received() const { return received_; }  // different ones

 private:
  uint64_t missing_before_window() const {
    const auto in_window = static_cast<uint64_t>(std::popcount(seen_));
    const uint64_t before = next_ > kWindow ? next_ - kWindow : 0;
    return before - (received_ - in_window);
  }

  uint64_t next_ = 0;
  uint64_t seen_ = 0;  // bit i: next_ - 1 - i has come
  uint64_t received_ = 0;
};

}  // namespace mq
