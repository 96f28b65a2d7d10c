// What `mqbench merge` and `report` make of HdrHistogram's logs.
#pragma once

#include "base/result.h"
#include "mqbench/histogram_log.h"
#include "mqbench/result_commands.h"

namespace mq {

// A row of percentiles for each tag.
std::string text_report(const HistogramLogs& logs, TimeUnit unit = TimeUnit::kAuto);

// Shows and writes what is asked for, and judges; gives the exit code. An error is one of usage:
// logs hold times, and nothing of what a result has besides.
Result<int> show_logs(const HistogramLogs& logs, const ReportArgs& args);

}  // namespace mq
