#include "mqbench/storm_command.h"

#include <unistd.h>

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
  if (result->signal == 0 && result->tally.succeeded > 0) {
    auto thresholds = judge_conditions(options, *result);
    if (!thresholds) {
      console.error(thresholds.error().text);
      return kExitFailure;
    }
    result->thresholds = std::move(*thresholds);
  }
  int code = judge_exit(options, *result);
  const auto keep = [&](const Result<void>& written) {
    if (written) return;
    console.error(written.error().text);
    code = kExitFailure;
  };
  if (args.json != "-") keep(print_text(storm_text(options, *result)));
  if (args.json) keep(write_file(*args.json, storm_json(options, *result)));
  return code;
}

}  // namespace mq
