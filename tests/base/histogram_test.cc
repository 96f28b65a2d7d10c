#include "base/histogram.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "base/random.h"

using namespace mq;

namespace {

Buffer from_hex(std::string_view hex) {
  Buffer bytes;
  for (size_t i = 0; i < hex.size(); i += 2) {
    bytes.put_u8(static_cast<uint8_t>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
  }
  return bytes;
}

Buffer encoded(const Histogram& histogram) {
  Buffer bytes;
  histogram.encode(bytes);
  return bytes;
}

// Spread evenly over the orders of magnitude, as latencies are.
int64_t random_value(Random& random, int64_t highest) {
  const double exponent = random.unit() * std::log2(static_cast<double>(highest));
  return std::min(static_cast<int64_t>(std::exp2(exponent)), highest);
}

// The value at a rank, by the definition: the smallest that at least that share does not exceed.
int64_t percentile_of(const std::vector<int64_t>& sorted, int64_t numerator, int64_t denominator) {
  const auto n = static_cast<int64_t>(sorted.size());
  const int64_t rank = std::max<int64_t>((n * numerator + denominator - 1) / denominator, 1);
  return sorted[static_cast<size_t>(rank - 1)];
}

// As hdr-histogram-js 3.0.1 encoded the values of the test below.
constexpr std::string_view kJsMixed =
    "1c84931300000014000000010000000300000000000000010000034630b8a000000000000000000102"
    "04f91f0204c113d804fd0f02fb6a02a39c0102";

Histogram mixed() {
  Histogram h;
  for (int64_t v : {0, 1, 1, 2047, 2048, 2049, 10000, 1000000, 899917000}) h.record(v);
  h.record(5000, 300);
  return h;
}

}  // namespace

TEST_CASE("bucket edges are HdrHistogram's") {
  struct Edge {
    int digits;
    int64_t value, low, high;
  };
  // From lowestEquivalentValue() and highestEquivalentValue() of hdr-histogram-js 3.0.1.
  const Edge edges[] = {
      {3, 0, 0, 0},
      {3, 1, 1, 1},
      {3, 2047, 2047, 2047},
      {3, 2048, 2048, 2049},
      {3, 2049, 2048, 2049},
      {3, 4095, 4094, 4095},
      {3, 4096, 4096, 4099},
      {3, 10000, 10000, 10007},
      {3, 1000000, 999936, 1000447},
      {3, 899917000, 899678208, 900202495},
      {3, 123456789012, 123413200896, 123480309759},
      {3, 3600000000000, 3599182594048, 3601330077695},
      {1, 899917000, 872415232, 905969663},
      {2, 899917000, 897581056, 901775359},
      {4, 899917000, 899907584, 899940351},
      {5, 899917000, 899915776, 899919871},
  };
  for (const Edge& edge : edges) {
    CAPTURE(edge.digits);
    CAPTURE(edge.value);
    const Histogram::Bucket bucket = Histogram(edge.digits).bucket_of(edge.value);
    CHECK(bucket.low == edge.low);
    CHECK(bucket.high == edge.high);
  }
}

TEST_CASE("buckets cover every value once, without gaps") {
  for (int digits = 1; digits <= 5; ++digits) {
    CAPTURE(digits);
    const Histogram h(digits);
    int64_t next = 0;
    bool whole = true;
    while (whole && next <= h.highest()) {
      const Histogram::Bucket bucket = h.bucket_of(next);
      const Histogram::Bucket same = h.bucket_of(std::min(bucket.high, h.highest()));
      whole = bucket.low == next && same.low == bucket.low;
      next = bucket.high + 1;
    }
    CHECK(whole);
  }
}

TEST_CASE("percentiles agree with sorted values") {
  Random random(20261001);
  for (int digits = 1; digits <= 5; ++digits) {
    CAPTURE(digits);
    const int rounds = digits <= 3 ? 20 : 1;  // 29 MB to go through at five
    for (int round = 0; round < rounds; ++round) {
      Histogram h(digits);
      std::vector<int64_t> values(1 + random.below(5000));
      for (int64_t& value : values) h.record(value = random_value(random, h.highest()));
      std::sort(values.begin(), values.end());
      for (int64_t per_mille : {0, 1, 500, 900, 990, 999, 1000}) {
        CAPTURE(per_mille);
        const int64_t exact = percentile_of(values, per_mille, 1000);
        const int64_t told = h.percentile(static_cast<double>(per_mille) / 10);
        CHECK(told >= exact);
        CHECK(static_cast<double>(told - exact) <= std::pow(10, -digits) * double(exact));
        // The middle of the bucket is nearer still: 1/2048 at three digits.
        const Histogram::Bucket bucket = h.bucket_of(told);
        const double middle = static_cast<double>(bucket.low) / 2 + double(bucket.high) / 2;
        CHECK(std::abs(middle - double(exact)) <= std::pow(10, -digits) / 2 * double(exact));
        if (digits == 3) CHECK(std::abs(middle - double(exact)) * 2048 <= double(exact));
      }
    }
  }
}

TEST_CASE("what buckets round is kept exactly") {
  Histogram h;
  CHECK(h.min() == 0);
  CHECK(h.max() == 0);
  CHECK(h.mean() == 0);
  CHECK(h.deviation() == 0);
  CHECK(h.percentile(50) == 0);
  h.record(1'000'000'001);
  h.record(1'000'000'003);
  CHECK(h.min() == 1'000'000'001);
  CHECK(h.max() == 1'000'000'003);
  CHECK(h.mean() == 1'000'000'002);
  CHECK(h.deviation() == doctest::Approx(1));
  CHECK(h.percentile(100) == h.max());
  CHECK(h.percentile(0) <= h.max());
}

TEST_CASE("values outside the range are counted apart and never moved into it") {
  Histogram h(3, 1000);
  h.record(-1);
  h.record(-5, 2);
  h.record(1000);
  h.record(1001, 4);
  CHECK(h.count() == 1);
  CHECK(h.negatives() == 3);
  CHECK(h.overflows() == 4);
  CHECK(h.min() == 1000);
  CHECK(h.max() == 1000);
  Histogram sum(3, 1000);
  REQUIRE(sum.merge(h));
  REQUIRE(sum.merge(h));
  CHECK(sum.negatives() == 6);
  CHECK(sum.overflows() == 8);
}

TEST_CASE("for_each visits what was recorded, in order") {
  std::vector<Histogram::Bucket> buckets;
  mixed().for_each([&](Histogram::Bucket bucket) { buckets.push_back(bucket); });
  REQUIRE(buckets.size() == 8);
  CHECK(buckets[1].low == 1);
  CHECK(buckets[1].count == 2);
  CHECK(buckets[3].low == 2048);  // and 2049
  CHECK(buckets[3].count == 2);
  CHECK(buckets[4].low == 5000);
  CHECK(buckets[4].count == 300);
  CHECK(buckets[7].high == 900202495);
  CHECK(std::is_sorted(buckets.begin(), buckets.end(),
                       [](auto& a, auto& b) { return a.high < b.low; }));
}

TEST_CASE("a merge of parts equals one that saw everything") {
  Random random(7);
  for (int round = 0; round < 20; ++round) {
    Histogram a, b, all;
    for (int i = 0; i < 1000; ++i) {
      const int64_t value = random_value(random, Histogram::kHighest);
      const uint64_t times = 1 + random.below(3);
      (random.chance(0.3) ? a : b).record(value, times);
      all.record(value, times);
    }
    REQUIRE(a.merge(b));
    CHECK(equal(encoded(a).bytes(), encoded(all).bytes()));
    CHECK(a.count() == all.count());
    CHECK(a.min() == all.min());
    CHECK(a.max() == all.max());
    CHECK(a.mean() == all.mean());
    CHECK(a.deviation() == all.deviation());
  }
}

TEST_CASE("a merge of different configurations is refused and changes nothing") {
  Histogram h;
  Histogram fewer_digits(2);
  Histogram lower(3, 1000);
  fewer_digits.record(1);
  lower.record(1);
  CHECK_FALSE(h.merge(fewer_digits));
  const Result<void> merged = h.merge(lower);
  REQUIRE_FALSE(merged);
  CHECK(merged.error().text.find("1 to 1000") != std::string::npos);
  CHECK(h.count() == 0);
}

TEST_CASE("encoding: as HdrHistogram, but for two header fields that hdr-histogram-js differs in") {
  const Buffer js = from_hex(kJsMixed);
  Buffer expected = from_hex(kJsMixed);
  store_be32(expected.data() + 8, 0);            // normalizing index offset
  store_be32(expected.data() + 32, 0x3ff00000);  // conversion ratio 1.0
  store_be32(expected.data() + 36, 0);
  CHECK(equal(encoded(mixed()).bytes(), expected.bytes()));
  for (const Buffer& bytes : {from_hex(kJsMixed), encoded(mixed())}) {
    const Result<Histogram> h = Histogram::decode(bytes.bytes());
    REQUIRE(h);
    CHECK(h->count() == 309);
    CHECK(h->percentile(50) == 5003);
    CHECK(h->percentile(99.9) == 900202495);
    CHECK(h->min() == 0);
    CHECK(h->mean() == doctest::Approx(2920573.77));  // what hdr-histogram-js says of its buckets
    CHECK(h->deviation() == doctest::Approx(51112476.8));
  }
  const Buffer empty = encoded(Histogram());
  CHECK(empty.size() == 41);
  CHECK(Histogram::decode(empty.bytes())->count() == 0);
}

TEST_CASE("encoding: round trip") {
  Random random(99);
  for (int round = 0; round < 50; ++round) {
    CAPTURE(round);
    const int digits = 1 + static_cast<int>(random.below(5));
    const int64_t highest = std::max<int64_t>(random_value(random, Histogram::kHighestMax), 2);
    const int64_t lowest = std::max<int64_t>(random_value(random, highest / 2), 1);
    Histogram h(digits, highest, round % 2 == 0 ? 1 : lowest);
    for (uint64_t i = random.below(300); i > 0; --i) {
      // Counts of every length that their encoding has.
      h.record(random_value(random, highest), uint64_t{1} << random.below(56));
    }
    const Buffer bytes = encoded(h);
    const Result<Histogram> back = Histogram::decode(bytes.bytes());
    REQUIRE(back);
    CHECK(back->digits() == digits);
    CHECK(back->highest() == highest);
    CHECK(back->count() == h.count());
    CHECK(equal(encoded(*back).bytes(), bytes.bytes()));
  }
}

TEST_CASE("decoding: what is wrong is refused") {
  const auto refused = [](size_t at, std::string_view hex) {
    Buffer bytes = encoded(mixed());
    const Buffer patch = from_hex(hex);
    copy_to(bytes.data() + at, patch.bytes());
    return !Histogram::decode(bytes.bytes());
  };
  CHECK_FALSE(refused(0, "1c849313"));
  CHECK(refused(0, "1c849303"));   // V2 of another word size
  CHECK(refused(4, "00000013"));   // length of the counts
  CHECK(refused(8, "00000002"));   // index offset
  CHECK(refused(12, "00000000"));  // digits
  CHECK(refused(12, "00000006"));
  CHECK_FALSE(refused(16, "0000000000000002"));  // lowest
  CHECK(refused(16, "0000000000000000"));
  CHECK(refused(16, "0000034630b8a000"));  // as large as the highest
  CHECK(refused(16, "ffffffffffffffff"));
  CHECK(refused(24, "0000000000000001"));  // highest
  CHECK_FALSE(refused(24, "7fffffffffffffff"));
  CHECK(refused(24, "8000000000000000"));
  CHECK(refused(24, "00000000000003e8"));  // 1000: has fewer buckets than there are counts
  CHECK(refused(32, "4000000000000000"));  // ratio 2.0
  CHECK(refused(59, "80"));                // the last count goes on
  const auto refused_counts = [](std::string_view hex) {
    Buffer bytes = encoded(Histogram());
    bytes.truncate(40);
    const Buffer counts = from_hex(hex);
    bytes.append(counts.bytes());
    store_be32(bytes.data() + 4, static_cast<uint32_t>(counts.size()));
    return !Histogram::decode(bytes.bytes());
  };
  CHECK_FALSE(refused_counts(""));
  CHECK_FALSE(refused_counts("02"));
  CHECK_FALSE(refused_counts("ff8f04"));              // all 33792 are zero
  CHECK(refused_counts("ff8f0402"));                  // one more
  CHECK(refused_counts("ffffffffffffffffff"));        // 2^63 zeros
  CHECK_FALSE(refused_counts("feffffffffffffffff"));  // 2^63 - 1 times
  CHECK(refused_counts("feffffffffffffffff02"));      // and once more
}

TEST_CASE("a lowest value above 1: buckets are HdrHistogram's, in units of a power of two") {
  // From Java's, of 20000 to 3600000000000 with two digits: units of 16384.
  const Histogram h(2, 3'600'000'000'000, 20'000);
  struct Edge {
    int64_t value, low, high;
  };
  const Edge edges[] = {{0, 0, 16383},
                        {20'000, 16384, 32767},
                        {4'194'303, 4177920, 4194303},
                        {4'194'304, 4194304, 4227071},
                        {36'500'000'000, 36238786560LL, 36507222015LL}};
  for (const Edge& edge : edges) {
    CAPTURE(edge.value);
    CHECK(h.bucket_of(edge.value).low == edge.low);
    CHECK(h.bucket_of(edge.value).high == edge.high);
  }
  Histogram other;
  CHECK_FALSE(other.merge(h));
}

TEST_CASE("more room for larger values changes nothing that was counted") {
  Histogram h(3, 1000), large(3, Histogram::kHighestMax);
  for (const int64_t value : {1, 500, 1000}) {
    h.record(value);
    large.record(value);
  }
  h.raise_highest(Histogram::kHighestMax);
  CHECK(equal(encoded(h).bytes(), encoded(large).bytes()));
  h.record(Histogram::kHighestMax);
  CHECK(h.overflows() == 0);
  CHECK(h.count() == 4);
}

TEST_CASE("a highest value above a day is one, unless something was counted up there") {
  Histogram day(3, Histogram::kHighestMax);
  day.record(Histogram::kHighestMax);
  Buffer bytes = encoded(day);
  const Buffer highest = from_hex("7fffffffffffffff");
  copy_to(bytes.data() + 24, highest.bytes());
  const auto read = Histogram::decode(bytes.bytes());
  REQUIRE(read);
  CHECK(read->highest() == Histogram::kHighestMax);
  CHECK(read->count() == 1);
  bytes.truncate(40);
  const Buffer counts = from_hex("8fbf0502");  // a count behind 45000 zeros
  bytes.append(counts.bytes());
  store_be32(bytes.data() + 4, static_cast<uint32_t>(counts.size()));
  const auto above = Histogram::decode(bytes.bytes());
  REQUIRE_FALSE(above);
  CHECK(above.error().text == "histogram: a value of more than a day");
}

TEST_CASE("a merge of more values than can be counted is refused and changes nothing") {
  Histogram h, other;
  h.record(1, INT64_MAX);
  other.record(2);
  CHECK_FALSE(h.merge(other));
  CHECK(h.count() == INT64_MAX);
  CHECK(h.max() == 1);
}

TEST_CASE("decoding: truncated and mutated bytes never do harm") {
  const Buffer good = encoded(mixed());
  for (size_t n = 0; n < good.size(); ++n) {
    CHECK_FALSE(Histogram::decode(good.bytes().first(n)));
  }
  Random random(3);
  for (int i = 0; i < 3000; ++i) {
    Buffer bytes = encoded(mixed());
    for (uint64_t n = 1 + random.below(4); n > 0; --n) {
      bytes.data()[random.below(bytes.size())] = static_cast<uint8_t>(random.next());
    }
    if (const Result<Histogram> h = Histogram::decode(bytes.bytes())) {
      CHECK(h->percentile(99) <= h->max());
    }
  }
}

TEST_CASE("histogram: what was recorded since") {
  Histogram all;
  for (int64_t i = 1; i <= 1000; ++i) all.record(i);
  const Histogram earlier = all;
  CHECK(all.since(earlier).count() == 0);
  CHECK(all.since(earlier).max() == 0);
  for (int64_t i = 1; i <= 10; ++i) all.record(i * 100'000);
  const Histogram later = all.since(earlier);
  CHECK(later.count() == 10);
  CHECK(later.mean() == doctest::Approx(550'000));
  CHECK(later.max() == 1'000'000);
  CHECK(later.min() >= 100'000);
  CHECK(later.min() <= 100'100);
  CHECK(later.percentile(50) == doctest::Approx(500'000).epsilon(1e-3));
}
