// What a run says at its end.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "mqbench/run_args.h"
#include "mqbench/load_run.h"
#include "mqbench/verdict.h"

namespace mq {

struct Report {
  const RunOptions& options;
  const LoadResult& result;
  Verdict verdict;
  int exit_code;
};

// Judges the result.
Report make_report(const RunOptions& options, const LoadResult& result);

std::string text_report(const Report& report);
// One line, with the line feed.
std::string json_report(const Report& report);

// What both forms of the report are made of.
struct LatencyRow {
  std::string_view label;
  const Histogram* histogram;
};
// Those that have values.
std::vector<LatencyRow> latencies(const Report& report);
std::string_view protocol_name(Version version);  // "3.1.1"
double per_second(uint64_t count, Duration time);
// 99.9 as "p99.9".
std::string percentile_name(double percent);

}  // namespace mq
