#include "mqbench/prometheus.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include <fmt/format.h>

namespace mq {
namespace {

std::string label_name(std::string_view name) {
  std::string to;
  for (const char c : name) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    const bool digit = c >= '0' && c <= '9';
    to += letter || (digit && !to.empty()) ? c : '_';
  }
  return to;
}

std::string label_value(std::string_view value) {
  std::string to;
  for (const char c : value) {
    if (c == '\\' || c == '"') to += '\\';
    if (c == '\n') {
      to += "\\n";
    } else {
      to += c;
    }
  }
  return to;
}

class Exposition {
 public:
  explicit Exposition(const Record& record) {
    add_label("run", record.run_name);
    for (const auto& [name, value] : record.labels) add_label(label_name(name), value);
  }

  void family(std::string_view name, std::string_view type, std::string_view help) {
    name_ = name;
    text_ += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
  }
  // `more` is further labels: `quantile="0.5"`.
  template <class Value>
  void sample(Value value, std::string_view more = "", std::string_view suffix = "") {
    text_ += fmt::format("{}{}{{{}{}{}}} {}\n", name_, suffix, fmt::join(labels_, ","),
                         more.empty() ? "" : ",", more, value);
  }
  std::string text() && { return std::move(text_); }

 private:
  void add_label(const std::string& name, std::string_view value) {
    // Of two that become one the first counts.
    if (std::ranges::find(names_, name) != names_.end()) return;
    names_.push_back(name);
    labels_.push_back(fmt::format("{}=\"{}\"", name, label_value(value)));
  }

  std::vector<std::string> names_, labels_;
  std::string name_, text_;
};

}  // namespace

std::string prometheus_text(const Record& record) {
  const Accounting& a = record.counts;
  Exposition out(record);
  out.family("mqbench_run_info", "gauge", "What runs, and against what.");
  out.sample(1, fmt::format("version=\"{}\",target=\"{}\",pattern=\"{}\",qos=\"{}\"",
                            label_value(record.version), label_value(record.target),
                            label_value(record.pattern), record.qos));
  out.family("mqbench_measured_seconds", "gauge", "Length of the measured part until now.");
  out.sample(record.window_s);
  const auto counter = [&out](std::string_view name, uint64_t value, std::string_view help) {
    out.family(name, "counter", help);
    out.sample(value);
  };
  counter("mqbench_messages_planned_total", a.planned, "Messages that were due.");
  counter("mqbench_messages_sent_total", a.sent, "Messages sent.");
  counter("mqbench_messages_acked_total", a.acked, "QoS 1 and 2 messages acknowledged.");
  counter("mqbench_messages_refused_total", a.refused, "QoS 1 and 2 messages refused.");
  counter("mqbench_deliveries_expected_total", a.expected, "Deliveries that what was sent makes.");
  counter("mqbench_deliveries_received_total", a.received, "First copies received.");
  counter("mqbench_duplicates_total", a.duplicates(), "Further copies received.");
  counter("mqbench_reordered_total", a.reordered, "Messages overtaken by later ones.");
  counter("mqbench_foreign_total", a.foreign, "Messages that are not of this run.");
  counter("mqbench_corrupt_total", a.corrupt, "Messages that are not what was sent.");
  counter("mqbench_disconnects_total", a.disconnects, "Connections lost.");
  out.family("mqbench_deliveries_under_way", "gauge", "Deliveries that are still to come.");
  out.sample(a.expected - std::min(a.expected, a.received));
  out.family("mqbench_thread_cpu", "gauge", "CPU time of each thread, as a share of a core.");
  for (size_t i = 0; i < record.threads_busy.size(); ++i) {
    out.sample(record.threads_busy[i], fmt::format("thread=\"{}\"", i));
  }
  out.family("mqbench_latency_seconds", "summary",
             "Latencies of the measured part. Quantiles of several shards cannot be merged: for "
             "that there is mqbench merge.");
  for (const LatencyRow& row : latencies(record)) {
    std::string kind(row.label);
    std::ranges::replace(kind, ' ', '_');
    for (const double percent : record.percentiles) {
      out.sample(static_cast<double>(row.histogram->percentile(percent)) / 1e9,
                 fmt::format("kind=\"{}\",quantile=\"{:g}\"", kind, percent / 100));
    }
    const auto count = static_cast<double>(row.histogram->count());
    out.sample(row.histogram->mean() / 1e9 * count, fmt::format("kind=\"{}\"", kind), "_sum");
    out.sample(row.histogram->count(), fmt::format("kind=\"{}\"", kind), "_count");
  }
  return std::move(out).text();
}

}  // namespace mq
