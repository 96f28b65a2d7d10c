#include "base/random.h"

#include <set>
#include <string>

#include <doctest/doctest.h>

using namespace mq;

TEST_CASE("a seed gives one sequence, on every machine the same") {
  // The first number of xoshiro256** seeded through splitmix64 from 1, as other programs have it.
  Random a(1), b(1), c(2);
  const uint64_t first = a.next();
  CHECK(first == 0xb3f2af6d0fc710c5);
  CHECK(b.next() == first);
  CHECK(c.next() != first);
}

TEST_CASE("numbers below n are below n, and each of them turns up") {
  Random random(1);
  for (const uint64_t n : {1u, 2u, 3u, 10u}) {
    std::set<uint64_t> seen;
    for (int i = 0; i < 500; ++i) {
      const uint64_t value = random.below(n);
      REQUIRE(value < n);
      seen.insert(value);
    }
    CHECK(seen.size() == n);
  }
  // A bound over half of the range, where a plain remainder would be uneven.
  const uint64_t large = 0xC000000000000000;
  int low = 0;
  for (int i = 0; i < 10'000; ++i) low += random.below(large) < large / 3;
  CHECK(low > 3000);
  CHECK(low < 3700);
}

TEST_CASE("units are in [0, 1) and chances follow them") {
  Random random(5);
  double sum = 0;
  int heads = 0;
  for (int i = 0; i < 10'000; ++i) {
    const double unit = random.unit();
    REQUIRE((unit >= 0 && unit < 1));
    sum += unit;
    heads += random.chance(0.25);
  }
  CHECK(sum == doctest::Approx(5000).epsilon(0.05));
  CHECK(heads == doctest::Approx(2500).epsilon(0.1));
  CHECK(!random.chance(0));
  CHECK(random.chance(1));
}

TEST_CASE("[MQTT-3.1.3-5] identifiers have only characters that every server takes") {
  Random random(3);
  const std::string text = random.alphanumeric(1000);
  CHECK(text.size() == 1000);
  CHECK(text.find_first_not_of("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") ==
        std::string::npos);
  CHECK(std::set<char>(text.begin(), text.end()).size() == 62);
}

TEST_CASE("a UUID has version 4 and the variant of RFC 4122") {
  Random random(9);
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    const std::string uuid = random.uuid();
    REQUIRE(uuid.size() == 36);
    for (const size_t at : {8u, 13u, 18u, 23u}) REQUIRE(uuid[at] == '-');
    CHECK(uuid[14] == '4');
    CHECK(std::string("89ab").find(uuid[19]) != std::string::npos);
    seen.insert(uuid);
  }
  CHECK(seen.size() == 1000);
}
