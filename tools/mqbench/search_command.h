// `mqbench search`.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "mqbench/rate_finder.h"
#include "mqbench/run_args.h"

namespace CLI {
class App;
}

namespace mq {

struct SearchArgs {
  RunArgs run;
  std::vector<std::string> slo;
  std::string rate_min = "1k", rate_max = "10M";
  uint32_t precision_percent = 5;
  Duration step = std::chrono::seconds(2);
  Duration confirm = std::chrono::seconds(10);
  std::optional<std::string> json;
};

void declare(CLI::App& app, SearchArgs& args);

// Gives the exit code; an error is one of usage.
Result<int> run_search(const SearchArgs& args);

// "62.3k/s sustained", or how far it got.
std::string found_text(const Found& found);

}  // namespace mq
