#include "mqbench/storm_command.h"

#include <utility>
#include <vector>

#include "common/console.h"
#include "common/exit_code.h"
#include "mqbench/output_file.h"
#include "mqbench/storm_report.h"
#include "mqbench/storm_run.h"

namespace mq {

Result<int> run_storm(const StormArgs& args) {
  MQ_TRY(const StormOptions options, resolve(args));
  const Console console;
  if (const auto writable = check_writable(args.json.value_or("-")); !writable) {
    console.error(writable.error().text);
    return kExitFailure;
  }
  Result<StormResult> result = StormRun(options).run();
  if (!result) {
    console.error(result.error().text);
    return kExitFailure;
  }
  std::vector<Error> errors;
  if (result->signal == 0 && result->tally.succeeded > 0) {
    if (auto thresholds = judge_conditions(options, *result)) {
      result->thresholds = std::move(*thresholds);
    } else {
      errors.push_back(thresholds.error());
      result->unjudged = true;
    }
  }
  const auto keep = [&errors](const Result<void>& written) {
    if (!written) errors.push_back(written.error());
  };
  if (args.json != "-") keep(print_text(storm_text(options, *result)));
  if (args.json) keep(write_file(*args.json, storm_json(options, *result)));
  for (const Error& error : errors) console.error(error.text);
  return errors.empty() ? judge_exit(options, *result) : int{kExitFailure};
}

}  // namespace mq
