#include "mqbench/run_command.h"

#include <algorithm>
#include <iterator>

#include <fmt/core.h>

#include "common/console.h"
#include "common/exit_code.h"
#include "mqbench/live_view.h"
#include "mqbench/load_run.h"
#include "mqbench/regression.h"
#include "mqbench/report.h"
#include "mqbench/result_commands.h"

namespace mq {
namespace {

Result<std::vector<Record>> read_baseline(const std::string& path, const Record& record) {
  MQ_TRY(std::vector<Record> baseline, read_records(path));
  for (const Record& earlier : baseline) {
    if (const char* const difference = load_difference(earlier, record)) {
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("{} is of another load: {}", path, difference));
    }
  }
  return baseline;
}

// Everything that was asked of the figures, in the order of the options.
Result<std::vector<Threshold>> judge_all(const Judgement& judgement, const LiveView& live,
                                         const Record& record) {
  MQ_TRY(std::vector<Threshold> thresholds, evaluate(judgement.fail_if, record));
  MQ_TRY(std::vector<Threshold> aborts, evaluate(judgement.abort_if, record));
  for (Threshold& threshold : aborts) {
    // What ended the run was true then.
    if (live.aborted() && live.aborted()->expression == threshold.expression) {
      threshold = *live.aborted();
    }
  }
  std::ranges::move(aborts, std::back_inserter(thresholds));
  if (judgement.baseline) {
    MQ_TRY(const std::vector<Record> baseline, read_baseline(*judgement.baseline, record));
    MQ_TRY(std::vector<Threshold> gates, check_regress(judgement.max_regress, baseline, {record}));
    std::ranges::move(gates, std::back_inserter(thresholds));
  }
  return thresholds;
}

// True when no message got as far as the broker, for all that is known of it. What was written to a
// connection that the broker then ended is not evidence: where all are of QoS 1 or 2, an answer is.
bool took_nothing(const LoadOptions& load, const Accounting& counts) {
  if (load.plan.publishers() == 0) return false;
  if (counts.sent == 0) return true;
  return load.all_acknowledged() && counts.acked == 0 && counts.refused == 0 &&
         counts.received == 0;
}

// True when all was sent in vain, and no acknowledgement makes that a violation.
bool delivered_nothing(const LoadOptions& load, const Accounting& counts) {
  if (counts.received > 0 || !counts.violations.empty()) return false;
  if (load.verify == Verify::kOff) return counts.sent > 0 && load.plan.receivers().min > 0;
  return counts.expected > 0;
}

}  // namespace

Result<std::vector<Threshold>> evaluate(const std::vector<Condition>& conditions,
                                        const Record& record) {
  std::vector<Threshold> thresholds;
  for (const Condition& condition : conditions) {
    MQ_TRY(Threshold threshold, condition.evaluate(record));
    thresholds.push_back(std::move(threshold));
  }
  return thresholds;
}

Result<int> run_load(const RunArgs& args) {
  MQ_TRY(RunOptions options, resolve(args));
  options.load.shows_progress = true;
  const Console console;
  const auto failed = [&console](std::string_view text) {
    console.error(text);
    return kExitFailure;
  };
  // Before the run, which may be long, and not after it.
  if (const auto& file = options.judgement.baseline) {
    if (const auto baseline = read_records(*file); !baseline) {
      return failed(baseline.error().text);
    }
  }
  if (const auto writable = check_writable(args.output); !writable) {
    return failed(writable.error().text);
  }
  LoadRun run(options.load);
  LiveView live(run.loop(), options);
  if (live.wanted()) {
    if (const auto opened = live.open(); !opened) return failed(opened.error().text);
    run.watch([&live](const LoadResult& so_far) { return live.seen(so_far); });
  }
  Result<LoadResult> result = run.run();
  if (!result) return failed(result.error().text);
  const auto nothing = [&](std::string_view what) {
    return fmt::format("{} {}: nothing was measured{}", options.target, what,
                       why_nothing(make_record(options, *result)));
  };
  if (result->signal == 0 && took_nothing(options.load, result->accounting)) {
    return failed(nothing("took no message"));
  }
  if (live.aborted()) {
    result->tally.events.push_back(
        {seconds(result->window), fmt::format("ended by {}", live.aborted()->expression)});
  }
  Record record = make_record(options, *result);
  record.exit_code = judge_exit(record, options.judgement.is_strict(), result->signal);
  // What goes wrong now must not take the report of a long run with it.
  std::vector<Error> errors;
  if (result->signal == 0 && delivered_nothing(options.load, result->accounting)) {
    errors.push_back({ErrorCode::kIo, nothing("delivered no message")});
  }
  if (result->signal == 0) {
    if (auto thresholds = judge_all(options.judgement, live, record)) {
      record.thresholds = std::move(*thresholds);
      record.exit_code = judge_exit(record, options.judgement.is_strict(), 0);
    } else {
      errors.push_back(thresholds.error());
    }
    if (!errors.empty()) record.exit_code = kExitFailure;
  }
  if (const auto written = live.finish(record); !written) errors.push_back(written.error());
  std::ranges::move(write_reports(record, args.output, true), std::back_inserter(errors));
  for (const Error& error : errors) console.error(error.text);
  return errors.empty() ? record.exit_code : int{kExitFailure};
}

}  // namespace mq
