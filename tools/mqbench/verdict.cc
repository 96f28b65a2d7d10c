#include "mqbench/verdict.h"

#include <algorithm>
#include <thread>

#include <fmt/core.h>

#include "base/units.h"

namespace mq {
namespace {

// A lag may be that large whatever the latency is: less cannot be told from the scheduler's.
constexpr Duration kLagAlwaysFine = std::chrono::microseconds(200);
constexpr double kLagShareMax = 0.2;  // of the response time
constexpr double kRateRatioMin = 0.99;
constexpr double kMissingMax = 0.01;  // of the deliveries or acknowledgements
constexpr double kBusy = 0.9;         // a thread that computes so much has no time left
constexpr double kNotBusy = 0.8;      // and one that computes less had some
constexpr double kBlockedShare = 0.2;
constexpr double kRetransmitShare = 0.001;
constexpr uint64_t kSegmentsMin = 1000;  // of fewer segments one is more than a thousandth
constexpr double kForeignMax = 0.05;     // of a core
constexpr double kForeignMin_s = 0.05;   // CPU time that can be told from the system's coarse clock
constexpr double kStealMax = 0.02;
constexpr double kPressureMax = 0.1;  // beyond what mqbench and the broker do to each other
constexpr double kGrowthMin = 0.01;   // of the rate
constexpr size_t kIntervalsMin = 3;

std::string percent(double share) {
  const double value = share * 100;
  return value > 0 && value < 9.95 ? fmt::format("{:.1f} %", value)
                                   : fmt::format("{:.0f} %", value);
}

Duration part_of(Duration whole, double share) {
  return Duration(static_cast<int64_t>(share * static_cast<double>(whole.count())));
}

double share_of(uint64_t part, uint64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

// Others computed: neither latency nor maximum is the broker's alone.
std::vector<std::string> contention(const Evidence& e) {
  std::vector<std::string> reasons;
  const HostSignals& host = e.host;
  if (host.foreign_cpu && *host.foreign_cpu > kForeignMax &&
      *host.foreign_cpu * e.window_s > kForeignMin_s) {
    reasons.push_back(fmt::format("other processes took {} of a core", percent(*host.foreign_cpu)));
  }
  if (host.steal && *host.steal > kStealMax) {
    reasons.push_back(fmt::format("the hypervisor took {} of the CPU time", percent(*host.steal)));
  }
  // As often as the processors are busy with the two, they wait for each other.
  if (host.cpu_pressure && host.broker_cpu) {
    const double explained = (host.own_cpu + *host.broker_cpu) / e.cpus;
    if (*host.cpu_pressure - explained > kPressureMax) {
      reasons.push_back(fmt::format("something waited for a processor {} of the time",
                                    percent(*host.cpu_pressure)));
    }
  }
  return reasons;
}

}  // namespace

std::string_view name(Verdict::LimitedBy by) {
  switch (by) {
    case Verdict::LimitedBy::kNone: return "none";
    case Verdict::LimitedBy::kBroker: return "broker";
    case Verdict::LimitedBy::kNetwork: return "network";
    case Verdict::LimitedBy::kClient: return "client";
    case Verdict::LimitedBy::kHost: return "host";
  }
  return "unknown";
}

bool grows(const std::vector<Interval>& intervals) {
  const size_t count = intervals.size(), third = count / 3;
  if (count < kIntervalsMin) return false;
  double sum_t = 0, sum_b = 0, sum_tt = 0, sum_tb = 0, received = 0, length = 0;
  int64_t early_max = 0, late_min = INT64_MAX;
  for (size_t i = 0; i < count; ++i) {
    const Interval& interval = intervals[i];
    const double t = interval.start_s + interval.length_s;
    const auto backlog = static_cast<double>(interval.backlog);
    sum_t += t;
    sum_b += backlog;
    sum_tt += t * t;
    sum_tb += t * backlog;
    received += static_cast<double>(interval.received);
    length += interval.length_s;
    if (i < third) early_max = std::max(early_max, interval.backlog);
    if (i >= count - third) late_min = std::min(late_min, interval.backlog);
  }
  const auto n = static_cast<double>(count);
  const double spread = n * sum_tt - sum_t * sum_t;
  if (!(spread > 0) || !(length > 0) || late_min <= early_max) return false;
  const double slope = (n * sum_tb - sum_t * sum_b) / spread;
  return slope > kGrowthMin * (received / length + slope);
}

Evidence evidence(const LoadOptions& options, const LoadResult& result) {
  Evidence e;
  e.open_loop = options.open_loop();
  e.spins = options.busy_poll;
  e.window_s = seconds(result.window);
  if (e.open_loop && e.window_s > 0) {
    // Of an interrupted run, what was due in its shorter window.
    const double due = std::max(static_cast<double>(result.accounting.planned), 1.0);
    if (result.accounting.planned > 0) {
      e.rate_ratio = std::min(static_cast<double>(result.tally.sent_in_window) / due, 1.0);
    }
    e.blocked_share = seconds(result.tally.blocked) /
                      (e.window_s * std::max(options.own(options.plan.publishers()), 1u));
    e.backlog_grows = grows(result.intervals);
  }
  e.send_lag_p99 = Duration(result.tally.send_lag.percentile(99));
  const Histogram& response = result.tally.response;
  const Histogram& latency = response.count() > 0 ? response : result.tally.ack;
  e.latency = latency.count() == 0 ? nullptr : response.count() > 0 ? "response" : "ack";
  e.latency_p99 = Duration(latency.percentile(99));
  const Accounting& counts = result.accounting;
  if (options.plan.publishers() > 0) e.measured = counts.sent > 0;
  // What a storm of ours cost is not the broker's.
  const uint64_t lost =
      options.storms.empty() ? counts.lost.all() : counts.lost.acked + counts.lost.unacked;
  e.lost_share = share_of(lost, counts.expected);
  e.unanswered_share =
      share_of(counts.unanswered, counts.unanswered + counts.acked + counts.refused);
  for (const double busy : result.threads_busy) e.busiest_thread = std::max(e.busiest_thread, busy);
  e.rwnd_limited_share = result.tally.sockets.rwnd_limited_share();
  e.retransmit_share = result.tally.sockets.retransmit_share();
  e.segments = result.tally.sockets.segments;
  if (result.tally.recv_wait.count() > 0) {
    e.recv_wait_p99 = Duration(result.tally.recv_wait.percentile(99));
  }
  e.cpus = std::max(std::thread::hardware_concurrency(), 1u);
  e.host = result.host;
  return e;
}

Verdict judge(const Evidence& e) {
  Verdict verdict;
  const auto conclude = [&](bool valid, Verdict::LimitedBy by, std::string reason) {
    if (verdict.reasons.empty()) {
      verdict.valid = valid;
      verdict.limited_by = by;
    }
    verdict.reasons.push_back(std::move(reason));
  };
  using enum Verdict::LimitedBy;
  if (!e.measured) {
    conclude(false, kNone, "nothing was measured");
    return verdict;
  }
  if (e.host_counts) {
    for (std::string& reason : contention(e)) conclude(false, kHost, std::move(reason));
  }

  const std::string busy = fmt::format("busiest thread {}", percent(e.busiest_thread));
  const Duration late_max = std::max(kLagAlwaysFine, part_of(e.latency_p99, kLagShareMax));
  const std::string latency =
      e.latency == nullptr ? ""
                           : fmt::format(", {} p99 {}", e.latency, format_duration(e.latency_p99));
  const std::string lag =
      fmt::format("send lag p99 {}{}", format_duration(e.send_lag_p99), latency);
  const std::string window_closed = fmt::format("the broker's TCP window was closed {} of the time",
                                                percent(e.rwnd_limited_share));
  const std::string ratio = fmt::format("{:.1f} % of the planned rate", e.rate_ratio * 100);
  const bool rate_missed = e.rate_ratio < kRateRatioMin;

  // mqbench
  if (!e.open_loop && e.busiest_thread > kBusy) {
    conclude(false, kClient, busy + ": the maximum is at least this");
  }
  if (e.open_loop && e.send_lag_p99 > late_max) conclude(false, kClient, lag);
  if (rate_missed && e.busiest_thread > kBusy && e.blocked_share < kBlockedShare) {
    conclude(false, kClient, ratio + ", " + busy);
  }
  if (e.open_loop && e.recv_wait_p99 && *e.recv_wait_p99 > late_max) {
    conclude(false, kClient,
             fmt::format("what arrived waited for mqbench, p99 {}{}",
                         format_duration(*e.recv_wait_p99), latency));
  }
  // the broker
  if (e.lost_share > kMissingMax) {
    conclude(true, kBroker, fmt::format("{} of the deliveries never came", percent(e.lost_share)));
  }
  if (e.unanswered_share > kMissingMax) {
    conclude(
        true, kBroker,
        fmt::format("{} of the messages were never acknowledged", percent(e.unanswered_share)));
  }
  if (e.blocked_share > kBlockedShare) {
    conclude(true, kBroker,
             fmt::format("the broker held the publishers back {} of the time",
                         percent(e.blocked_share)));
  }
  if (e.rwnd_limited_share > kBlockedShare) conclude(true, kBroker, window_closed);
  if (e.backlog_grows && (e.spins || e.busiest_thread < kNotBusy)) {
    conclude(true, kBroker, "ever more messages were under way, " + busy);
  }
  // the network
  if (e.segments >= kSegmentsMin && e.retransmit_share > kRetransmitShare) {
    conclude(true, kNetwork,
             fmt::format("{} of the segments were sent again", percent(e.retransmit_share)));
  }
  if (!verdict.reasons.empty()) return verdict;

  if (!e.open_loop) {
    conclude(true, kBroker, busy + ": it waited for the broker");
  } else if (rate_missed) {
    conclude(true, kBroker, ratio + ", " + busy);
  } else {
    conclude(true, kNone, lag + ", " + busy);
  }
  return verdict;
}

}  // namespace mq
