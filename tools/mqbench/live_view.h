// What is shown of a run while it goes on, once a second, and what may end it early.
#pragma once

#include <cstdint>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "mqbench/load_run.h"
#include "mqbench/metrics_server.h"
#include "mqbench/record.h"
#include "mqbench/run_args.h"
#include "mqbench/threshold.h"

namespace mq {

// Conditions that are judged again and again: one that holds twice in a row has come true. What
// nothing was measured of yet does not hold.
class AbortCheck {
 public:
  explicit AbortCheck(const std::vector<Condition>& conditions);
  // The condition that has come true.
  std::optional<Threshold> judge(const Record& record);

 private:
  const std::vector<Condition>& conditions_;
  std::vector<uint32_t> in_a_row_;
};

class LiveView {
 public:
  // `options` outlives it.
  LiveView(Loop& loop, const RunOptions& options);

  // Whether anybody wants to see anything.
  bool wanted() const;
  // Opens what it writes to and listens on.
  Result<void> open();
  // A second more is over. True when the run has to end.
  bool seen(const LoadResult& so_far);
  // The condition that ended it.
  const std::optional<Threshold>& aborted() const { return aborted_; }
  // The last line, and whether all of them could be written.
  Result<void> finish(const Record& record);

 private:
  Result<void> write_line(const std::string& line);

  Loop& loop_;
  const RunOptions& options_;
  AbortCheck abort_;
  std::optional<Threshold> aborted_;
  std::ofstream jsonl_;
  std::optional<Error> error_;
  std::optional<Record> last_;  // a second ago
  std::unique_ptr<MetricsServer> server_;
};

}  // namespace mq
