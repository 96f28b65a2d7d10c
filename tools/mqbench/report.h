// The forms in which a record is shown.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "mqbench/output_args.h"
#include "mqbench/record.h"

namespace mq {

// A latency, with its unit.
std::string latency_text(int64_t ns, TimeUnit unit);

std::string text_report(const Record& record, TimeUnit unit = TimeUnit::kAuto);
std::string csv_report(const Record& record);  // a row for each interval
std::string markdown_report(const Record& record, TimeUnit unit = TimeUnit::kAuto);
std::string html_report(const Record& record);  // needs nothing from elsewhere
std::string hlog_report(const Record& record);  // HdrHistogram's log of intervals
// Its table of percentiles, of values times `shown`: of milliseconds without.
std::string hgrm_report(const Histogram& histogram, double shown = 1e-6);

// "VALID, not saturated: send lag p99 20 us", and what the broker did that it must not, a line
// each.
std::string verdict_text(const Record& record);

// What the verdict was made of, whatever it says.
std::string evidence_text(const Record& record);

// "passed    p99>10ms"
std::string threshold_line(const Threshold& threshold);

// Whether all of it can be written, as far as that shows before there is anything to write.
Result<void> check_writable(const OutputArgs& args);

// Prints the text unless the JSON takes its place, and writes the files; the one of JSON Lines may
// have been written while the run went on. One that cannot be written does not stop the others.
std::vector<Error> write_reports(const Record& record, const OutputArgs& args,
                                 bool jsonl_is_written = false);

}  // namespace mq
