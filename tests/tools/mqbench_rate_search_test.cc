#include "mqbench/rate_search.h"

#include <doctest/doctest.h>

#include "mqbench/rate_finder.h"

using namespace mq;

namespace {

// Searches against a broker that sustains just `capacity`; gives the steps that it took.
int search(RateSearch& search, double capacity) {
  int steps = 0;
  while (const auto rate = search.next()) {
    REQUIRE(++steps < 100);
    if (*rate <= capacity) {
      search.passed();
    } else {
      search.failed();
    }
  }
  return steps;
}

}  // namespace

TEST_CASE("rate search: finds any capacity to the precision") {
  for (double capacity = 40; capacity < 1e6; capacity *= 1.37) {
    CAPTURE(capacity);
    RateSearch s(1000, 1e9, 1.5, 0.05);
    CHECK(search(s, capacity) < 30);
    REQUIRE(s.best());
    CHECK(*s.best() <= capacity);
    CHECK(*s.best() * 1.05 >= capacity);
    CHECK(*s.lowest_failed() > capacity);
  }
}

TEST_CASE("rate search: no higher than the maximum") {
  RateSearch s(1000, 5000, 1.5, 0.05);
  search(s, 1e9);
  CHECK(s.best() == 5000.0);
  CHECK_FALSE(s.lowest_failed());
}

TEST_CASE("rate search: gives up when nothing passes") {
  RateSearch s(1000, 1e9, 1.5, 0.05);
  CHECK(search(s, 0) < 20);
  CHECK_FALSE(s.best());
}

TEST_CASE("rate search: a rate that did not hold is searched below") {
  RateSearch s(1000, 1e9, 1.5, 0.05);
  search(s, 30'000);
  const double found = *s.best();
  s.reject_best();
  search(s, found * 0.9);
  REQUIRE(s.best());
  CHECK(*s.best() <= found * 0.9);
  CHECK(*s.best() * 1.05 >= found * 0.9);
}

namespace {

// A second at this rate, all of it delivered in a millisecond.
Record good_step(uint64_t rate) {
  Record record;
  record.rate = static_cast<double>(rate);
  record.pubs = record.subs = 1;
  record.window_s = 1;
  record.counts.planned = record.counts.sent = rate;
  record.counts.expected = record.counts.received = rate;
  record.tally.received_in_window = rate;
  for (uint64_t i = 0; i < rate; ++i) record.tally.response.record(1'000'000);
  return record;
}

}  // namespace

TEST_CASE("rate finder: a percentile of what arrived does not make up for what did not") {
  using enum FindStep::Outcome;
  const std::vector<Condition> fast{*Condition::parse("p99<10ms")};
  CHECK(judge_step(1000, good_step(1000), fast).outcome == kPassed);
  Record lossy = good_step(1000);
  lossy.counts.lost.qos0 = 5;
  lossy.counts.received -= 5;
  CHECK(judge_step(1000, lossy, fast).outcome == kFailed);
  CHECK(judge_step(1000, lossy, fast).reason == "5 lost");
  // Unless so much of it is allowed.
  CHECK(judge_step(1000, lossy, {fast[0], *Condition::parse("loss<1%")}).outcome == kPassed);
  CHECK(judge_step(1000, lossy, {fast[0], *Condition::parse("loss<0.1%")}).outcome == kFailed);
  // Whoever is late may have been who could not take it; a violation is the broker's.
  lossy.verdict.valid = false;
  CHECK(judge_step(1000, lossy, fast).outcome == kNotValid);
  lossy.counts.violations.emplace_back("x");
  CHECK(judge_step(1000, lossy, fast).outcome == kFailed);
  CHECK(judge_step(1000, lossy, fast).reason == "x");
}

TEST_CASE("rate finder: a rate too low for one message fails, and is nobody's lateness") {
  Record empty;
  empty.rate = 1;
  empty.verdict.valid = false;
  const FindStep step = judge_step(1, empty, {*Condition::parse("p99<10ms")});
  CHECK(step.outcome == FindStep::Outcome::kFailed);
}

TEST_CASE("rate finder: the bound is the lowest rate over the one found that the broker failed") {
  using enum FindStep::Outcome;
  std::vector<FindStep> steps;
  const auto step = [&](FindStep::Outcome outcome, double rate) {
    steps.push_back({outcome, rate, {}, ""});
  };
  step(kPassed, 1000);
  step(kNotValid, 4000);
  CHECK_FALSE(lowest_failed(steps, 1000));
  step(kFailed, 8000);
  step(kFailed, 3000);
  step(kFailed, 900);  // before it was tried again
  CHECK(lowest_failed(steps, 1000) == 3000.0);
}
