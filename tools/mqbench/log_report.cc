#include "mqbench/log_report.h"

#include <algorithm>
#include <ctime>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "base/units.h"
#include "common/console.h"
#include "common/exit_code.h"
#include "mqbench/exit_code.h"
#include "mqbench/output_file.h"
#include "mqbench/report.h"
#include "mqbench/threshold.h"

namespace mq {
namespace {

constexpr double kPercentiles[] = {50, 90, 99, 99.9, 99.99, 100};

// Lines without a tag are what a log is about.
std::string name_of(const HistogramLogs::Tag& tag) {
  return tag.name.empty() ? "response" : tag.name;
}

class LogMetrics final : public MetricSource {
 public:
  explicit LogMetrics(const HistogramLogs& logs) : logs_(logs) {}

  const Histogram* latency(std::string_view prefix) const override {
    const std::string_view name = prefix == "lag" ? "send_lag" : prefix;
    const auto tag = std::ranges::find(logs_.tags(), name, name_of);
    if (tag == logs_.tags().end() || !tag->is_time()) return nullptr;
    sum_ = logs_.sum(*tag);
    return &*sum_;
  }
  std::optional<double> number(std::string_view) const override { return std::nullopt; }

 private:
  const HistogramLogs& logs_;
  mutable std::optional<Histogram> sum_;  // the last that was asked for
};

// The option that logs have nothing for; null when there is none.
const char* unusable(const OutputArgs& args) {
  if (args.json) return "--json";
  if (args.jsonl) return "--jsonl";
  if (args.html) return "--html";
  if (args.csv) return "--csv";
  if (args.markdown) return "--md";
  return args.directory ? "-o" : nullptr;
}

Result<void> write_hgrm(const HistogramLogs& logs, const std::string& prefix) {
  std::set<std::string> written;
  for (const HistogramLogs::Tag& tag : logs.tags()) {
    if (tag.count == 0) continue;
    std::string name = name_of(tag);
    std::ranges::replace(name, '/', '_');
    if (!written.insert(name).second) {
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("two tags would be written to {}{}.hgrm", prefix, name));
    }
    MQ_CHECK(write_file(fmt::format("{}{}.hgrm", prefix, name),
                        hgrm_report(logs.sum(tag), tag.shown(1))));
  }
  return {};
}

Result<void> write(const HistogramLogs& logs, const std::vector<Threshold>& thresholds,
                   const OutputArgs& args) {
  if (args.hlog != "-") {
    std::string text = text_report(logs, args.unit);
    for (const Threshold& one : thresholds) text += threshold_line(one);
    MQ_CHECK(print_text(text));
  }
  if (args.hlog) MQ_CHECK(write_file(*args.hlog, logs.text()));
  if (args.hgrm_prefix) MQ_CHECK(write_hgrm(logs, *args.hgrm_prefix));
  return {};
}

int failed(std::string_view text) {
  Console().error(text);
  return kExitFailure;
}

}  // namespace

std::string text_report(const HistogramLogs& logs, TimeUnit unit) {
  std::string text = fmt::format("{} histogram log{}, {:.1f} s", logs.logs(),
                                 logs.logs() == 1 ? "" : "s", logs.length_s());
  if (logs.start_s()) {
    text += fmt::format(" from {:%Y-%m-%dT%H:%M:%S}Z",
                        fmt::gmtime(static_cast<std::time_t>(*logs.start_s())));
  }
  text += "\n\n";
  size_t name_width = 12;
  for (const HistogramLogs::Tag& tag : logs.tags()) {
    name_width = std::max(name_width, name_of(tag).size() + 1);
  }
  const int width = unit == TimeUnit::kAuto ? 10 : 16;
  text += fmt::format("{:<{}}", "", name_width);
  for (const double percent : kPercentiles) {
    text += fmt::format("{:>{}}", percent == 100 ? "max" : percentile_name(percent), width);
  }
  text += fmt::format("{:>14}\n", "count");
  for (const HistogramLogs::Tag& tag : logs.tags()) {
    const Histogram sum = logs.sum(tag);
    text += fmt::format("{:<{}}", name_of(tag), name_width);
    for (const double percent : kPercentiles) {
      const int64_t value = sum.percentile(percent);
      text +=
          fmt::format("{:>{}}",
                      tag.is_time() ? latency_text(value, unit)
                                    : fmt::format("{:.4g}", tag.shown(static_cast<double>(value))),
                      width);
    }
    text += fmt::format("{:>14}{}\n", format_count(sum.count()),
                        tag.is_time() ? "" : "  in the unit of the log's maxima");
  }
  return text;
}

Result<int> show_logs(const HistogramLogs& logs, const ReportArgs& args) {
  if (const char* const option = unusable(args.output); option != nullptr) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("{} is for results in JSON: a histogram log holds times only; "
                            "--hlog and --hgrm are for both.",
                            option));
  }
  std::vector<Condition> conditions;
  for (const std::string& text : args.fail_if) {
    MQ_TRY(Condition condition, Condition::parse(text));
    if (!condition.metric().group().empty()) {
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("{}: a histogram log has no groups.", text));
    }
    conditions.push_back(std::move(condition));
  }
  std::vector<Threshold> thresholds;
  for (const Condition& condition : conditions) {
    auto threshold = condition.evaluate(LogMetrics(logs));
    if (!threshold) return failed(threshold.error().text);
    thresholds.push_back(std::move(*threshold));
  }
  if (const auto written = write(logs, thresholds, args.output); !written) {
    return failed(written.error().text);
  }
  return std::ranges::any_of(thresholds, &Threshold::hit) ? int{kExitThreshold} : int{kExitOk};
}

}  // namespace mq
