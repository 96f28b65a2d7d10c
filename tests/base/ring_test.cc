#include "base/ring.h"

#include <deque>
#include <memory>
#include <string>

#include <doctest/doctest.h>

#include "base/random.h"

using namespace mq;

TEST_CASE("a ring agrees with a deque after any sequence of operations") {
  Random random(2);
  Ring<std::string> ring;
  std::deque<std::string> expected;
  for (int i = 0; i < 20'000; ++i) {
    // Fills for a while, then drains, so that it grows, wraps round and empties.
    const bool fill = random.chance(i / 1000 % 2 == 0 ? 0.7 : 0.3);
    if (fill) {
      const std::string text = random.alphanumeric(random.below(30));
      CHECK(ring.push_back(text) == text);
      expected.push_back(text);
    } else if (!expected.empty() && random.chance(0.7)) {
      ring.pop_front();
      expected.pop_front();
    } else if (!expected.empty()) {
      ring.pop_back();
      expected.pop_back();
    }
    REQUIRE(ring.size() == expected.size());
    REQUIRE(ring.empty() == expected.empty());
    if (expected.empty()) continue;
    REQUIRE(ring.front() == expected.front());
    REQUIRE(ring.back() == expected.back());
    const auto at = static_cast<uint32_t>(random.below(expected.size()));
    REQUIRE(ring[at] == expected[at]);
  }
}

TEST_CASE("a ring destroys each element once") {
  const auto element = std::make_shared<int>(0);
  {
    Ring<std::shared_ptr<int>> ring;
    for (int i = 0; i < 1000; ++i) ring.push_back(element);
    CHECK(element.use_count() == 1001);
    for (int i = 0; i < 500; ++i) ring.pop_front();
    CHECK(element.use_count() == 501);
    Ring<std::shared_ptr<int>> other = std::move(ring);
    CHECK(element.use_count() == 501);
    other.pop_back();
    CHECK(element.use_count() == 500);
  }
  CHECK(element.use_count() == 1);
}

TEST_CASE("a ring that was cleared can be used again") {
  Ring<int> ring;
  for (int i = 0; i < 10; ++i) ring.push_back(i);
  ring.clear();
  CHECK(ring.empty());
  ring.push_back(7);
  CHECK(ring.front() == 7);
}
