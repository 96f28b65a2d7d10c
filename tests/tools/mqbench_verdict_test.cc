#include "mqbench/verdict.h"

#include <doctest/doctest.h>

using namespace mq;
using namespace std::chrono_literals;
using By = Verdict::LimitedBy;

namespace {

// A run in which nothing was the matter.
Evidence good() {
  return {.open_loop = true, .rate_ratio = 1, .send_lag_p99 = 71us, .response_p99 = 1310us,
          .blocked_share = 0, .busiest_thread = 0.34};
}

}  // namespace

TEST_CASE("verdict: not saturated") {
  const Verdict v = judge(good());
  CHECK(v.valid);
  CHECK(v.limited_by == By::kNone);
  REQUIRE(v.reasons.size() == 1);
  CHECK(v.reasons[0] == "send lag p99 71.0 us, response p99 1.31 ms, busiest thread 34 %");
}

TEST_CASE("verdict: a sender that is late by more than a fifth of the latency is the finding") {
  Evidence e = good();
  e.send_lag_p99 = 262us;
  CHECK(judge(e).valid);
  e.send_lag_p99 = 263us;
  CHECK_FALSE(judge(e).valid);
  CHECK(judge(e).limited_by == By::kClient);
  // Below 0.2 ms the lag is the scheduler's, however short the latency.
  e.response_p99 = 100us;
  e.send_lag_p99 = 200us;
  CHECK(judge(e).valid);
  e.send_lag_p99 = 201us;
  CHECK_FALSE(judge(e).valid);
}

TEST_CASE("verdict: a missed rate is ours when we had no time left") {
  Evidence e = good();
  e.rate_ratio = 0.98;
  e.busiest_thread = 0.95;
  CHECK_FALSE(judge(e).valid);
  CHECK(judge(e).limited_by == By::kClient);
  e.busiest_thread = 0.5;
  CHECK(judge(e).valid);
  CHECK(judge(e).limited_by == By::kBroker);
  e.rate_ratio = 0.99;
  e.busiest_thread = 0.95;
  CHECK(judge(e).limited_by == By::kNone);
}

TEST_CASE("verdict: a broker that holds the publishers back") {
  Evidence e = good();
  e.rate_ratio = 0.7;
  e.busiest_thread = 0.95;
  e.blocked_share = 0.8;
  const Verdict v = judge(e);
  CHECK(v.valid);
  CHECK(v.limited_by == By::kBroker);
  CHECK(v.reasons == std::vector<std::string>{"the broker held the publishers back 80 % of the "
                                              "time"});
}

TEST_CASE("verdict: at full speed the thread's time decides") {
  Evidence e{.open_loop = false, .busiest_thread = 0.95};
  CHECK_FALSE(judge(e).valid);
  CHECK(judge(e).limited_by == By::kClient);
  e.busiest_thread = 0.6;
  CHECK(judge(e).valid);
  CHECK(judge(e).limited_by == By::kBroker);
}
