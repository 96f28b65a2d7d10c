#include "mqbench/result_commands.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>
#include <utility>

#include <fmt/format.h>

#include "base/units.h"
#include "common/console.h"
#include "common/exit_code.h"
#include "common/options.h"
#include "mqbench/bounded_line.h"
#include "mqbench/child.h"
#include "mqbench/comparison.h"
#include "mqbench/exit_code.h"
#include "mqbench/histogram_log.h"
#include "mqbench/log_report.h"
#include "mqbench/merge.h"
#include "mqbench/output_file.h"
#include "mqbench/record_reader.h"
#include "mqbench/regression.h"
#include "mqbench/report.h"
#include "mqbench/run_command.h"

namespace mq {
namespace {

constexpr std::string_view kResultStart = R"({"schema":"mqbench/1")";
constexpr size_t kResultMax = 256 * 1024 * 1024;  // bytes of one

// What files hold: results, or logs of HdrHistogram.
struct Stored {
  std::vector<Record> records;
  HistogramLogs logs;
};

Result<void> read_lines(std::istream& in, const std::string& name, Stored& to) {
  bool is_log = name.ends_with(".hlog"), has_result = false;
  if (is_log) to.logs.begin(name);
  size_t skipped = 0;
  for (std::string line;;) {
    const Result<bool> more = read_line(in, kResultMax, line);
    if (!more) return fail(more.error().code, fmt::format("{} {}", name, more.error().text));
    if (!*more) break;
    if (!is_log && !has_result && is_of_log(line)) {
      is_log = true;
      to.logs.begin(name, skipped);
    }
    if (is_log) {
      MQ_CHECK(to.logs.take(line));
      continue;
    }
    // Some who collect logs put a name in front of each line.
    const size_t start = line.find(kResultStart);
    if (start == std::string::npos) {
      ++skipped;
      continue;
    }
    Result<Record> record = from_json(std::string_view(line).substr(start));
    if (!record) {
      return fail(record.error().code, fmt::format("{}: {}", name, record.error().text));
    }
    to.records.push_back(std::move(*record));
    has_result = true;
  }
  if (is_log) return to.logs.end();
  if (!has_result) {
    return fail(ErrorCode::kNotFound, fmt::format("{} has no result of mqbench", name));
  }
  return {};
}

Result<void> read_file(const std::string& path, Stored& to) {
  if (path == "-") return read_lines(std::cin, "standard input", to);
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    return fail(ErrorCode::kIo, fmt::format("cannot read {}: {}", path, std::strerror(errno)));
  }
  return read_lines(file, path, to);
}

Result<Stored> read_all(const std::vector<std::string>& files) {
  Stored to;
  for (const std::string& file : files) MQ_CHECK(read_file(file, to));
  if (!to.records.empty() && to.logs.logs() > 0) {
    return fail(ErrorCode::kInvalidArgument,
                "results in JSON and histogram logs cannot be merged with each other");
  }
  return to;
}

int failed(std::string_view text) {
  Console().error(text);
  return kExitFailure;
}

Result<int> show(Record record, const ReportArgs& args) {
  if (!args.fail_if.empty()) {
    std::vector<Condition> conditions;
    for (const std::string& text : args.fail_if) {
      MQ_TRY(Condition condition, Condition::parse(text));
      conditions.push_back(std::move(condition));
    }
    auto thresholds = evaluate(conditions, record);
    if (!thresholds) return failed(thresholds.error().text);
    record.thresholds = std::move(*thresholds);
    record.exit_code = judge_exit(record, true, 0);
  }
  const std::vector<Error> errors = write_reports(record, args.output);
  for (const Error& error : errors) Console().error(error.text);
  if (!errors.empty()) return kExitFailure;
  return args.fail_if.empty() ? kExitOk : record.exit_code;
}

// What is compared of a run; every one of these is in every run that measured latency.
struct Compared {
  std::string_view name;
  bool is_time;
  double (*value)(const Record&);
};
double as_double(int64_t value) {
  return static_cast<double>(value);
}
constexpr Compared kCompared[] = {
    {"p50", true, [](const Record& r) { return as_double(r.tally.response.percentile(50)); }},
    {"p90", true, [](const Record& r) { return as_double(r.tally.response.percentile(90)); }},
    {"p99", true, [](const Record& r) { return as_double(r.tally.response.percentile(99)); }},
    {"mean", true, [](const Record& r) { return r.tally.response.mean(); }},
    {"received/s", false, [](const Record& r) { return received_per_s(r); }}};

std::string value_text(const Compared& metric, double value) {
  return metric.is_time ? format_duration(Duration(static_cast<int64_t>(value)))
                        : format_rate(value);
}

std::string comparison_text(const std::vector<Record>& a, const std::vector<Record>& b) {
  std::string text = fmt::format("A: {} runs of {}   B: {} runs of {}\n", a.size(),
                                 a.front().target, b.size(), b.front().target);
  const bool enough = std::min(a.size(), b.size()) >= kComparableMin;
  for (const Compared& metric : kCompared) {
    std::vector<double> values_a, values_b;
    for (const Record& record : a) values_a.push_back(metric.value(record));
    for (const Record& record : b) values_b.push_back(metric.value(record));
    const Comparison c = compare(values_a, values_b);
    text += fmt::format("{:<12} A {:>10}   B {:>10}   ", metric.name,
                        value_text(metric, c.median_a), value_text(metric, c.median_b));
    if (!enough) {
      text += fmt::format("{:+.1f} %\n", c.change * 100);
    } else if (c.differs) {
      const char* word = metric.is_time == (c.change < 0) ? "faster" : "slower";
      text += fmt::format("B is {}: {:+.1f} %, 95 % interval {:+.1f} to {:+.1f} %, p = {:.4f}\n",
                          word, c.change * 100, c.low * 100, c.high * 100, c.p);
    } else {
      text +=
          fmt::format("no difference detectable (noise ±{:.0f} %)\n", (c.high - c.low) / 2 * 100);
    }
  }
  if (!enough) {
    text += fmt::format("single runs: not a comparison; it takes {} of each\n", kComparableMin);
  }
  return text;
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const size_t end = std::min(text.find(' '), text.size());
    if (end > 0) words.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

Result<Record> run_once(const AbArgs& args, const std::string& side) {
  std::vector<std::string> words{"run"};
  for (const std::string& more : {args.both, side}) {
    for (std::string& word : words_of(more)) words.push_back(std::move(word));
  }
  words.emplace_back("--json");
  MQ_TRY(const ChildResult child, run_self(words));
  // What a violation or a threshold ends with is a result, too.
  if (child.exit_code >= kExitSignal || child.output.empty()) {
    return fail(ErrorCode::kIo, fmt::format("a run ended with {}", child.exit_code));
  }
  return from_json(child.output);
}

}  // namespace

void declare(CLI::App& app, ReportArgs& args) {
  declare(app, args.output);
  Options(app, "Judgement")
      .list("--fail-if", args.fail_if, "CONDITION",
            "End with 3 when it is true of the result, as p99>10ms or loss>0.");
}

void declare(CLI::App& app, CompareArgs& args) {
  Options(app, "Judgement")
      .text("--max-regress", args.max_regress, "LIST",
            "End with 3 when the second file is worse than the first by more than so much of the "
            "value of a figure, as p99=20%,recv_rate=2%.")
      .flag("--force", args.force, "Compare results of different loads, too.");
}

void declare(CLI::App& app, AbArgs& args) {
  Options(app, "Runs")
      .text("--a", args.a, "OPTIONS", "Options of mqbench run, for the one side only.")
      .text("--b", args.b, "OPTIONS", "And for the other.")
      .text("--run", args.both, "OPTIONS", "Options for both.")
      .number("--runs", args.runs, "COUNT", "Runs of each side, in the order ABBAABBA...",
              {kComparableMin, 1000});
}

Result<std::vector<Record>> read_records(const std::string& path) {
  Stored stored;
  MQ_CHECK(read_file(path, stored));
  if (stored.logs.logs() > 0) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("{} is a histogram log, which does not say what the load was: results "
                            "are compared in JSON",
                            path));
  }
  return std::move(stored.records);
}

Result<int> run_report(const ReportArgs& args) {
  auto stored = read_all(args.files);
  if (!stored) return failed(stored.error().text);
  const size_t count = stored->logs.logs() + stored->records.size();
  if (count > 1) {
    return failed(fmt::format("there are {} results: mqbench merge takes several", count));
  }
  if (stored->records.empty()) return show_logs(stored->logs, args);
  return show(std::move(stored->records.front()), args);
}

Result<int> run_merge(const ReportArgs& args) {
  const auto stored = read_all(args.files);
  if (!stored) return failed(stored.error().text);
  if (stored->records.empty()) return show_logs(stored->logs, args);
  auto merged = merge(stored->records);
  if (!merged) return failed(merged.error().text);
  return show(std::move(*merged), args);
}

Result<int> run_compare(const CompareArgs& args) {
  if (args.files.size() != 2) {
    return fail(ErrorCode::kInvalidArgument, "compare takes two files.");
  }
  const auto a = read_records(args.files[0]), b = read_records(args.files[1]);
  if (!a) return failed(a.error().text);
  if (!b) return failed(b.error().text);
  std::vector<MaxRegress> limits;
  if (args.max_regress) {
    MQ_TRY(limits, parse_max_regress(*args.max_regress));
  }
  for (const auto* side : {&*a, &*b}) {
    for (const Record& record : *side) {
      const char* const difference = load_difference(a->front(), record);
      if (difference != nullptr && !args.force) {
        return failed(
            fmt::format("these are results of different loads: {}; --force compares "
                        "them all the same",
                        difference));
      }
    }
  }
  std::string text = comparison_text(*a, *b);
  const auto gates = check_regress(limits, *a, *b);
  if (!gates) return failed(gates.error().text);
  for (const Threshold& gate : *gates) text += threshold_line(gate);
  if (const auto printed = print_text(text); !printed) return failed(printed.error().text);
  return std::ranges::any_of(*gates, &Threshold::hit) ? int{kExitThreshold} : int{kExitOk};
}

Result<int> run_ab(const AbArgs& args) {
  std::vector<Record> a, b;
  for (uint32_t i = 0; i < 2 * args.runs; ++i) {
    const bool is_a = (i + 1) / 2 % 2 == 0;
    auto record = run_once(args, is_a ? args.a : args.b);
    if (!record) return failed(record.error().text);
    (is_a ? a : b).push_back(std::move(*record));
  }
  if (const auto printed = print_text(comparison_text(a, b)); !printed) {
    return failed(printed.error().text);
  }
  return kExitOk;
}

}  // namespace mq
