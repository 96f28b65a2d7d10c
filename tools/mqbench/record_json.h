// Records as JSON: for programs, and for mqbench itself to read again.
#pragma once

#include <string>
#include <string_view>

#include "mqbench/record.h"

namespace mq {

inline constexpr std::string_view kRecordSchema = "mqbench/1";

// A line of JSON, with the line feed.
std::string to_json(const Record& record);
// One for an interval of it.
std::string interval_line(const Record& record, const Interval& interval);
// A line for each interval, and the result as the last one.
std::string jsonl_report(const Record& record);

}  // namespace mq
