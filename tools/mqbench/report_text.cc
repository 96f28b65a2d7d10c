// The result of a run for people.
#include <fmt/format.h>

#include "base/units.h"
#include "mqbench/report.h"

namespace mq {
namespace {

std::string load_line(const LoadOptions& load, Duration window) {
  const std::string rate = load.open_loop()
                               ? fmt::format("open loop, {}", format_rate(*load.rate))
                               : fmt::format("closed loop, {} in flight", load.inflight);
  return fmt::format("{} {} -> {}, QoS {}, {}, {}, {:.1f} s after {:.1f} s of warm-up, "
                     "{} thread{}\n",
                     name(load.plan.pattern()), load.plan.publishers(), load.plan.subscribers(),
                     load.sub_qos == load.qos
                         ? fmt::format("{}", static_cast<int>(load.qos))
                         : fmt::format("{} to {}", static_cast<int>(load.qos),
                                       static_cast<int>(load.sub_qos)),
                     format_size(load.payload_size), rate, seconds(window), seconds(load.warm_up),
                     load.threads, load.threads == 1 ? "" : "s");
}

std::string latency_table(const Report& report) {
  const std::vector<LatencyRow> rows = latencies(report);
  if (rows.empty()) return "";
  std::string text = fmt::format("{:<10}", "");
  for (const double percent : report.options.percentiles) {
    text += fmt::format("{:>10}", percent == 100 ? "max" : percentile_name(percent));
  }
  text += fmt::format("{:>14}\n", "count");
  for (const LatencyRow& row : rows) {
    text += fmt::format("{:<10}", row.label);
    for (const double percent : report.options.percentiles) {
      text += fmt::format("{:>10}", format_duration(Duration(row.histogram->percentile(percent))));
    }
    text += fmt::format("{:>14}", format_count(row.histogram->count()));
    if (row.histogram->overflows() > 0) {
      text += fmt::format("  and {} over {}", format_count(row.histogram->overflows()),
                          format_duration(Duration(row.histogram->highest())));
    }
    if (row.histogram->negatives() > 0) {
      text += fmt::format("  and {} below 0", format_count(row.histogram->negatives()));
    }
    text += '\n';
  }
  return text;
}

std::string lost_text(const Accounting::Lost& lost) {
  std::string text = fmt::format("lost {}", format_count(lost.all()));
  if (lost.all() == 0) return text;
  std::vector<std::string> classes;
  const auto add = [&](uint64_t count, std::string_view what) {
    if (count > 0) classes.push_back(fmt::format("{} {}", format_count(count), what));
  };
  add(lost.qos0, "at QoS 0");
  add(lost.acked, "acknowledged");
  add(lost.unacked, "never acknowledged");
  add(lost.reconnect, "with a connection");
  return text + fmt::format(" ({})", fmt::join(classes, ", "));
}

std::string checks_line(const Report& report) {
  const Accounting& a = report.result.accounting;
  std::string text = fmt::format(
      "checks    {}   duplicates {}   reordered {}   foreign {}   disconnects {}   refused {}",
      lost_text(a.lost), format_count(a.duplicates()), format_count(a.reordered),
      format_count(a.foreign), format_count(a.disconnects), format_count(a.refused));
  for (const auto& [reason, count] : report.result.tally.errors) {
    text += fmt::format("\n          {} x {}", format_count(count), mq::text(reason));
  }
  return text + "\n";
}

std::string verdict_line(const Report& report) {
  const Verdict& verdict = report.verdict;
  std::string text = fmt::format("verdict   {}, ", verdict.valid ? "VALID" : "NOT VALID");
  switch (verdict.limited_by) {
    case Verdict::LimitedBy::kNone: text += "not saturated"; break;
    case Verdict::LimitedBy::kBroker: text += "limited by the broker"; break;
    case Verdict::LimitedBy::kClient: text += "limited by mqbench"; break;
  }
  text += fmt::format(": {}\n", fmt::join(verdict.reasons, "; "));
  for (const std::string& violation : report.result.accounting.violations) {
    text += fmt::format("VIOLATION {}\n", violation);
  }
  return text;
}

}  // namespace

std::string text_report(const Report& report) {
  const LoadOptions& load = report.options.load;
  const LoadResult& result = report.result;
  const Accounting& a = result.accounting;
  std::string text = fmt::format("mqbench -> {} (MQTT {}), run {}\n", report.options.target,
                                 protocol_name(load.client.version), load.run_name);
  text += load_line(load, result.window);
  text += latency_table(report);
  text += fmt::format("rate      {}sent {}   received {}\n",
                      load.open_loop() ? fmt::format("planned {}   ", format_rate(*load.rate)) : "",
                      format_rate(per_second(result.tally.sent_in_window, result.window)),
                      format_rate(per_second(result.tally.received_in_window, result.window)));
  text += fmt::format("messages  planned {} = sent {} + not sent {}\n", format_count(a.planned),
                      format_count(a.sent), format_count(a.not_sent()));
  text += fmt::format("deliver   expected {} = received {} + lost {}\n", format_count(a.expected),
                      format_count(a.received), format_count(a.lost.all()));
  text += checks_line(report);
  text += verdict_line(report);
  return text;
}

}  // namespace mq
