// `mqbench report`, `merge`, `compare` and `ab`: what works on results that there are already.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "mqbench/output_args.h"
#include "mqbench/record.h"

namespace CLI {
class App;
}

namespace mq {

struct ReportArgs {
  std::vector<std::string> files;  // "-" is standard input
  OutputArgs output;
  std::vector<std::string> fail_if;
};

struct CompareArgs {
  std::vector<std::string> files;  // two
  std::optional<std::string> max_regress;
  bool force = false;
};

struct AbArgs {
  std::string a, b;  // options of `run` for each side
  std::string both;  // and for both
  uint32_t runs = 10;
};

void declare(CLI::App& app, ReportArgs& args);
void declare(CLI::App& app, CompareArgs& args);
void declare(CLI::App& app, AbArgs& args);

// All the results in a file, which may have other lines, too: logs of several shards.
Result<std::vector<Record>> read_records(const std::string& path);

// Each gives the exit code; an error is one of usage.
Result<int> run_report(const ReportArgs& args);  // of one result
Result<int> run_merge(const ReportArgs& args);   // of all of them as one
Result<int> run_compare(const CompareArgs& args);
Result<int> run_ab(const AbArgs& args);

}  // namespace mq
