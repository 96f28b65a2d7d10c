// The options of what is asked of the figures of a run.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "mqbench/load_options.h"
#include "mqbench/regress_limit.h"
#include "mqbench/threshold.h"

namespace CLI {
class App;
}

namespace mq {

struct JudgementArgs {
  std::vector<std::string> fail_if, abort_if;
  std::optional<std::string> baseline, max_regress;
  bool strict = false;
};

void declare(CLI::App& app, JudgementArgs& args);

// What they mean.
struct Judgement {
  std::vector<Condition> fail_if;
  std::vector<Condition> abort_if;      // while it goes on, and at the end
  std::optional<std::string> baseline;  // file with earlier results
  std::vector<MaxRegress> max_regress;  // than those
  bool strict = false;                  // an invalid measurement is a failure

  // Whether an invalid measurement is one.
  bool is_strict() const { return strict || !fail_if.empty() || !abort_if.empty() || baseline; }
};

// What this load cannot have a figure of, whatever happens in it, is refused.
Result<Judgement> resolve(const JudgementArgs& args, const LoadOptions& load);
// `text` is what was typed with the metric in it.
Result<void> check_measured(const Metric& metric, std::string_view text, const LoadOptions& load);

}  // namespace mq
