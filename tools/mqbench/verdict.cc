#include "mqbench/verdict.h"

#include <algorithm>

#include <fmt/core.h>

#include "base/units.h"

namespace mq {
namespace {

// The lag may be that large whatever the latency is: less cannot be told from the scheduler's.
constexpr Duration kLagAlwaysFine = std::chrono::microseconds(200);
constexpr double kLagShareMax = 0.2;   // of the response time
constexpr double kRateRatioMin = 0.99;
constexpr double kBusy = 0.9;          // a thread that computes so much has no time left
constexpr double kBlockedShare = 0.2;

int percent(double share) { return static_cast<int>(share * 100 + 0.5); }

}  // namespace

std::string_view name(Verdict::LimitedBy by) {
  switch (by) {
    case Verdict::LimitedBy::kNone: return "none";
    case Verdict::LimitedBy::kBroker: return "broker";
    case Verdict::LimitedBy::kClient: return "client";
  }
  return "unknown";
}

Evidence evidence(const LoadOptions& options, const LoadResult& result) {
  Evidence e;
  e.open_loop = options.open_loop();
  const double window_s = seconds(result.window);
  if (e.open_loop && window_s > 0) {
    // Of an interrupted run, what was due in its shorter window.
    const double due = std::max(static_cast<double>(result.accounting.planned), 1.0);
    if (result.accounting.planned > 0) {
      e.rate_ratio = std::min(static_cast<double>(result.tally.sent_in_window) / due, 1.0);
    }
    e.blocked_share =
        seconds(result.tally.blocked) /
                      (window_s * std::max(options.own(options.plan.publishers()), 1u));
  }
  e.send_lag_p99 = Duration(result.tally.send_lag.percentile(99));
  e.response_p99 = Duration(result.tally.response.percentile(99));
  for (const double busy : result.threads_busy) e.busiest_thread = std::max(e.busiest_thread, busy);
  return e;
}

Verdict judge(const Evidence& e) {
  Verdict verdict;
  const auto conclude = [&](bool valid, Verdict::LimitedBy by, std::string reason) {
    // The first rule that applies decides; the others are further evidence.
    if (verdict.reasons.empty()) {
      verdict.valid = valid;
      verdict.limited_by = by;
    }
    verdict.reasons.push_back(std::move(reason));
  };
  using enum Verdict::LimitedBy;
  const std::string busy = fmt::format("busiest thread {} %", percent(e.busiest_thread));
  if (!e.open_loop) {
    if (e.busiest_thread > kBusy) {
      conclude(false, kClient, busy + ": the maximum is at least this");
    } else {
      conclude(true, kBroker, busy + ": it waited for the broker");
    }
    return verdict;
  }
  const Duration lag_max =
      std::max(kLagAlwaysFine, Duration(static_cast<int64_t>(
                                   kLagShareMax * static_cast<double>(e.response_p99.count()))));
  const std::string lag = fmt::format("send lag p99 {}, response p99 {}",
                                      format_duration(e.send_lag_p99),
                                      format_duration(e.response_p99));
  if (e.send_lag_p99 > lag_max) conclude(false, kClient, lag);
  const bool rate_missed = e.rate_ratio < kRateRatioMin;
  const std::string ratio = fmt::format("{:.1f} % of the planned rate", e.rate_ratio * 100);
  if (rate_missed && e.busiest_thread > kBusy && e.blocked_share < kBlockedShare) {
    conclude(false, kClient, ratio + ", " + busy);
  }
  if (e.blocked_share > kBlockedShare) {
    conclude(true, kBroker,
             fmt::format("the broker held the publishers back {} % of the time",
                         percent(e.blocked_share)));
  }
  if (verdict.reasons.empty() && rate_missed) conclude(true, kBroker, ratio + ", " + busy);
  if (verdict.reasons.empty()) conclude(true, kNone, lag + ", " + busy);
  return verdict;
}

}  // namespace mq
