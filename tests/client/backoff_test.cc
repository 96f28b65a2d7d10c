#include "client/backoff.h"

#include <doctest/doctest.h>

using namespace mq;
using namespace std::chrono_literals;

TEST_CASE("each delay lies in the upper half of twice the one before, up to the maximum") {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    Random random(seed);
    Backoff backoff({.first = 1s, .max = 30s});
    for (const Duration whole : {1s, 2s, 4s, 8s, 16s, 30s, 30s, 30s}) {
      const Duration delay = backoff.next(random);
      CHECK(delay >= whole / 2);
      CHECK(delay <= whole);
    }
  }
}

TEST_CASE("delays are spread over their range") {
  Random random(7);
  Duration least = Duration::max(), most = Duration::zero();
  for (int i = 0; i < 1000; ++i) {
    Backoff backoff({.first = 10s, .max = 30s});
    const Duration delay = backoff.next(random);
    least = std::min(least, delay);
    most = std::max(most, delay);
  }
  CHECK(least < 5100ms);
  CHECK(most > 9900ms);
}

TEST_CASE("a good connection starts again from the first delay") {
  Random random(1);
  Backoff backoff({.first = 1s, .max = 30s});
  for (int i = 0; i < 10; ++i) backoff.next(random);
  CHECK(backoff.tries() == 10);
  backoff.reset();
  CHECK(backoff.tries() == 0);
  CHECK(backoff.next(random) <= 1s);
}

TEST_CASE("no number of tries and no option overflows") {
  Random random(1);
  Backoff patient({.first = 1ns, .max = Duration::max()});
  for (int i = 0; i < 1000; ++i) CHECK(patient.next(random) >= Duration::zero());
  CHECK(patient.next(random) >= Duration::max() / 2);
  Backoff odd({.first = 30s, .max = 1s});
  CHECK(odd.next(random) <= 1s);
  CHECK(odd.next(random) <= 1s);
}
