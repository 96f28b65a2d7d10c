#include "mqbench/schedule.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include <doctest/doctest.h>

using namespace mq;
using namespace std::chrono_literals;

namespace {

constexpr Time kStart{1000s};

Schedule even(double rate, uint64_t messages, uint32_t publishers) {
  return Schedule(kStart, RateCurve(rate), messages, publishers);
}

Schedule with_stages(std::string_view text, uint32_t publishers, ArrivalOptions arrival = {}) {
  const RateCurve curve(*parse_stages(text));
  const auto messages = static_cast<uint64_t>(std::llround(curve.messages()));
  return Schedule(kStart, curve, messages, publishers, arrival);
}

// By chance as many as there are in 100 s at a rate.
Schedule by_chance(double rate, uint32_t publishers, uint64_t seed) {
  return Schedule(kStart, RateCurve({{0s, rate}, {100s, rate}}), std::nullopt, publishers,
                  {.arrival = Arrival::kPoisson, .seed = seed});
}

std::vector<Time> turns_of(const Schedule& schedule, uint32_t publisher) {
  std::vector<Time> to;
  for (Turns turns(schedule, publisher); turns.next() != kNever; turns.take()) {
    to.push_back(turns.next());
  }
  return to;
}

Time nth(const Schedule& schedule, uint32_t publisher, uint64_t n) {
  Turns turns(schedule, publisher);
  for (; n > 0; --n) turns.take();
  return turns.next();
}

// The threads' pacers, which each take every threads-th publisher, make up the whole, in order.
void check_pacers(const Schedule& schedule, uint32_t publishers, uint32_t threads) {
  std::vector<std::vector<Time>> seen(publishers);
  for (uint32_t thread = 0; thread < threads; ++thread) {
    std::vector<uint32_t> mine;
    for (uint32_t p = thread; p < publishers; p += threads) mine.push_back(p);
    Pacer pacer(schedule, mine);
    Time last = kStart;
    while (pacer.next() != kNever) {
      const Time now = pacer.next();
      REQUIRE(now >= last);
      last = now;
      pacer.advance(now, [&](size_t i) { seen[mine[i]].push_back(now); });
      CHECK(pacer.next() > now);
    }
  }
  for (uint32_t p = 0; p < publishers; ++p) CHECK(seen[p] == turns_of(schedule, p));
}

}  // namespace

TEST_CASE("schedule: messages are shared out to the last one") {
  for (const uint64_t messages : {0, 1, 6, 7, 8, 600'001}) {
    const Schedule schedule = even(1000, messages, 7);
    uint64_t sum = 0;
    for (uint32_t p = 0; p < 7; ++p) {
      sum += schedule.messages_of(p);
      CHECK(turns_of(schedule, p).size() == schedule.messages_of(p));
    }
    CHECK(sum == messages);
  }
  const Schedule schedule = even(1000, 8, 7);
  CHECK(schedule.messages_of(0) == 2);
  CHECK(schedule.messages_of(6) == 1);
}

TEST_CASE("schedule: evenly in time, publisher after publisher, without drift") {
  const Schedule schedule = even(3000, UINT64_MAX, 3);
  CHECK(nth(schedule, 0, 0) == kStart);
  CHECK(nth(schedule, 1, 0) == kStart + 333'333ns);
  CHECK(nth(schedule, 2, 0) == kStart + 666'667ns);
  CHECK(nth(schedule, 0, 1) == kStart + 1ms);
  CHECK(nth(schedule, 0, 1'000'000) == kStart + 1000s);
  CHECK(nth(schedule, 2, 1'000'000) == kStart + 1000s + 666'667ns);
}

TEST_CASE("schedule: slow rates") {
  CHECK(nth(even(0.1, 10, 1), 0, 9) == kStart + 90s);
}

TEST_CASE("schedule: in stages the count is the integral, and every message is within its time") {
  for (const Phase phase : {Phase::kEven, Phase::kRandom, Phase::kSync}) {
    for (const uint32_t publishers : {1u, 3u, 50u}) {
      const Schedule schedule = with_stages("2s:100,3s,1.5s:17,0s:0,1s,0s:30,3s:0", publishers,
                                            {.phase = phase, .seed = 7});
      CHECK(schedule.messages() == 533);  // 100 + 300 + 87.75 + 45
      uint64_t sum = 0;
      for (uint32_t p = 0; p < publishers; ++p) {
        const auto turns = turns_of(schedule, p);
        sum += turns.size();
        CHECK(std::ranges::is_sorted(turns));
        CHECK(turns.front() >= kStart);
        CHECK(turns.back() < kStart + 10'500ms);
        for (const Time turn : turns) {
          const bool in_the_silence = turn > kStart + 6500ms && turn < kStart + 7500ms;
          CHECK_FALSE(in_the_silence);
        }
      }
      CHECK(sum == 533);
    }
  }
}

TEST_CASE("schedule: phases") {
  // In turn: evenly spaced in all. At the same time: all at once. At random: of each evenly.
  const uint32_t publishers = 10;
  const Schedule sync(kStart, RateCurve(100), 105, publishers, {.phase = Phase::kSync});
  for (uint32_t p = 0; p < publishers; ++p) {
    const auto turns = turns_of(sync, p);
    CHECK(turns.size() == (p < 5 ? 11 : 10));
    for (size_t n = 0; n < turns.size(); ++n) CHECK(turns[n] == kStart + n * 100ms);
  }
  const Schedule random(kStart, RateCurve(100), 100, publishers,
                        {.phase = Phase::kRandom, .seed = 1});
  std::vector<Time> first;
  for (uint32_t p = 0; p < publishers; ++p) {
    const auto turns = turns_of(random, p);
    REQUIRE(turns.size() == 10);
    first.push_back(turns[0]);
    CHECK(turns[0] < kStart + 100ms);
    for (size_t n = 1; n < turns.size(); ++n) {
      CHECK(std::abs((turns[n] - turns[n - 1] - 100ms).count()) <= 1);
    }
  }
  std::ranges::sort(first);
  CHECK(std::ranges::unique(first).empty());
  Duration gap_min{1h}, gap_max{0};
  for (size_t i = 1; i < publishers; ++i) {
    gap_min = std::min(gap_min, first[i] - first[i - 1]);
    gap_max = std::max(gap_max, first[i] - first[i - 1]);
  }
  CHECK(gap_max > 2 * gap_min);  // not in turn
}

TEST_CASE("schedule: a Poisson process has the mean and the spread of one") {
  // Of 50 times 10,000 that are expected, counts and gaps.
  double sum = 0, squares = 0, gaps = 0, gap_squares = 0, count = 0;
  for (uint64_t seed = 0; seed < 50; ++seed) {
    uint64_t messages = 0;
    const Schedule schedule = by_chance(100, 4, seed);
    for (uint32_t p = 0; p < 4; ++p) {
      const auto turns = turns_of(schedule, p);
      messages += turns.size();
      CHECK(turns.back() < kStart + 100s);
      for (size_t i = 1; i < turns.size(); ++i) {
        const double gap_s = seconds(turns[i] - turns[i - 1]);
        gaps += gap_s;
        gap_squares += gap_s * gap_s;
        ++count;
      }
    }
    sum += static_cast<double>(messages);
    squares += (static_cast<double>(messages) - 10'000) * (static_cast<double>(messages) - 10'000);
    CHECK(std::abs(static_cast<double>(messages) - 10'000) < 5 * 100);
  }
  CHECK(std::abs(sum - 500'000) < 3 * std::sqrt(500'000));
  // The variance is the mean; of 50 samples it is known to a fifth: 3 sigma.
  CHECK(squares / 50 > 10'000 * 0.4);
  CHECK(squares / 50 < 10'000 * 1.6);
  const double mean = gaps / count;
  CHECK(mean == doctest::Approx(0.04).epsilon(0.01));
  CHECK(gap_squares / count == doctest::Approx(2 * mean * mean).epsilon(0.03));  // exponential
}

TEST_CASE("schedule: a Poisson process of a given number has exactly that, over all of its time") {
  const Schedule schedule(kStart, RateCurve(100), 1003, 4,
                          {.arrival = Arrival::kPoisson, .seed = 3});
  std::vector<Time> all;
  for (uint32_t p = 0; p < 4; ++p) {
    const auto turns = turns_of(schedule, p);
    CHECK(turns.size() == schedule.messages_of(p));
    CHECK(std::ranges::is_sorted(turns));
    all.insert(all.end(), turns.begin(), turns.end());
  }
  CHECK(all.size() == 1003);
  std::ranges::sort(all);
  CHECK(all.front() >= kStart);
  CHECK(all.back() <= kStart + 10'030ms);
  // The half of them in the half of the time, within 4 sigma of a binomial.
  const auto half = std::ranges::count_if(all, [](Time t) { return t < kStart + 5015ms; });
  CHECK(std::abs(static_cast<double>(half) - 501.5) < 4 * std::sqrt(1003) / 2);
}

TEST_CASE("schedule: chance is the seed's, for each publisher by itself") {
  const Schedule one = by_chance(50, 3, 1), same = by_chance(50, 3, 1), other = by_chance(50, 3, 2);
  CHECK(turns_of(one, 2) == turns_of(same, 2));
  CHECK(turns_of(one, 2) != turns_of(other, 2));
  CHECK(turns_of(one, 2) != turns_of(one, 1));
}

TEST_CASE("schedule: in stages a Poisson process follows the rate") {
  const RateCurve curve(*parse_stages("50s:200,50s:0"));
  uint64_t early = 0, middle = 0;
  const Schedule schedule(kStart, curve, std::nullopt, 2,
                          {.arrival = Arrival::kPoisson, .seed = 9});
  for (uint32_t p = 0; p < 2; ++p) {
    for (const Time turn : turns_of(schedule, p)) {
      early += turn < kStart + 10s ? 1 : 0;
      middle += turn >= kStart + 45s && turn < kStart + 55s ? 1 : 0;
    }
  }
  CHECK(std::abs(static_cast<double>(early) - 200) < 5 * std::sqrt(200));
  CHECK(std::abs(static_cast<double>(middle) - 1900) < 5 * std::sqrt(1900));
}

TEST_CASE("pacer: the threads' parts make up the whole, in order") {
  check_pacers(even(12'345, 1007, 10), 10, 3);
  check_pacers(with_stages("1s:500,1s,1s:0", 10), 10, 3);
  check_pacers(with_stages("1s:500,1s,1s:0", 10, {.phase = Phase::kRandom, .seed = 4}), 10, 3);
  check_pacers(with_stages("1s:500,1s,1s:0", 10, {.phase = Phase::kSync}), 10, 3);
  check_pacers(by_chance(20, 10, 5), 10, 3);
}

TEST_CASE("pacer: after a stall everything that was missed is due at once") {
  const Schedule schedule = even(1000, 5000, 2);
  Pacer pacer(schedule, {0, 1});
  std::vector<int> due(2);
  pacer.advance(kStart - 1ns, [&](size_t i) { ++due[i]; });
  CHECK(due == std::vector<int>{0, 0});
  pacer.advance(kStart + 1s, [&](size_t i) { ++due[i]; });
  CHECK(due == std::vector<int>{501, 500});
  pacer.advance(kStart + 1h, [&](size_t i) { ++due[i]; });
  CHECK(due == std::vector<int>{2500, 2500});
  CHECK(pacer.next() == kNever);
}

TEST_CASE("pacer: fewer messages than publishers, and nobody to pace") {
  const Schedule schedule = even(1000, 2, 5);
  Pacer pacer(schedule, {1, 3});
  int due = 0;
  pacer.advance(kStart + 1s, [&](size_t i) {
    CHECK(i == 0);
    ++due;
  });
  CHECK(due == 1);
  CHECK(pacer.next() == kNever);
  CHECK(Pacer(schedule, {}).next() == kNever);
}
