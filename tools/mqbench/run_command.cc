#include "mqbench/run_command.h"

#include <unistd.h>

#include <fstream>
#include <string>

#include <fmt/core.h>

#include "common/console.h"
#include "common/exit_code.h"
#include "mqbench/load_run.h"
#include "mqbench/report.h"

namespace mq {
namespace {

Result<void> write_json(const std::string& path, const std::string& json) {
  if (path == "-") {
    write_all(STDOUT_FILENO, json);
    return {};
  }
  std::ofstream file(path, std::ios::binary);
  file << json;
  file.close();
  if (!file) return fail(ErrorCode::kIo, fmt::format("cannot write {}", path));
  return {};
}

}  // namespace

Result<int> run_load(const RunArgs& args) {
  MQ_TRY(const RunOptions options, resolve(args));
  const Console console;
  const Result<LoadResult> result = LoadRun(options.load).run();
  if (!result) {
    console.error(result.error().text);
    return kExitFailure;
  }
  if (result->accounting.sent == 0 && result->signal == 0) {
    console.error(fmt::format("{} took no message: nothing was measured", options.target));
    return kExitFailure;
  }
  const Report report = make_report(options, *result);
  if (options.json != "-") write_all(STDOUT_FILENO, text_report(report));
  if (options.json) {
    if (const auto written = write_json(*options.json, json_report(report)); !written) {
      console.error(written.error().text);
      return kExitFailure;
    }
  }
  return report.exit_code;
}

}  // namespace mq
