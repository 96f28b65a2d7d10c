#include "base/histogram.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>
#include <optional>

#include <fmt/core.h>

namespace mq {
namespace {

constexpr uint32_t kCookieV2 = 0x1c849313;
constexpr size_t kHeaderSize = 40;
constexpr uint64_t kCountMax = std::numeric_limits<int64_t>::max();  // Java's long

unsigned single_bits_for(int digits) {
  uint64_t needed = 2;
  for (int i = 0; i < digits; ++i) needed *= 10;
  return static_cast<unsigned>(std::bit_width(needed - 1));
}

unsigned unit_bits_of(int64_t lowest) {
  return static_cast<unsigned>(std::bit_width(static_cast<uint64_t>(lowest))) - 1;
}

// HdrHistogram rounds the size of its table up to whole powers of two, so the last one may hold
// buckets above `highest`, which is in units; files that use them are read.
size_t table_size(unsigned single_bits, uint64_t highest) {
  const auto bits = static_cast<unsigned>(std::bit_width(highest));
  const unsigned doublings = bits > single_bits ? bits - single_bits : 0;
  return (size_t{doublings} + 2) << (single_bits - 1);
}

void put_be64(Buffer& to, uint64_t value) {
  to.put_be32(static_cast<uint32_t>(value >> 32));
  to.put_be32(static_cast<uint32_t>(value));
}

uint64_t load_be64(const uint8_t* p) {
  return uint64_t{load_be32(p)} << 32 | load_be32(p + 4);
}

// ZigZag LEB128, whose ninth byte, the last there can be, has eight bits of value.
void put_zigzag(Buffer& to, int64_t value) {
  uint64_t rest = static_cast<uint64_t>(value) << 1 ^ static_cast<uint64_t>(value >> 63);
  for (int i = 0; i < 8 && rest >= 0x80; ++i) {
    to.put_u8(static_cast<uint8_t>(rest | 0x80));
    rest >>= 7;
  }
  to.put_u8(static_cast<uint8_t>(rest));
}

// Takes one number from the front of `in`; nothing when `in` ends before it does.
std::optional<int64_t> take_zigzag(Bytes& in) {
  uint64_t value = 0;
  for (unsigned i = 0; i < 9 && i < in.size(); ++i) {
    const uint64_t byte = in[i];
    const bool last = i == 8 || byte < 0x80;
    value |= (last ? byte : byte & 0x7F) << (7 * i);
    if (last) {
      in = in.subspan(i + 1);
      return static_cast<int64_t>(value >> 1 ^ (~(value & 1) + 1));
    }
  }
  return std::nullopt;
}

tl::unexpected<Error> malformed(std::string_view what) {
  return fail(ErrorCode::kMalformed, fmt::format("histogram: {}", what));
}

}  // namespace

Histogram::Histogram(int digits, int64_t highest, int64_t lowest)
    : digits_(digits),
      lowest_(lowest),
      highest_(highest),
      unit_bits_(unit_bits_of(lowest)),
      single_bits_(single_bits_for(digits)),
      single_mask_((uint64_t{1} << single_bits_) - 1) {
  assert(digits >= 1 && digits <= 5);
  assert(lowest >= 1 && lowest <= highest / 2 && highest <= kHighestMax);
  counts_.resize(table_size(single_bits_, static_cast<uint64_t>(highest) >> unit_bits_));
}

void Histogram::raise_highest(int64_t highest) {
  assert(highest >= highest_ && highest <= kHighestMax);
  highest_ = highest;
  counts_.resize(table_size(single_bits_, static_cast<uint64_t>(highest) >> unit_bits_));
}

Result<void> Histogram::merge(const Histogram& other) {
  if (!same_configuration(other)) {
    return fail(
        ErrorCode::kInvalidArgument,
        fmt::format("histograms of {} digits, {} to {}, and of {} digits, {} to {}, "
                    "cannot be merged",
                    digits_, lowest_, highest_, other.digits_, other.lowest_, other.highest_));
  }
  if (other.count_ > kCountMax || count_ > kCountMax - other.count_) {
    return fail(ErrorCode::kTooLarge, "histograms of more values than can be counted");
  }
  for (size_t i = 0, end = other.used(); i < end; ++i) counts_[i] += other.counts_[i];
  count_ += other.count_;
  overflows_ += other.overflows_;
  negatives_ += other.negatives_;
  min_ = std::min(min_, other.min_);
  max_ = std::max(max_, other.max_);
  sum_ += other.sum_;
  sum_of_squares_ += other.sum_of_squares_;
  return {};
}

Histogram Histogram::since(const Histogram& earlier) const {
  assert(same_configuration(earlier) && count_ >= earlier.count_);
  Histogram to(digits_, highest_, lowest_);
  for (size_t i = 0, end = used(); i < end; ++i) {
    const uint64_t count = counts_[i] - earlier.counts_[i];
    if (count > 0) to.add(i, std::min(bucket(i).high, max_), count);
  }
  to.sum_ = sum_ - earlier.sum_;
  to.sum_of_squares_ = sum_of_squares_ - earlier.sum_of_squares_;
  return to;
}

double Histogram::mean() const {
  if (count_ == 0) return 0;
  return static_cast<double>(static_cast<long double>(sum_) / static_cast<long double>(count_));
}

double Histogram::deviation() const {
  if (count_ == 0) return 0;
  const auto n = static_cast<long double>(count_);
  const long double mean = static_cast<long double>(sum_) / n;
  const long double variance = static_cast<long double>(sum_of_squares_) / n - mean * mean;
  return static_cast<double>(std::sqrt(std::max(variance, 0.0L)));
}

int64_t Histogram::percentile(double percent) const {
  if (count_ == 0) return 0;
  const double share = std::clamp(percent, 0.0, 100.0) / 100;
  // The next representable number down, before rounding up: 99.9 % of 1000 is 999, not 1000.
  const double rank = std::ceil(std::nextafter(share * static_cast<double>(count_), 0.0));
  const uint64_t wanted = std::clamp<uint64_t>(static_cast<uint64_t>(rank), 1, count_);
  uint64_t seen = 0;
  size_t index = 0;
  while ((seen += counts_[index]) < wanted) ++index;
  return std::min(bucket(index).high, max_);
}

Histogram::Bucket Histogram::bucket(size_t index) const {
  const size_t half = size_t{1} << (single_bits_ - 1);
  const size_t ignored = index < 2 * half ? 0 : index / half - 1;
  const auto low = static_cast<int64_t>((index - ignored * half) << (ignored + unit_bits_));
  return {low, low + (int64_t{1} << (ignored + unit_bits_)) - 1, counts_[index]};
}

void Histogram::encode(Buffer& to) const {
  const size_t start = to.size();
  to.put_be32(kCookieV2);
  to.put_be32(0);  // length of the counts, below
  to.put_be32(0);  // normalizing index offset
  to.put_be32(static_cast<uint32_t>(digits_));
  put_be64(to, static_cast<uint64_t>(lowest_));
  put_be64(to, static_cast<uint64_t>(highest_));
  put_be64(to, std::bit_cast<uint64_t>(1.0));  // integer to double conversion ratio
  // The others write one count, a zero, for an empty histogram.
  const size_t end = std::max<size_t>(used(), 1);
  for (size_t i = 0; i < end;) {
    size_t zeros = 0;
    while (i + zeros < end && counts_[i + zeros] == 0) ++zeros;
    if (zeros > 1) {
      put_zigzag(to, -static_cast<int64_t>(zeros));
      i += zeros;
    } else {
      put_zigzag(to, static_cast<int64_t>(counts_[i]));
      ++i;
    }
  }
  store_be32(to.data() + start + 4, static_cast<uint32_t>(to.size() - start - kHeaderSize));
}

Result<Histogram> Histogram::decode(Bytes from) {
  if (from.size() < kHeaderSize) return malformed("shorter than its header");
  const uint8_t* header = from.data();
  if (load_be32(header) != kCookieV2) return malformed("not in the V2 encoding");
  Bytes counts = from.subspan(kHeaderSize);
  if (load_be32(header + 4) != counts.size()) return malformed("length is not that of its counts");
  const uint32_t offset = load_be32(header + 8);
  const uint64_t ratio = load_be64(header + 32);
  // hdr-histogram-js writes, and ignores, the ratio as integer 1 and an index offset of 1.
  const bool from_js = offset == 1 && ratio == 1;
  if (!from_js && (offset != 0 || ratio != std::bit_cast<uint64_t>(1.0))) {
    return malformed("shifted or of real numbers, which is not supported");
  }
  const uint32_t digits = load_be32(header + 12);
  const uint64_t lowest = load_be64(header + 16), highest = load_be64(header + 24);
  if (digits < 1 || digits > 5) return malformed("digits not in 1 to 5");
  if (lowest < 1 || lowest > kHighestMax / 2) return malformed("lowest value out of range");
  if (highest > kCountMax || highest / 2 < lowest) return malformed("highest value out of range");

  Histogram histogram(static_cast<int>(digits),
                      std::min(static_cast<int64_t>(highest), kHighestMax),
                      static_cast<int64_t>(lowest));
  const size_t size = table_size(histogram.single_bits_, highest >> histogram.unit_bits_);
  size_t index = 0;
  while (!counts.empty()) {
    const std::optional<int64_t> value = take_zigzag(counts);
    if (!value) return malformed("last count is cut off");
    const size_t left = size - index;
    if (*value < 0) {
      const uint64_t zeros = uint64_t{0} - static_cast<uint64_t>(*value);
      if (zeros > left) return malformed("more counts than its range has");
      index += static_cast<size_t>(zeros);
      continue;
    }
    if (left == 0) return malformed("more counts than its range has");
    if (*value > 0) {
      const auto times = static_cast<uint64_t>(*value);
      if (index >= histogram.counts_.size()) return malformed("a value of more than a day");
      if (times > kCountMax - histogram.count_) return malformed("counts overflow");
      const Bucket bucket = histogram.bucket(index);
      histogram.add(index, bucket.low + (bucket.high - bucket.low) / 2, times);
      histogram.min_ = std::min(histogram.min_, bucket.low);
      histogram.max_ = bucket.high;
    }
    ++index;
  }
  return histogram;
}

bool Histogram::restore(int64_t min, int64_t max, double mean, double deviation) {
  if (count_ == 0 || min < 0 || min > max || max > highest_) return false;
  if (index_of(min) != index_of(min_) || index_of(max) != index_of(max_)) return false;
  const auto low = static_cast<double>(min), high = static_cast<double>(max);
  if (!(mean >= low && mean <= high && deviation >= 0 && deviation <= high)) return false;
  min_ = min;
  max_ = max;
  const auto n = static_cast<long double>(count_);
  const long double m = mean, d = deviation;
  sum_ = static_cast<Wide>(m * n + 0.5L);
  sum_of_squares_ = static_cast<Wide>((d * d + m * m) * n + 0.5L);
  return true;
}

}  // namespace mq
