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
  const Result<StormResult> result = StormRun(options).run();
  if (!result) {
    console.error(result.error().text);
    return kExitFailure;
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
