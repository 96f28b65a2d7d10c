// Which messages of one stream have been delivered to anybody.
#pragma once

#include <bit>
#include <cstdint>
#include <deque>

namespace mq {

// The members of a shared subscription get a part each, and one may be far behind another: every
// sequence number is told apart as new or duplicate as long as it is less than kWindow behind the
// newest one or nothing older is missing. What comes later than that while something is missing
// counts as the missing one. A bit for each message from the oldest missing one on.
class DeliveredSet {
 public:
  static constexpr uint64_t kWindow = 1 << 22;  // at most 512 KiB

  // True when it is new.
  bool insert(uint64_t sequence) {
    if (sequence < base_) {
      if (given_up_ == 0) return false;
      --given_up_;
      ++size_;
      return true;
    }
    if (sequence - base_ >= kWindow) move_to(sequence);
    const uint64_t word = (sequence - base_) / 64;
    while (words_.size() <= word) words_.push_back(0);
    const uint64_t bit = uint64_t{1} << sequence % 64;
    if ((words_[word] & bit) != 0) return false;
    words_[word] |= bit;
    ++size_;
    if (sequence >= next_) next_ = sequence + 1;
    while (!words_.empty() && words_.front() == UINT64_MAX) drop_front();
    return true;
  }

  uint64_t next() const { return next_; }  // the newest one and one
  uint64_t size() const { return size_; }  // different ones

 private:
  // Makes room for `sequence` at the end of the window.
  void move_to(uint64_t sequence) {
    const uint64_t base = (sequence - kWindow) / 64 * 64 + 64;
    while (base_ < base && !words_.empty()) {
      given_up_ += 64 - static_cast<uint64_t>(std::popcount(words_.front()));
      drop_front();
    }
    if (base_ < base) {  // nothing of what is between came
      given_up_ += base - base_;
      base_ = base;
    }
  }
  void drop_front() {
    words_.pop_front();
    base_ += 64;
  }

  uint64_t base_ = 0;  // of the first word; a multiple of 64
  std::deque<uint64_t> words_;
  uint64_t given_up_ = 0;  // missing before base_
  uint64_t next_ = 0, size_ = 0;
};

}  // namespace mq
