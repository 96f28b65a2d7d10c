// The result of a run as tables: CSV, Markdown, and the two text forms of HdrHistogram's tools.
#include <cmath>

#include <fmt/format.h>

#include "base/units.h"
#include "mqbench/histogram_log.h"
#include "mqbench/histogram_text.h"
#include "mqbench/report.h"

namespace mq {
namespace {

double ms(double ns) {
  return ns / 1e6;
}
double ms(int64_t ns) {
  return ms(static_cast<double>(ns));
}

std::string hlog_line(std::string_view tag, double start_s, double length_s,
                      const Histogram& histogram) {
  return log_line(tag, start_s, length_s, ms(histogram.max()), to_base64(histogram));
}

std::string tag_of(std::string_view label) {
  std::string tag(label);
  for (char& c : tag) c = c == ' ' ? '_' : c;
  return tag;
}

}  // namespace

std::string csv_report(const Record& record) {
  std::string text = "t_s,length_s,sent,received,p50_ms,p90_ms,p99_ms,p99_9_ms,max_ms\n";
  for (const Interval& interval : record.intervals) {
    const Histogram h = interval.histogram();
    text += fmt::format("{:.3f},{:.3f},{},{},{:.6f},{:.6f},{:.6f},{:.6f},{:.6f}\n",
                        interval.start_s, interval.length_s, interval.sent, interval.received,
                        ms(h.percentile(50)), ms(h.percentile(90)), ms(h.percentile(99)),
                        ms(h.percentile(99.9)), ms(h.max()));
  }
  return text;
}

std::string markdown_report(const Record& record, TimeUnit unit) {
  std::string text =
      fmt::format("## mqbench: {}\n\nMQTT {}, {} {} → {}, QoS {}, {}, {}, {:.1f} s\n\n",
                  record.target, record.protocol, record.pattern, record.pubs, record.subs,
                  record.qos, record.payload_text(), loop_text(record), record.window_s);
  text += "| |";
  for (const double p : record.percentiles) {
    text += fmt::format(" {} |", p == 100 ? "max" : percentile_name(p));
  }
  text += " count |\n|---|";
  for (size_t i = 0; i < record.percentiles.size(); ++i) text += "--:|";
  text += "--:|\n";
  for (const LatencyRow& row : latencies(record)) {
    text += fmt::format("| {} |", row.label);
    for (const double p : record.percentiles) {
      text += fmt::format(" {} |", latency_text(row.histogram->percentile(p), unit));
    }
    text += fmt::format(" {} |\n", row.histogram->count());
  }
  if (!record.stages.empty()) {
    text +=
        "\n| from s | to s | planned from | to | sent | received | p50 | p99 | max |\n"
        "|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n";
  }
  for (const StageRow& row : stage_rows(record)) {
    text +=
        fmt::format("| {:g} | {:g} | {} | {} | {} | {} |", row.start_s, row.start_s + row.length_s,
                    format_rate(row.rate_from), format_rate(row.rate_to), row.sent, row.received);
    for (const double percent : {50.0, 99.0, 100.0}) {
      text += fmt::format(" {} |", latency_text(row.response.percentile(percent), unit));
    }
    text += '\n';
  }
  if (!record.groups.empty()) {
    text +=
        "\n| group | clients | sent/s | received/s | lost | p50 | p99 | max |\n"
        "|---|--:|--:|--:|--:|--:|--:|--:|\n";
  }
  for (const GroupRecord& group : record.groups) {
    const Record own = of_group(record, group);
    text += fmt::format("| {} | {} | {:.0f} | {:.0f} | {} |", group.name, group.clients,
                        sent_per_s(own), received_per_s(own), group.counts.lost.all());
    for (const double percent : {50.0, 99.0, 100.0}) {
      text += fmt::format(" {} |", latency_text(group.tally.response.percentile(percent), unit));
    }
    text += '\n';
  }
  const Accounting& a = record.counts;
  text += fmt::format(
      "\n| planned | sent | expected | received | lost | duplicates | reordered | disconnects |\n"
      "|--:|--:|--:|--:|--:|--:|--:|--:|\n| {} | {} | {} | {} | {} | {} | {} | {} |\n",
      a.planned, a.sent, a.expected, a.received, a.lost.all(), a.duplicates(), a.reordered,
      a.disconnects);
  text += fmt::format("\n{}", verdict_text(record));
  return text;
}

// Version 1.3 of the format; times in milliseconds in the text, in nanoseconds in the histograms,
// as HdrHistogram's HistogramLogProcessor expects. Only the response time is kept by interval, the
// others are one over all of the run.
std::string hlog_report(const Record& record) {
  std::string text = log_head(
      record.started_s,
      record.shards > 1 ? shard_comment(record.run_name, record.shard, record.shards) : "");
  const std::vector<LatencyRow> rows = latencies(record);
  const std::string_view first = record.open_loop() ? "response" : "service";
  for (const Interval& interval : record.intervals) {
    const Histogram h = interval.histogram();
    if (h.count() > 0) text += hlog_line(first, interval.start_s, interval.length_s, h);
  }
  for (const LatencyRow& row : rows) {
    if (row.label == first && !record.intervals.empty()) continue;
    text += hlog_line(tag_of(row.label), 0, record.window_s, *row.histogram);
  }
  return text;
}

// A row for each fifth of the way to the half of what is left, as HdrHistogram prints it.
std::string hgrm_report(const Histogram& histogram, double shown) {
  constexpr double kTicks = 5;
  constexpr double kRounding = 1e-12;  // of the sum of steps
  std::string text = fmt::format("{:>12} {:>14} {:>10} {:>14}\n\n", "Value", "Percentile",
                                 "TotalCount", "1/(1-Percentile)");
  const auto as_shown = [shown](auto value) { return static_cast<double>(value) * shown; };
  uint64_t seen = 0;
  double share = 0;  // that the next row has to reach
  const auto total = static_cast<double>(histogram.count());
  histogram.for_each([&](const Histogram::Bucket& bucket) {
    seen += bucket.count;
    const double here = static_cast<double>(seen) / total;
    const double value = as_shown(std::min(bucket.high, histogram.max()));
    while (share <= here + kRounding && share < 1) {
      text +=
          fmt::format("{:12.6f} {:2.12f} {:10} {:14.2f}\n", value, share, seen, 1 / (1 - share));
      const double halvings = std::floor(std::log2(1 / (1 - share))) + 1;
      share += 1 / (kTicks * std::pow(2, halvings));
      if (seen == histogram.count()) share = 1;  // one row for the largest value, and the last
    }
  });
  text +=
      fmt::format("{:12.6f} {:2.12f} {:10}\n", as_shown(histogram.max()), 1.0, histogram.count());
  text += fmt::format("#[Mean    = {:12.6f}, StdDeviation   = {:12.6f}]\n",
                      as_shown(histogram.mean()), as_shown(histogram.deviation()));
  text += fmt::format("#[Max     = {:12.6f}, Total count    = {:12}]\n", as_shown(histogram.max()),
                      histogram.count());
  text += fmt::format("#[Buckets = {:12}, SubBuckets     = {:12}]\n", histogram.doublings(),
                      histogram.single_values());
  return text;
}

}  // namespace mq
