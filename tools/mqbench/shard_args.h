// Which run this is, and which of several processes that carry it out together.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "mqbench/load_options.h"

namespace CLI {
class App;
}

namespace mq {

struct ShardArgs {
  std::optional<std::string> shard, run_id, sync;
  Duration sync_timeout = std::chrono::seconds(300);
};

// Declares --shard, --sync and --sync-timeout.
void declare(CLI::App& app, ShardArgs& args);
// --run-id, which a run of a single process has, too.
void declare_run_id(CLI::App& app, ShardArgs& args);

// What they mean. A run without a name is given one.
Result<void> resolve(const ShardArgs& args, LoadOptions& to);

}  // namespace mq
