#include "mqbench/run_command.h"

#include <fmt/core.h>

#include "common/console.h"
#include "common/exit_code.h"
#include "mqbench/load_run.h"
#include "mqbench/report.h"

namespace mq {

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
  const Result<LoadResult> result = LoadRun(options.load).run();
  if (!result) return failed(result.error().text);
  const bool publishes = options.load.plan.publishers() > 0;
  if (publishes && result->accounting.sent == 0 && result->signal == 0) {
    return failed(fmt::format("{} took no message: nothing was measured", options.target));
  }
  Record record = make_record(options, *result);
  if (result->signal == 0) {
    auto thresholds = evaluate(options.fail_if, record);
    if (!thresholds) return failed(thresholds.error().text);
    record.thresholds = std::move(*thresholds);
  }
  record.exit_code = judge_exit(record, options.strict || !options.fail_if.empty(), result->signal);
  if (const auto written = write_reports(record, args.output); !written) {
    return failed(written.error().text);
  }
  return record.exit_code;
}

}  // namespace mq
