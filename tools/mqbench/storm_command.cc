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
  if (args.json != "-") write_all(STDOUT_FILENO, storm_text(options, *result));
  if (args.json) {
    if (const auto written = write_file(*args.json, storm_json(options, *result)); !written) {
      console.error(written.error().text);
      return kExitFailure;
    }
  }
  return judge_exit(options, *result);
}

}  // namespace mq
