#include "mqbench/live_view.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fmt/core.h>

#include "common/console.h"
#include "mqbench/output_file.h"
#include "mqbench/prometheus.h"
#include "mqbench/record_json.h"

namespace mq {
namespace {

constexpr uint32_t kHitsInARow = 2;
constexpr std::string_view kStandardOutput = "-";

// What was measured since the record of a second ago.
Interval interval_since(const Record* before, const Record& now) {
  Interval to;
  to.start_s = before == nullptr ? 0 : before->window_s;
  to.length_s = now.window_s - to.start_s;
  to.sent = now.tally.sent_in_window - (before == nullptr ? 0 : before->tally.sent_in_window);
  to.received =
      now.tally.received_in_window - (before == nullptr ? 0 : before->tally.received_in_window);
  to.backlog = static_cast<int64_t>(now.counts.expected -
                                    std::min(now.counts.expected, now.counts.received));
  for (size_t i = 0; i < now.threads_busy.size(); ++i) {
    // Shares of all the time until now: taken apart again.
    double cpu_s = now.threads_busy[i] * now.window_s;
    if (before != nullptr) cpu_s -= before->threads_busy[i] * before->window_s;
    if (to.length_s > 0) to.client_cpu = std::max(to.client_cpu, cpu_s / to.length_s);
  }
  const Histogram response =
      before == nullptr ? now.tally.response : now.tally.response.since(before->tally.response);
  Buffer encoded;
  response.encode(encoded);
  to.response.assign(encoded.bytes().begin(), encoded.bytes().end());
  return to;
}

}  // namespace

AbortCheck::AbortCheck(const std::vector<Condition>& conditions)
    : conditions_(conditions), in_a_row_(conditions.size()) {}

std::optional<Threshold> AbortCheck::judge(const Record& record) {
  for (size_t i = 0; i < conditions_.size(); ++i) {
    const Result<Threshold> now = conditions_[i].evaluate(record);
    in_a_row_[i] = now && now->hit ? in_a_row_[i] + 1 : 0;
    if (in_a_row_[i] >= kHitsInARow) return *now;
  }
  return std::nullopt;
}

LiveView::LiveView(Loop& loop, const RunOptions& options)
    : loop_(loop), options_(options), abort_(options.judgement.abort_if) {}

bool LiveView::wanted() const {
  return !options_.judgement.abort_if.empty() || options_.jsonl || options_.metrics;
}

Result<void> LiveView::open() {
  if (options_.jsonl && *options_.jsonl != kStandardOutput) {
    jsonl_.open(*options_.jsonl, std::ios::binary);
    if (!jsonl_) {
      return fail(ErrorCode::kIo,
                  fmt::format("cannot write {}: {}", *options_.jsonl, std::strerror(errno)));
    }
  }
  if (!options_.metrics) return {};
  MQ_TRY(server_, MetricsServer::open(loop_, *options_.metrics, [this] {
           return prometheus_text(last_ ? *last_ : make_record(options_, LoadResult{}));
         }));
  Console().note(fmt::format("metrics at {}", server_->url()));
  return {};
}

Result<void> LiveView::write_line(const std::string& line) {
  if (!options_.jsonl) return {};
  if (*options_.jsonl == kStandardOutput) return print_text(line);
  jsonl_ << line << std::flush;
  if (jsonl_) return {};
  return fail(ErrorCode::kIo,
              fmt::format("cannot write {}: {}", *options_.jsonl, std::strerror(errno)));
}

bool LiveView::seen(const LoadResult& so_far) {
  Record record = make_record(options_, so_far);
  if (options_.jsonl) {
    const Interval interval = interval_since(last_ ? &*last_ : nullptr, record);
    if (auto written = write_line(interval_line(record, interval)); !written && !error_) {
      error_ = written.error();
    }
  }
  if (!aborted_) aborted_ = abort_.judge(record);
  last_ = std::move(record);
  return aborted_.has_value();
}

Result<void> LiveView::finish(const Record& record) {
  if (error_) return tl::unexpected(*error_);
  return write_line(to_json(record));
}

}  // namespace mq
