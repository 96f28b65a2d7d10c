// The result of a run as one HTML file that needs nothing else: no network, no script.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/units.h"
#include "mqbench/report.h"
#include "mqbench/svg_chart.h"

namespace mq {
namespace {

constexpr std::string_view kStyle = R"(
body { font: 15px/1.45 system-ui, sans-serif; max-width: 900px; margin: 24px auto; padding: 0 16px;
  color: #1b1f24; background: #fff; }
h1 { font-size: 22px; } h2 { font-size: 17px; margin-top: 28px; }
table { border-collapse: collapse; margin: 8px 0; }
td, th { padding: 3px 12px 3px 0; text-align: right; font-variant-numeric: tabular-nums; }
td:first-child, th:first-child { text-align: left; }
th { border-bottom: 1px solid #888; font-weight: 600; }
.good { color: #116329; } .bad { color: #a40e26; font-weight: 600; }
pre { white-space: pre-wrap; }
svg { width: 100%; height: auto; margin: 12px 0; font: 12px system-ui, sans-serif; }
.title { font-size: 14px; font-weight: 600; } .tick, .axis { fill: #444; }
.frame { fill: none; stroke: #888; } .grid { stroke: #e4e6e9; }
.line { fill: none; stroke-width: 2; } .cell { fill: #0b3d91; }
.s0 { stroke: #0b5fc4; } .s1 { stroke: #c4460b; } .s2 { stroke: #1a7f37; } .s3 { stroke: #7a3fb3; }
.s4 { stroke: #777; stroke-dasharray: 5 4; } .dot { fill: currentColor; }
.mark { stroke: #a40e26; stroke-width: 1.5; }
)";

double ms(int64_t ns) {
  return static_cast<double>(ns) / 1e6;
}

SvgChart::Axis latency_axis(const std::vector<LatencyRow>& rows) {
  double low = 1e9, high = 0;
  for (const LatencyRow& row : rows) {
    low = std::min(low, std::max(ms(row.histogram->min()), 0.001));
    high = std::max(high, ms(row.histogram->max()));
  }
  const double min = std::pow(10, std::floor(std::log10(low)));
  const double max = std::pow(10, std::ceil(std::log10(std::max(high, min * 1.01))));
  return {.label = "latency (ms)", .min = min, .max = max, .scale = SvgChart::Scale::kLog};
}

// The curve from the median's side to the last of all messages; each step to the right is ten times
// rarer.
std::string percentile_chart(std::string_view title, const std::vector<LatencyRow>& rows) {
  uint64_t most = 1;
  for (const LatencyRow& row : rows) most = std::max(most, row.histogram->count());
  const double end =
      std::pow(10, std::ceil(std::log10(static_cast<double>(std::max<uint64_t>(most, 10)))));
  SvgChart::Axis x{.label = "percentile (%)", .min = 1, .max = end, .scale = SvgChart::Scale::kLog};
  x.ticks = {{1, "0"}, {2, "50"}};
  int digits = 0;
  for (double rarity = 10; rarity <= end; rarity *= 10, ++digits) {
    x.ticks.emplace_back(rarity, digits == 0 ? "90"
                                 : digits == 1
                                     ? "99"
                                     : "99." + std::string(static_cast<size_t>(digits - 1), '9'));
  }
  SvgChart chart(std::string(title), std::move(x), latency_axis(rows));
  int style = 0;
  for (const LatencyRow& row : rows) {
    const auto count = static_cast<double>(row.histogram->count());
    SvgChart::Points points;
    for (double rarity = 1; rarity < count; rarity *= 1.1) {
      points.emplace_back(rarity, ms(row.histogram->percentile(100 * (1 - 1 / rarity))));
    }
    points.emplace_back(count, ms(row.histogram->max()));
    chart.line(row.label, style++ % 4, points);
  }
  return chart.text();
}

// Where the messages of each interval lie: rows of a fifth of a power of ten, the darker the more.
std::string heat_map(const Record& record, std::string_view label, const Histogram& all) {
  constexpr double kRowsPerDecade = 5;
  const double end_s = record.intervals.back().start_s + record.intervals.back().length_s;
  const LatencyRow row{label, &all};
  SvgChart chart(fmt::format("{} over time", label), {.label = "time (s)", .min = 0, .max = end_s},
                 latency_axis({row}));
  chart.cell_legend("share of an interval's messages: few", "all");
  for (const Interval& interval : record.intervals) {
    const Histogram histogram = interval.histogram();
    std::vector<std::pair<double, uint64_t>> rows;  // the lower edge of each, ascending
    histogram.for_each([&](const Histogram::Bucket& bucket) {
      const double value = std::max(ms(bucket.low), 0.001);
      const double edge = std::floor(std::log10(value) * kRowsPerDecade);
      if (rows.empty() || rows.back().first != edge) rows.emplace_back(edge, 0);
      rows.back().second += bucket.count;
    });
    for (const auto& [edge, count] : rows) {
      const double low = std::pow(10, edge / kRowsPerDecade);
      const double high = std::pow(10, (edge + 1) / kRowsPerDecade);
      const double share = static_cast<double>(count) / static_cast<double>(histogram.count());
      chart.cell(
          interval.start_s, interval.start_s + interval.length_s, low, high,
          0.08 + 0.92 * std::sqrt(share),
          fmt::format("{:g} s: {} from {:.3g} to {:.3g} ms", interval.start_s, count, low, high));
    }
  }
  SvgChart::Points p99;
  for (const Interval& interval : record.intervals) {
    const Histogram histogram = interval.histogram();
    if (histogram.count() == 0) continue;
    p99.emplace_back(interval.start_s + interval.length_s / 2, ms(histogram.percentile(99)));
  }
  chart.line("p99", 1, p99);
  for (const Event& event : record.tally.events) chart.mark(event.text, event.at_s);
  return chart.text();
}

std::string rate_chart(const Record& record) {
  const double end_s = record.intervals.back().start_s + record.intervals.back().length_s;
  SvgChart::Points sent, received;
  double most = record.rate.value_or(0);
  for (const Interval& interval : record.intervals) {
    if (interval.length_s <= 0) continue;
    const double at = interval.start_s + interval.length_s / 2;
    sent.emplace_back(at, static_cast<double>(interval.sent) / interval.length_s);
    received.emplace_back(at, static_cast<double>(interval.received) / interval.length_s);
    most = std::max({most, sent.back().second, received.back().second});
  }
  SvgChart chart("Rates", {.label = "time (s)", .min = 0, .max = end_s},
                 {.label = "messages a second", .min = 0, .max = std::max(most * 1.1, 1.0)});
  SvgChart::Points planned;
  for (const StageRow& row : stage_rows(record)) {
    planned.emplace_back(row.start_s, row.rate_from);
    planned.emplace_back(row.start_s + row.length_s, row.rate_to);
  }
  if (planned.empty() && record.rate) planned = {{0, *record.rate}, {end_s, *record.rate}};
  if (!planned.empty()) chart.line("planned", 4, planned);
  chart.line("sent", 0, sent);
  chart.line("received", 2, received);
  for (const Event& event : record.tally.events) chart.mark(event.text, event.at_s);
  return chart.text();
}

// A run that was interrupted before it measured anything has no time that could be an axis.
bool has_time(const Record& record) {
  return !record.intervals.empty() &&
         record.intervals.back().start_s + record.intervals.back().length_s > 0;
}

std::string latency_table(const Record& record, const std::vector<LatencyRow>& rows) {
  std::string out = "<table id=\"latency\"><tr><th>ms</th>";
  for (const double p : record.percentiles) {
    out += fmt::format("<th>{}</th>", p == 100 ? "max" : percentile_name(p));
  }
  out += "<th>mean</th><th>count</th></tr>\n";
  for (const LatencyRow& row : rows) {
    out += fmt::format("<tr data-row=\"{0}\"><td>{0}</td>", row.label);
    for (const double p : record.percentiles) {
      out += fmt::format("<td>{:.6g}</td>", ms(row.histogram->percentile(p)));
    }
    out += fmt::format("<td>{:.6g}</td><td>{}</td></tr>\n", row.histogram->mean() / 1e6,
                       row.histogram->count());
  }
  return out + "</table>\n";
}

std::string counts_table(const Record& record) {
  const Accounting& a = record.counts;
  const std::pair<std::string_view, uint64_t> cells[] = {
      {"planned", a.planned},        {"sent", a.sent},
      {"not sent", a.not_sent()},    {"never acknowledged", a.unanswered},
      {"expected", a.expected},      {"received", a.received},
      {"lost", a.lost.all()},        {"duplicates", a.duplicates()},
      {"reordered", a.reordered},    {"foreign", a.foreign},
      {"disconnects", a.disconnects}};
  std::string head, body;
  for (const auto& [name, count] : cells) {
    head += fmt::format("<th>{}</th>", name);
    body += fmt::format("<td data-count=\"{}\">{}</td>", name, count);
  }
  return fmt::format("<table id=\"counts\"><tr>{}</tr>\n<tr>{}</tr></table>\n", head, body);
}

std::string stages_table(const Record& record) {
  if (record.stages.empty()) return "";
  std::string out =
      "<h2>Stages</h2>\n<table id=\"stages\"><tr><th>from (s)</th><th>to (s)</th>"
      "<th>planned from (1/s)</th><th>to (1/s)</th><th>sent</th><th>received</th><th>p50 (ms)</th>"
      "<th>p99 (ms)</th><th>max (ms)</th></tr>\n";
  for (const StageRow& row : stage_rows(record)) {
    out += fmt::format(
        "<tr><td>{:g}</td><td>{:g}</td><td>{:g}</td><td>{:g}</td><td>{}</td><td>{}</td>",
        row.start_s, row.start_s + row.length_s, row.rate_from, row.rate_to, row.sent,
        row.received);
    for (const double percent : {50.0, 99.0, 100.0}) {
      out += fmt::format("<td>{:.6g}</td>", ms(row.response.percentile(percent)));
    }
    out += "</tr>\n";
  }
  return out + "</table>\n";
}

std::string groups_table(const Record& record) {
  if (record.groups.empty()) return "";
  std::string out =
      "<h2>Groups</h2>\n<table id=\"groups\"><tr><th>group</th><th>clients</th><th>sent (1/s)</th>"
      "<th>received (1/s)</th><th>lost</th><th>p50 (ms)</th><th>p99 (ms)</th><th>max (ms)</th>"
      "</tr>\n";
  for (const GroupRecord& group : record.groups) {
    const Record own = of_group(record, group);
    out += fmt::format("<tr><td>{}</td><td>{}</td><td>{:.6g}</td><td>{:.6g}</td><td>{}</td>",
                       xml_escaped(group.name), group.clients, sent_per_s(own), received_per_s(own),
                       group.counts.lost.all());
    for (const double percent : {50.0, 99.0, 100.0}) {
      out += fmt::format("<td>{:.6g}</td>", ms(group.tally.response.percentile(percent)));
    }
    out += "</tr>\n";
  }
  return out + "</table>\n";
}

}  // namespace

std::string html_report(const Record& record) {
  const std::vector<LatencyRow> rows = latencies(record);
  const std::string title = fmt::format("mqbench: {}", record.target);
  std::string out = fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width\">\n<title>{0}</title>\n"
      "<style>{1}</style>\n</head>\n<body>\n<h1>{0}</h1>\n",
      xml_escaped(title), kStyle);
  out += fmt::format(
      "<p>{}, run {}, MQTT {}. {} {} &#8594; {}, QoS {}, {}, {}, {:.1f} s measured after {:.1f} s "
      "of "
      "warm-up. mqbench {}, Linux {}, {} processors.</p>\n",
      record.started, xml_escaped(record.run_name), record.protocol, xml_escaped(record.pattern),
      record.pubs, record.subs, record.qos, xml_escaped(record.payload_text()), loop_text(record),
      record.window_s, record.warm_up_s, record.version, xml_escaped(record.kernel), record.cpus);
  const bool good = record.verdict.valid && record.counts.violations.empty();
  out += fmt::format("<p class=\"{}\" id=\"verdict\">{}</p>\n", good ? "good" : "bad",
                     xml_escaped(verdict_text(record)));
  out += fmt::format("<pre id=\"evidence\">{}</pre>\n", xml_escaped(evidence_text(record)));
  out += "<h2>Latency</h2>\n" + latency_table(record, rows);
  std::vector<LatencyRow> messages, connections, lag;
  const Histogram* measured = nullptr;
  for (const LatencyRow& row : rows) {
    if (row.histogram->count() == 0) continue;
    switch (row.of) {
      case LatencyRow::Of::kMessages: messages.push_back(row); break;
      case LatencyRow::Of::kConnections: connections.push_back(row); break;
      case LatencyRow::Of::kTool: lag.push_back(row); break;
    }
    if (row.histogram == &record.tally.response) measured = row.histogram;
  }
  if (!messages.empty()) out += percentile_chart("Latency by percentile", messages);
  if (measured != nullptr && has_time(record)) {
    out += heat_map(record, record.open_loop() ? "Response time" : "Service time", *measured);
  }
  out += stages_table(record);
  out += groups_table(record);
  out += "<h2>Messages</h2>\n" + counts_table(record);
  if (has_time(record)) out += rate_chart(record);
  if (!lag.empty()) {
    out +=
        "<h2>Send lag</h2>\n<p>How late mqbench itself sent what was due, and how long what came "
        "lay in the kernel before mqbench read it: the figures above are the broker's as long as "
        "this is small.</p>\n";
    out += percentile_chart("Send lag and receive wait by percentile", lag);
  }
  // Of a few clients the table says all there is.
  constexpr uint64_t kConnectionsMin = 10;
  if (!connections.empty() && connections.front().histogram->count() >= kConnectionsMin) {
    out += "<h2>Connections</h2>\n" + percentile_chart("Steps by percentile", connections);
  }
  out += "<h2>Events</h2>\n";
  if (record.tally.events.empty()) {
    out += "<p>None: no connection was lost.</p>\n";
  } else {
    out += "<table><tr><th>time (s)</th><th>event</th></tr>\n";
    for (const Event& event : record.tally.events) {
      out +=
          fmt::format("<tr><td>{:.3f}</td><td>{}</td></tr>\n", event.at_s, xml_escaped(event.text));
    }
    out += "</table>\n";
  }
  return out + "</body>\n</html>\n";
}

}  // namespace mq
