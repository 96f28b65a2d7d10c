// A histogram of whole numbers, in practice nanoseconds, with a constant relative error.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/buffer.h"
#include "base/bytes.h"
#include "base/result.h"

namespace mq {

// The buckets are HdrHistogram's: values below 2^k one by one, where 2^k is the first power of two
// from 2 * 10^digits on, and from there 2^(k-1) buckets to each power of two. With a lowest value
// above 1, all of that in units of the power of two below it. Two histograms of one configuration
// merge without loss, and every HdrHistogram reads encode()'s bytes. What buckets round off is kept
// exactly beside them: smallest, largest, mean, deviation.
//
// Belongs to one thread. Recording neither allocates nor fails: what is negative or above highest()
// is in a counter of its own and in no other figure.
class Histogram {
 public:
  static constexpr int kDigits = 3;
  static constexpr int64_t kHighest = 3'600'000'000'000;  // an hour
  // A day. Bounds the memory that a foreign file can ask for (32 MiB at 5 digits), and keeps the
  // sum of squares in 128 bits for 2^34 values.
  static constexpr int64_t kHighestMax = 86'400'000'000'000;

  // REQUIRES: 1 <= digits <= 5, 1 <= lowest, 2 * lowest <= highest <= kHighestMax
  explicit Histogram(int digits, int64_t highest = kHighest, int64_t lowest = 1);
  Histogram() : Histogram(kDigits) {}

  void record(int64_t value, uint64_t times = 1) {
    if (value < 0) {
      negatives_ += times;
    } else if (value > highest_) {
      overflows_ += times;
    } else {
      add(index_of(value), value, times);
    }
  }

  // Adds what `other` holds. An error, and nothing done, when its configuration differs, or when
  // there would be more values than HdrHistogram can count.
  Result<void> merge(const Histogram& other);
  // Digits, lowest and highest value.
  bool same_configuration(const Histogram& other) const {
    return digits_ == other.digits_ && lowest_ == other.lowest_ && highest_ == other.highest_;
  }
  // Makes room for larger values; nothing that was counted changes.
  // REQUIRES: highest() <= highest <= kHighestMax
  void raise_highest(int64_t highest);

  // What was recorded since `earlier`, a copy of this one. Smallest and largest are those of the
  // buckets, and what lies outside of them is left out.
  Histogram since(const Histogram& earlier) const;

  int digits() const { return digits_; }
  int64_t lowest() const { return lowest_; }
  int64_t highest() const { return highest_; }
  // What HdrHistogram calls sub-buckets: values below that, in units, are counted one by one.
  size_t single_values() const { return size_t{1} << single_bits_; }
  // And buckets: the single values, and each power of two above them.
  size_t doublings() const { return counts_.size() / (single_values() / 2) - 1; }
  uint64_t count() const { return count_; }  // of the recorded values, without the next two
  uint64_t overflows() const { return overflows_; }
  uint64_t negatives() const { return negatives_; }
  // All 0 when count() is 0.
  int64_t min() const { return count_ == 0 ? 0 : min_; }
  int64_t max() const { return count_ == 0 ? 0 : max_; }
  double mean() const;
  double deviation() const;  // of the population
  // The largest value that counts as equal to the one at this rank, as HdrHistogram has it: at
  // least the true value, and above it by less than one part in 10^digits. Never above max().
  int64_t percentile(double percent) const;

  struct Bucket {
    int64_t low, high;  // both inside
    uint64_t count;
  };
  // Calls visit(Bucket) for each bucket that is not empty, in ascending order.
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (size_t i = 0, end = used(); i < end; ++i) {
      if (counts_[i] != 0) visit(bucket(i));
    }
  }
  // The bucket a value falls into, with its count. REQUIRES: 0 <= value <= highest()
  Bucket bucket_of(int64_t value) const { return bucket(index_of(value)); }

  // HdrHistogram's V2 encoding, not compressed. It carries the buckets only: overflows(),
  // negatives() and the exact figures have to travel beside it.
  void encode(Buffer& to) const;
  // Reads such bytes from anywhere. The exact figures are what the buckets say: their outer edges
  // and their middles. A highest value above kHighestMax is taken for that, as long as no counted
  // value is above it.
  static Result<Histogram> decode(Bytes from);
  // Puts back what travelled beside the bytes: the exact figures, in place of those of the buckets.
  // False, and nothing done, when they cannot be those of these buckets.
  bool restore(int64_t min, int64_t max, double mean, double deviation);

 private:
  __extension__ using Wide = unsigned __int128;

  size_t index_of(int64_t value) const {
    // 0 for values counted one by one, else how many low bits the bucket ignores.
    const auto v = static_cast<uint64_t>(value) >> unit_bits_;
    const auto ignored = static_cast<unsigned>(std::bit_width(v | single_mask_)) - single_bits_;
    return (size_t{ignored} << (single_bits_ - 1)) + static_cast<size_t>(v >> ignored);
  }
  Bucket bucket(size_t index) const;
  // Buckets up to the last that is not empty.
  size_t used() const { return count_ == 0 ? 0 : index_of(max_) + 1; }
  void add(size_t index, int64_t value, uint64_t times) {
    counts_[index] += times;
    count_ += times;
    if (value < min_) min_ = value;
    if (value > max_) max_ = value;
    const auto wide = Wide{static_cast<uint64_t>(value)};
    sum_ += wide * times;
    sum_of_squares_ += wide * wide * times;
  }

  int digits_;
  int64_t lowest_, highest_;
  unsigned unit_bits_;    // of a value, that all buckets ignore
  unsigned single_bits_;  // values of that many bits are counted one by one
  uint64_t single_mask_;
  std::vector<uint64_t> counts_;
  uint64_t count_ = 0, overflows_ = 0, negatives_ = 0;
  int64_t min_ = INT64_MAX, max_ = INT64_MIN;
  Wide sum_ = 0, sum_of_squares_ = 0;
};

}  // namespace mq
