// `mqbench scenario`: a load that a file describes.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "mqbench/run_args.h"

namespace CLI {
class App;
}

namespace mq {

struct ScenarioArgs {
  RunArgs run;
  std::vector<std::string> files;  // one at most
  std::optional<std::string> preset;
  bool print = false;
};

void declare(CLI::App& app, ScenarioArgs& args);

Result<int> run_scenario(const ScenarioArgs& args);

}  // namespace mq
