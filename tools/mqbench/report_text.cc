// The result of a run for people.
#include <algorithm>

#include <fmt/format.h>

#include "base/units.h"
#include "mqbench/report.h"

namespace mq {
namespace {

constexpr std::string_view kNobodyPublishes = "none";  // name(Pattern::kNone)

std::string load_line(const Record& record) {
  if (record.pattern == kNobodyPublishes) {
    return fmt::format("{} connections, held for {:.1f} s, {} thread{}\n",
                       format_count(record.subs), record.window_s, record.threads,
                       record.threads == 1 ? "" : "s");
  }
  if (!record.groups.empty()) {
    return fmt::format(
        "scenario of {} groups, {}, {}, {:.1f} s after {:.1f} s of warm-up, {} "
        "thread{}\n",
        record.groups.size(),
        record.payload == "random" ? fmt::format("{} on average", format_size(record.size_bytes))
                                   : record.payload_text(),
        loop_text(record), record.window_s, record.warm_up_s, record.threads,
        record.threads == 1 ? "" : "s");
  }
  return fmt::format(
      "{} {} -> {}, QoS {}, {}, {}, {:.1f} s after {:.1f} s of warm-up, "
      "{} thread{}\n",
      record.pattern, record.pubs, record.subs,
      record.sub_qos == record.qos ? fmt::format("{}", record.qos)
                                   : fmt::format("{} to {}", record.qos, record.sub_qos),
      record.payload_text(), loop_text(record), record.window_s, record.warm_up_s, record.threads,
      record.threads == 1 ? "" : "s");
}

// One that changes is the average of the time that was measured, which may have ended early.
std::string planned_rate(const Record& record) {
  if (!record.open_loop()) return "";
  const bool changes = !record.stages.empty() || !record.groups.empty();
  if (!changes || record.window_s <= 0)
    return fmt::format("planned {}   ", format_rate(*record.rate));
  return fmt::format("planned {} on average   ",
                     format_rate(static_cast<double>(record.counts.planned) / record.window_s));
}

std::string receivers_line(const LoadPlan::Receivers& receivers) {
  if (receivers.min == receivers.max) {
    return fmt::format("expected deliveries per publish: {}\n", receivers.max);
  }
  return fmt::format(
      "expected deliveries per publish: {} to {}, {:.3g} on average over the topics\n",
      receivers.min, receivers.max, receivers.mean);
}

std::string latency_table(const Record& record, TimeUnit unit) {
  const std::vector<LatencyRow> rows = latencies(record);
  if (rows.empty()) return "";
  // An hour in microseconds, and a blank.
  const int width = unit == TimeUnit::kAuto ? 10 : 16;
  std::string text = fmt::format("{:<12}", "");
  for (const double percent : record.percentiles) {
    text += fmt::format("{:>{}}", percent == 100 ? "max" : percentile_name(percent), width);
  }
  text += fmt::format("{:>14}\n", "count");
  for (const LatencyRow& row : rows) {
    text += fmt::format("{:<12}", row.label);
    for (const double percent : record.percentiles) {
      text += fmt::format("{:>{}}", latency_text(row.histogram->percentile(percent), unit), width);
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

std::string stages_table(const Record& record, TimeUnit unit) {
  if (record.stages.empty()) return "";
  std::string text = fmt::format("{:<18}{:>20}{:>11}{:>11}{:>10}{:>10}{:>10}\n", "stages",
                                 "planned", "sent", "received", "p50", "p99", "max");
  for (const StageRow& row : stage_rows(record)) {
    const auto per_second = [&row](uint64_t count) {
      return format_rate(static_cast<double>(count) / row.length_s);
    };
    const std::string planned =
        row.rate_from == row.rate_to
            ? format_rate(row.rate_to)
            : fmt::format("{} to {}", format_rate(row.rate_from), format_rate(row.rate_to));
    text += fmt::format("{:<18}{:>20}{:>11}{:>11}",
                        fmt::format("  {:g} s to {:g} s", row.start_s, row.start_s + row.length_s),
                        planned, per_second(row.sent), per_second(row.received));
    for (const double percent : {50.0, 99.0, 100.0}) {
      text += fmt::format(" {:>9}", latency_text(row.response.percentile(percent), unit));
    }
    text += '\n';
  }
  return text;
}

std::string groups_table(const Record& record, TimeUnit unit) {
  if (record.groups.empty()) return "";
  std::string text = fmt::format("{:<16}{:>9}{:>11}{:>11}{:>10}{:>10}{:>10}{:>10}\n", "groups",
                                 "clients", "sent", "received", "lost", "p50", "p99", "max");
  for (const GroupRecord& group : record.groups) {
    const Record own = of_group(record, group);
    text += fmt::format("  {:<14}{:>9}{:>11}{:>11}{:>10}", group.name, format_count(group.clients),
                        group.rate ? format_rate(sent_per_s(own)) : "-",
                        format_rate(received_per_s(own)), format_count(group.counts.lost.all()));
    for (const double percent : {50.0, 99.0, 100.0}) {
      text +=
          fmt::format(" {:>9}", group.tally.response.count() == 0
                                    ? "-"
                                    : latency_text(group.tally.response.percentile(percent), unit));
    }
    text += '\n';
  }
  return text;
}

// A character for each interval, or for the worst of several, on a logarithmic scale: what no
// percentile of the whole run shows is when it was slow.
std::string latency_over_time(const Record& record, TimeUnit unit) {
  constexpr size_t kColumns = 60;
  static constexpr std::string_view kBars[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  if (record.intervals.size() < 5) return "";
  const size_t each = (record.intervals.size() + kColumns - 1) / kColumns;
  std::vector<int64_t> p99(record.intervals.size() / each + 1);
  for (size_t i = 0; i < record.intervals.size(); ++i) {
    p99[i / each] = std::max(p99[i / each], record.intervals[i].histogram().percentile(99));
  }
  if (record.intervals.size() % each == 0) p99.pop_back();
  const int64_t worst = std::max<int64_t>(*std::ranges::max_element(p99), 1);
  std::string bars;
  for (const int64_t value : p99) {
    size_t level = std::size(kBars) - 1;  // a bar is a factor of two
    for (int64_t edge = worst; level > 0 && value < edge / 2; edge /= 2) --level;
    bars += kBars[level];
  }
  return fmt::format("p99/time  {}  {:g} s each, {} at most\n", bars,
                     static_cast<double>(each) * record.intervals.front().length_s,
                     latency_text(worst, unit));
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

std::string accounting_lines(const Accounting& a) {
  return fmt::format(
      "messages  planned {} = sent {} + not sent {}{}\n"
      "deliver   expected {} = received {} + lost {}\n",
      format_count(a.planned), format_count(a.sent), format_count(a.not_sent()),
      a.unanswered == 0 ? "" : fmt::format("; {} never acknowledged", format_count(a.unanswered)),
      format_count(a.expected), format_count(a.received), format_count(a.lost.all()));
}

std::string checks_line(const Record& record) {
  const Accounting& a = record.counts;
  std::string text = fmt::format(
      "checks    {}   duplicates {}   reordered {}   foreign {}   corrupt {}   disconnects {}   "
      "refused {}",
      lost_text(a.lost), format_count(a.duplicates()), format_count(a.reordered),
      format_count(a.foreign),
      record.verify == "strict" ? format_count(a.corrupt) : "not looked for",
      format_count(a.disconnects), format_count(a.refused));
  for (const auto& [reason, count] : record.tally.errors) {
    text += fmt::format("\n          {} x {}", format_count(count), mq::text(reason));
  }
  return text + "\n";
}

// The first of them; the other forms of the report have them all.
std::string events_lines(const Record& record) {
  constexpr size_t kEventsShown = 10;
  const std::vector<Event>& events = record.tally.events;
  std::string text;
  for (size_t i = 0; i < std::min(events.size(), kEventsShown); ++i) {
    text +=
        fmt::format("{:<10}{:.3f} s: {}\n", i == 0 ? "events" : "", events[i].at_s, events[i].text);
  }
  if (events.size() > kEventsShown) {
    text += fmt::format("{:<10}and {} more\n", "", format_count(events.size() - kEventsShown));
  }
  return text;
}

// Sequence numbers of each pair have a price.
std::string verify_line(const Record& record) {
  constexpr uint64_t kPairBytes = sizeof(SequenceTrack);
  if (record.verify == "off") return "verify    off: neither loss nor order were looked for\n";
  if (record.pairs == 0)
    return "verify    only the number of messages; neither duplicates nor order\n";
  return fmt::format("verify    {}: {} pairs of publisher and subscriber, {}\n", record.verify,
                     format_count(record.pairs), format_size(record.pairs * kPairBytes));
}

std::string percent(double share) {
  return fmt::format("{:.1f} %", share * 100);
}

}  // namespace

std::string evidence_text(const Record& record) {
  const HostSignals& host = record.host;
  const SocketSignals& sockets = record.tally.sockets;
  std::vector<std::string> parts;
  const auto add = [&parts](std::string_view what, const std::optional<double>& share) {
    parts.push_back(fmt::format("{} {}", what, share ? percent(*share) : "unknown"));
  };
  add("mqbench", host.own_cpu);
  if (host.shared_with_broker) add("broker", host.broker_cpu);
  add("others", host.foreign_cpu);
  std::string text = fmt::format("evidence  of a core: {}", fmt::join(parts, ", "));
  if (host.steal) text += fmt::format(";   stolen {}", percent(*host.steal));
  if (host.cpu_pressure)
    text += fmt::format(";   waited for a CPU {}", percent(*host.cpu_pressure));
  text += fmt::format("\n          {} switches against mqbench's will",
                      format_count(host.involuntary_switches));
  if (host.listen_overflows) {
    text += fmt::format(";   accept queue full {} times", format_count(*host.listen_overflows));
  }
  text += '\n';
  if (sockets.observed > Duration::zero()) {
    text += fmt::format(
        "          {} sending sockets: broker's window closed {}, send buffer full {}, sent again "
        "{}, "
        "round trip {}\n",
        sockets.sending, percent(sockets.rwnd_limited_share()),
        percent(sockets.sndbuf_limited_share()), percent(sockets.retransmit_share()),
        format_duration(Duration(static_cast<int64_t>(sockets.rtt_us() * 1000))));
  }
  if (sockets.receiving > 0) {
    text += fmt::format("          {} receiving sockets: at most {} unread\n", sockets.receiving,
                        format_size(sockets.unread_max));
  }
  if (record.open_loop()) {
    text += fmt::format("          publishers held back {} of the time\n",
                        percent(record.blocked_share));
  }
  return text;
}

std::string verdict_text(const Record& record) {
  const Verdict& verdict = record.verdict;
  std::string text = verdict.valid ? "VALID" : "NOT VALID";
  switch (verdict.limited_by) {
    case Verdict::LimitedBy::kNone:
      if (verdict.valid) {
        text += ", not saturated";
      } else if (record.counts.sent > 0) {
        text += ", not the whole load at one time";
      }
      break;
    case Verdict::LimitedBy::kBroker: text += ", limited by the broker"; break;
    case Verdict::LimitedBy::kNetwork: text += ", limited by the network"; break;
    case Verdict::LimitedBy::kHost: text += ", disturbed by others on this host"; break;
    case Verdict::LimitedBy::kClient: text += ", limited by mqbench"; break;
  }
  text += fmt::format(": {}\n", fmt::join(verdict.reasons, "; "));
  for (const std::string& violation : record.counts.violations) {
    text += fmt::format("VIOLATION {}\n", violation);
  }
  // From here on it is seen in a percentile.
  constexpr double kLossNoted = 0.001;
  if (loss_ratio(record) >= kLossNoted && record.tally.response.count() > 0) {
    text += fmt::format("NOTE latencies are those of the {:.2f} % of the deliveries that came\n",
                        (1 - loss_ratio(record)) * 100);
  }
  const auto downgraded = [&text](uint64_t subscriptions, Qos qos) {
    if (subscriptions == 0) return;
    text += fmt::format("NOTE {} subscription{} granted QoS {}, less than asked for\n",
                        format_count(subscriptions), subscriptions == 1 ? " was" : "s were",
                        static_cast<int>(qos));
  };
  downgraded(record.counts.downgraded.to_qos0, Qos::kAtMostOnce);
  downgraded(record.counts.downgraded.to_qos1, Qos::kAtLeastOnce);
  return text;
}

std::string threshold_line(const Threshold& threshold) {
  return fmt::format("{}   {}\n", threshold.hit ? "FAILED " : "passed ", threshold.expression);
}

std::string latency_text(int64_t ns, TimeUnit unit) {
  switch (unit) {
    case TimeUnit::kAuto: break;
    case TimeUnit::kMicroseconds: return fmt::format("{:.1f} us", static_cast<double>(ns) / 1e3);
    case TimeUnit::kMilliseconds: return fmt::format("{:.3f} ms", static_cast<double>(ns) / 1e6);
  }
  return format_duration(Duration(ns));
}

std::string text_report(const Record& record, TimeUnit unit) {
  const Accounting& a = record.counts;
  std::string text = fmt::format(
      "mqbench -> {} (MQTT {}), run {}{}\n", record.target, record.protocol, record.run_name,
      record.shards > 1 ? fmt::format(", shard {}/{}", record.shard, record.shards) : "");
  text += load_line(record);
  if (record.pattern != kNobodyPublishes) text += receivers_line(record.receivers);
  text += latency_table(record, unit);
  text += latency_over_time(record, unit);
  text += stages_table(record, unit);
  text += groups_table(record, unit);
  if (record.pattern == kNobodyPublishes) {
    text += fmt::format("rate      received {}\n", format_rate(received_per_s(record)));
  } else {
    text += fmt::format("rate      {}sent {}   received {}\n", planned_rate(record),
                        format_rate(sent_per_s(record)), format_rate(received_per_s(record)));
  }
  if (record.pattern != kNobodyPublishes) text += accounting_lines(a);
  text += checks_line(record);
  text += events_lines(record);
  if (record.pattern != kNobodyPublishes && record.subs > 0) text += verify_line(record);
  text += "verdict   " + verdict_text(record);
  text += evidence_text(record);
  for (const Threshold& threshold : record.thresholds) text += threshold_line(threshold);
  return text;
}

}  // namespace mq
