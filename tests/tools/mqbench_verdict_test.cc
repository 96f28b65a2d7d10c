#include "mqbench/verdict.h"

#include <functional>

#include <doctest/doctest.h>

using namespace mq;
using namespace std::chrono_literals;
using By = Verdict::LimitedBy;

namespace {

// A run in which nothing was the matter.
Evidence good() {
  return {.open_loop = true,
          .window_s = 10,
          .rate_ratio = 1,
          .send_lag_p99 = 71us,
          .latency_p99 = 1310us,
          .busiest_thread = 0.34,
          .segments = 100'000,
          .recv_wait_p99 = 44us,
          .cpus = 2,
          .host = {.own_cpu = 0.4,
                   .broker_cpu = 0.3,
                   .foreign_cpu = 0.01,
                   .steal = 0.0,
                   .cpu_pressure = 0.3,
                   .listen_overflows = 0}};
}

std::vector<Interval> with_backlogs(const std::vector<int64_t>& backlogs) {
  std::vector<Interval> intervals;
  for (const int64_t backlog : backlogs) {
    Interval& interval = intervals.emplace_back();
    interval.start_s = static_cast<double>(intervals.size()) - 1;
    interval.length_s = 1;
    interval.received = 1000;
    interval.backlog = backlog;
  }
  return intervals;
}

}  // namespace

TEST_CASE("verdict: the rules, each just short of its limit and just over it") {
  struct Row {
    const char* what;
    std::function<void(Evidence&)> change;
    bool valid;
    By by;
    const char* reason;  // the first one
  };
  const Row rows[] = {
      {"nothing the matter", [](Evidence&) {}, true, By::kNone,
       "send lag p99 71.0 us, response p99 1.31 ms, busiest thread 34 %"},

      {"foreign CPU, a little", [](Evidence& e) { e.host.foreign_cpu = 0.05; }, true, By::kNone,
       nullptr},
      {"foreign CPU", [](Evidence& e) { e.host.foreign_cpu = 0.051; }, false, By::kHost,
       "other processes took 5.1 % of a core"},
      {"foreign CPU that the clock of a short run cannot tell",
       [](Evidence& e) { e.window_s = 0.2, e.host.foreign_cpu = 0.2; }, true, By::kNone, nullptr},
      {"foreign CPU in a short run",
       [](Evidence& e) { e.window_s = 0.2, e.host.foreign_cpu = 0.3; }, false, By::kHost,
       "other processes took 30 % of a core"},
      {"foreign CPU that is unknown", [](Evidence& e) { e.host.foreign_cpu.reset(); }, true,
       By::kNone, nullptr},
      {"steal, a little", [](Evidence& e) { e.host.steal = 0.02; }, true, By::kNone, nullptr},
      {"steal", [](Evidence& e) { e.host.steal = 0.03; }, false, By::kHost,
       "the hypervisor took 3.0 % of the CPU time"},
      // 0.7 cores of two are busy with the run: 35 % of waiting is its own.
      {"pressure of the two on each other", [](Evidence& e) { e.host.cpu_pressure = 0.44; }, true,
       By::kNone, nullptr},
      {"pressure of others", [](Evidence& e) { e.host.cpu_pressure = 0.46; }, false, By::kHost,
       "something waited for a processor 46 % of the time"},
      {"a host that is shared knowingly",
       [](Evidence& e) {
         e.host_counts = false;
         e.host.foreign_cpu = 1.5, e.host.steal = 0.5, e.host.cpu_pressure = 1;
       },
       true, By::kNone, nullptr},
      {"the host before all others",
       [](Evidence& e) { e.host.foreign_cpu = 1, e.send_lag_p99 = 1s, e.blocked_share = 1; }, false,
       By::kHost, nullptr},

      {"late by a fifth of the latency", [](Evidence& e) { e.send_lag_p99 = 262us; }, true,
       By::kNone, nullptr},
      {"late by more", [](Evidence& e) { e.send_lag_p99 = 263us; }, false, By::kClient,
       "send lag p99 263 us, response p99 1.31 ms"},
      // Below 0.2 ms the lag is the scheduler's, however short the latency.
      {"late by the scheduler", [](Evidence& e) { e.latency_p99 = 100us, e.send_lag_p99 = 200us; },
       true, By::kNone, nullptr},
      {"late by more than the scheduler",
       [](Evidence& e) { e.latency_p99 = 100us, e.send_lag_p99 = 201us; }, false, By::kClient,
       nullptr},
      {"read a little late", [](Evidence& e) { e.recv_wait_p99 = 262us; }, true, By::kNone,
       nullptr},
      {"read late", [](Evidence& e) { e.recv_wait_p99 = 263us; }, false, By::kClient,
       "what arrived waited for mqbench, p99 263 us, response p99 1.31 ms"},
      {"a missed rate and no time left",
       [](Evidence& e) { e.rate_ratio = 0.98, e.busiest_thread = 0.95; }, false, By::kClient,
       "98.0 % of the planned rate, busiest thread 95 %"},
      {"a missed rate and time left",
       [](Evidence& e) { e.rate_ratio = 0.98, e.busiest_thread = 0.5; }, true, By::kBroker,
       "98.0 % of the planned rate, busiest thread 50 %"},
      {"no time left and no missed rate", [](Evidence& e) { e.busiest_thread = 0.95; }, true,
       By::kNone, nullptr},
      {"a missed rate of publishers that were held back",
       [](Evidence& e) { e.rate_ratio = 0.7, e.busiest_thread = 0.95, e.blocked_share = 0.8; },
       true, By::kBroker, "the broker held the publishers back 80 % of the time"},

      {"a window that is closed now and then", [](Evidence& e) { e.rwnd_limited_share = 0.2; },
       true, By::kNone, nullptr},
      {"a closed window", [](Evidence& e) { e.rwnd_limited_share = 0.41; }, true, By::kBroker,
       "the broker's TCP window was closed 41 % of the time"},
      {"a backlog that grows", [](Evidence& e) { e.backlog_grows = true; }, true, By::kBroker,
       "ever more messages were under way, busiest thread 34 %"},
      {"a backlog that grows while we are busy",
       [](Evidence& e) { e.backlog_grows = true, e.busiest_thread = 0.85; }, true, By::kNone,
       nullptr},

      {"a loss of one in a hundred", [](Evidence& e) { e.lost_share = 0.01; }, true, By::kNone,
       nullptr},
      {"a loss of more", [](Evidence& e) { e.lost_share = 0.98; }, true, By::kBroker,
       "98 % of the deliveries never came"},
      {"few acknowledgements missing", [](Evidence& e) { e.unanswered_share = 0.01; }, true,
       By::kNone, nullptr},
      {"acknowledgements missing", [](Evidence& e) { e.unanswered_share = 0.5; }, true, By::kBroker,
       "50 % of the messages were never acknowledged"},
      {"nothing measured", [](Evidence& e) { e.measured = false, e.host.foreign_cpu = 1; }, false,
       By::kNone, "nothing was measured"},
      {"nobody receives", [](Evidence& e) { e.latency = "ack"; }, true, By::kNone,
       "send lag p99 71.0 us, ack p99 1.31 ms, busiest thread 34 %"},
      {"nobody answers", [](Evidence& e) { e.latency = nullptr, e.latency_p99 = 0ns; }, true,
       By::kNone, "send lag p99 71.0 us, busiest thread 34 %"},

      {"few retransmissions", [](Evidence& e) { e.retransmit_share = 0.001; }, true, By::kNone,
       nullptr},
      {"retransmissions", [](Evidence& e) { e.retransmit_share = 0.002; }, true, By::kNetwork,
       "0.2 % of the segments were sent again"},
      {"one retransmission among few segments",
       [](Evidence& e) { e.segments = 999, e.retransmit_share = 0.002; }, true, By::kNone, nullptr},
      {"the broker before the network",
       [](Evidence& e) { e.retransmit_share = 0.1, e.rwnd_limited_share = 0.9; }, true, By::kBroker,
       nullptr},

      {"full speed, no time left",
       [](Evidence& e) { e.open_loop = false, e.busiest_thread = 0.95; }, false, By::kClient,
       "busiest thread 95 %: the maximum is at least this"},
      {"full speed, time left", [](Evidence& e) { e.open_loop = false, e.busiest_thread = 0.6; },
       true, By::kBroker, "busiest thread 60 %: it waited for the broker"},
      {"full speed: latencies do not matter",
       [](Evidence& e) { e.open_loop = false, e.send_lag_p99 = e.recv_wait_p99.emplace(1s); }, true,
       By::kBroker, nullptr},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    Evidence e = good();
    row.change(e);
    const Verdict verdict = judge(e);
    CHECK(verdict.valid == row.valid);
    CHECK(name(verdict.limited_by) == name(row.by));
    REQUIRE_FALSE(verdict.reasons.empty());
    if (row.reason != nullptr) CHECK(verdict.reasons[0] == row.reason);
  }
}

TEST_CASE("verdict: what else was found is further evidence") {
  Evidence e = good();
  e.host.foreign_cpu = 0.5;
  e.send_lag_p99 = 5ms;
  e.rwnd_limited_share = 0.5;
  CHECK(judge(e).reasons.size() == 3);
}

TEST_CASE("verdict: a backlog grows when it never comes back and rises with the rate") {
  CHECK(grows(with_backlogs({0, 50, 100, 150, 200, 250})));
  CHECK_FALSE(grows(with_backlogs({0, 0, 0, 0, 0, 500})));  // the last third was empty once
  CHECK_FALSE(grows(with_backlogs({300, 0, 300, 0, 300, 310})));
  CHECK_FALSE(grows(with_backlogs({0, 5, 10, 15, 20, 25})));  // less than a hundredth of the rate
  CHECK_FALSE(grows(with_backlogs({0, 500})));                // too few to tell
  CHECK_FALSE(grows({}));
}
