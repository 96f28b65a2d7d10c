#include "mqbench/report.h"

#include <fmt/core.h>

#include "common/exit_code.h"
#include "mqbench/exit_code.h"

namespace mq {

Report make_report(const RunOptions& options, const LoadResult& result) {
  Report report{options, result, judge(evidence(options.load, result)), kExitOk};
  if (result.signal != 0) {
    report.exit_code = kExitSignal + result.signal;
  } else if (!result.accounting.violations.empty()) {
    report.exit_code = kExitViolation;
  } else if (options.strict && !report.verdict.valid) {
    report.exit_code = kExitNotValid;
  }
  return report;
}

std::vector<LatencyRow> latencies(const Report& report) {
  const Tally& tally = report.result.tally;
  std::vector<LatencyRow> rows;
  if (report.options.load.open_loop()) {
    rows.push_back({"response", &tally.response});
    rows.push_back({"service", &tally.service});
    rows.push_back({"send lag", &tally.send_lag});
  } else {
    // Sent when there was room and not when it was due: there is no plan to measure from.
    rows.push_back({"service", &tally.response});
  }
  rows.push_back({"ack", &tally.ack});
  rows.push_back({"connect", &tally.connect});
  std::erase_if(rows, [](const LatencyRow& row) {
    const Histogram& histogram = *row.histogram;
    return histogram.count() + histogram.overflows() + histogram.negatives() == 0;
  });
  return rows;
}

std::string_view protocol_name(Version version) {
  switch (version) {
    case Version::kV31: return "3.1";
    case Version::kV311: return "3.1.1";
    case Version::kV5: return "5.0";
  }
  return "unknown";
}

double per_second(uint64_t count, Duration time) {
  return time > Duration::zero() ? static_cast<double>(count) / seconds(time) : 0;
}

std::string percentile_name(double percent) { return fmt::format("p{:g}", percent); }

}  // namespace mq
