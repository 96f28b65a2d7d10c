#include "mqbench/rate_finder.h"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "base/units.h"
#include "mqbench/rate_search.h"

namespace mq {
namespace {

// A host that others use, too, makes mqbench late now and then: a step is tried again so often
// before it counts that it cannot keep up.
constexpr int kTries = 3;
constexpr int kConfirmations = 4;
constexpr double kRateRatioMin = 0.99;
// What has not arrived by the end of a step, of what was due to: more, and a queue is growing.
constexpr double kOutstandingMax = 0.02;

struct Step {
  Record record;
  int signal;
};

Result<Step> run_step(const RunOptions& options, double rate, const FindOptions& find,
                      Duration length) {
  RunOptions step = options;
  step.load.rate = rate;
  step.load.messages = 0;
  step.load.duration = length;
  step.load.warm_up = find.settle;
  step.load.drain = find.drain;
  MQ_TRY(const LoadResult result, LoadRun(step.load).run());
  return Step{make_record(step, result), result.signal};
}

}  // namespace

std::optional<double> lowest_failed(const std::vector<FindStep>& steps, double over) {
  std::optional<double> lowest;
  for (const FindStep& step : steps) {
    if (step.outcome != FindStep::Outcome::kFailed || step.rate <= over) continue;
    lowest = std::min(lowest.value_or(step.rate), step.rate);
  }
  return lowest;
}

std::string_view name(FindStep::Outcome outcome) {
  switch (outcome) {
    case FindStep::Outcome::kPassed: return "passed";
    case FindStep::Outcome::kFailed: return "failed";
    case FindStep::Outcome::kNotValid: return "not valid";
  }
  return "unknown";
}

FindStep judge_step(double rate, Record record, const std::vector<Condition>& slo) {
  using enum FindStep::Outcome;
  std::string reason;
  const auto because = [&reason](std::string why) {
    if (reason.empty()) reason = std::move(why);
  };
  if (!record.counts.violations.empty()) because(record.counts.violations.front());
  const bool bears_loss = std::ranges::any_of(
      slo, [](const Condition& condition) { return condition.metric().name() == "loss"; });
  // A percentile is one of what has arrived.
  if (const uint64_t lost = record.counts.lost.all(); lost > 0 && !bears_loss) {
    because(fmt::format("{} lost", format_count(lost)));
  }
  for (const Condition& condition : slo) {
    const auto held = condition.evaluate(record);
    if (!held) {
      because(held.error().text);
    } else if (!held->hit) {
      because(fmt::format("not {}", condition.text()));
    }
  }
  if (record.counts.disconnects > 0) because("connections were lost");
  if (record.rate_ratio < kRateRatioMin) {
    because(fmt::format("{:.1f} % of the rate sent", record.rate_ratio * 100));
  }
  const double due = static_cast<double>(record.counts.expected);
  const double late = due - static_cast<double>(record.tally.received_in_window);
  if (due > 0 && late > kOutstandingMax * due) {
    because(fmt::format("{:.1f} % still under way at the end", late / due * 100));
  }
  const bool passed = reason.empty();
  // Who is late loses nothing that was acknowledged; a rate too low for one message has none late.
  const bool own_fault = !passed && !record.verdict.valid && record.counts.violations.empty() &&
                         record.counts.planned > 0;
  return {passed      ? kPassed
          : own_fault ? kNotValid
                      : kFailed,
          rate, std::move(record), std::move(reason)};
}

Result<Found> find_rate(const RunOptions& options, const FindOptions& find,
                        const std::function<void(const FindStep&)>& seen) {
  Found found;
  RateSearch search(find.rate_min, find.rate_max, find.growth, find.precision);
  // The outcome of a rate, tried again while mqbench itself is at fault.
  const auto attempt = [&](double rate, Duration length) -> Result<FindStep::Outcome> {
    for (int i = 1;; ++i) {
      MQ_TRY(Step step, run_step(options, rate, find, length));
      found.signal = step.signal;
      found.steps.push_back(judge_step(rate, std::move(step.record), find.slo));
      const FindStep::Outcome outcome = found.steps.back().outcome;
      if (found.signal == 0) seen(found.steps.back());
      if (outcome != FindStep::Outcome::kNotValid || i == kTries || found.signal != 0) {
        return outcome;
      }
    }
  };
  for (int confirmations = 0;;) {
    while (const auto rate = search.next()) {
      if (found.steps.size() >= find.steps_max) break;
      MQ_TRY(const FindStep::Outcome outcome, attempt(*rate, find.step));
      if (found.signal != 0) return found;
      if (outcome == FindStep::Outcome::kNotValid) break;
      if (outcome == FindStep::Outcome::kPassed) {
        search.passed();
      } else {
        search.failed();
      }
    }
    found.rate = search.best();
    if (!found.rate || find.confirm == Duration::zero()) break;
    MQ_TRY(const FindStep::Outcome outcome, attempt(*found.rate, find.confirm));
    if (found.signal != 0) return found;
    if (outcome == FindStep::Outcome::kPassed) break;
    found.rate.reset();
    // Below a rate that is too much for mqbench the broker's limit is not to be looked for.
    if (outcome == FindStep::Outcome::kNotValid || ++confirmations == kConfirmations) break;
    search.reject_best();
  }
  found.failed = lowest_failed(found.steps, found.rate.value_or(0));
  found.bounded =
      found.rate ? found.failed.has_value()
                 : !found.steps.empty() && found.steps.back().outcome == FindStep::Outcome::kFailed;
  return found;
}

}  // namespace mq
