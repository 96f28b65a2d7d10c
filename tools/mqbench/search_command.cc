#include "mqbench/search_command.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/units.h"
#include "common/console.h"
#include "common/exit_code.h"
#include "common/options.h"
#include "mqbench/exit_code.h"
#include "mqbench/output_file.h"
#include "mqbench/politeness.h"

namespace mq {
namespace {

constexpr std::string_view kSloDefault = "p99<10ms";

Result<FindOptions> resolve_search(const SearchArgs& args, const LoadOptions& load) {
  FindOptions find;
  std::vector<std::string> slo = args.slo;
  if (slo.empty()) slo.emplace_back(kSloDefault);
  for (const std::string& text : slo) {
    MQ_TRY(Condition condition, Condition::parse(text));
    MQ_CHECK(check_measured(condition.metric(), condition.text(), load));
    find.slo.push_back(std::move(condition));
  }
  const Result<double> low = parse_rate(args.rate_min), high = parse_rate(args.rate_max);
  if (!low || !high || *low < 1 || *low > *high || *high > 1e9) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("Invalid rates given: {} to {}.", args.rate_min, args.rate_max));
  }
  find.rate_min = *low;
  find.rate_max = *high;
  find.precision = args.precision_percent / 100.0;
  find.step = args.step;
  find.confirm = args.confirm;
  return find;
}

std::string step_line(const FindStep& step) {
  const Histogram& response = step.record.tally.response;
  std::string text = fmt::format("{:>10} {:>10} {:>10} {:>10}  {}{}{}\n", format_rate(step.rate),
                                 format_duration(Duration(response.percentile(50))),
                                 format_duration(Duration(response.percentile(99))),
                                 format_rate(received_per_s(step.record)), name(step.outcome),
                                 step.reason.empty() ? "" : ": ", step.reason);
  for (const std::string& violation : step.record.counts.violations) {
    text += fmt::format("VIOLATION {}\n", violation);
  }
  return text;
}

std::string search_json(const Found& found, const RunOptions& options, int exit_code) {
  nlohmann::ordered_json steps = nlohmann::ordered_json::array();
  for (const FindStep& step : found.steps) {
    const Histogram& response = step.record.tally.response;
    steps.push_back({{"rate", step.rate},
                     {"window_s", step.record.window_s},
                     {"outcome", name(step.outcome)},
                     {"reason", step.reason},
                     {"p50_ms", static_cast<double>(response.percentile(50)) / 1e6},
                     {"p99_ms", static_cast<double>(response.percentile(99)) / 1e6},
                     {"received_per_s", received_per_s(step.record)},
                     {"lost", step.record.counts.lost.all()},
                     {"violations", step.record.counts.violations},
                     {"client_cpu", *std::ranges::max_element(step.record.threads_busy)}});
  }
  const nlohmann::ordered_json json{
      {"schema", "mqbench-search/1"},
      {"target", options.target},
      {"rate", found.rate ? nlohmann::ordered_json(*found.rate) : nlohmann::ordered_json(nullptr)},
      {"failed_rate",
       found.failed ? nlohmann::ordered_json(*found.failed) : nlohmann::ordered_json(nullptr)},
      {"bounded", found.bounded},
      {"steps", steps},
      {"exit", exit_code}};
  return json.dump() + "\n";
}

}  // namespace

void declare(CLI::App& app, SearchArgs& args) {
  declare_clients(app, args.run);
  declare_permissions(app, args.run);
  Options(app, "Search")
      .list("--slo", args.slo, "CONDITION",
            "What must be true of a rate that is sustained, as p99<10ms, which it is without this "
            "option, or loss<0.1%. Without one about loss nothing may be lost.")
      .text("--min-rate", args.rate_min, "RATE", "Rate to begin with.")
      .text("--max-rate", args.rate_max, "RATE", "Rate to end with.")
      .number("--precision", args.precision_percent, "PERCENT", "How close to come to the limit.",
              {1, 50})
      .seconds("--step", args.step, "SECONDS", "How long a rate is tried.",
               std::chrono::milliseconds(100))
      .seconds("--confirm", args.confirm, "SECONDS",
               "How long the rate that was found is held at the end.");
  Options(app, "Report")
      .text_or("--json", args.json, "FILE", "-",
               "Write all steps as a line of JSON to a file; to standard output without one, in "
               "place of the text.");
  declare_connection(app, args.run);
}

std::string found_text(const Found& found) {
  if (!found.rate) return found.bounded ? "no rate is sustained" : "no rate could be measured";
  if (found.bounded) {
    return fmt::format("{} sustained, {} not", format_rate(*found.rate),
                       format_rate(*found.failed));
  }
  return fmt::format("at least {} sustained: bound not found, limited by mqbench or --max-rate",
                     format_rate(*found.rate));
}

Result<int> run_search(const SearchArgs& args) {
  MQ_TRY(const RunOptions options, resolve(args.run));
  MQ_TRY(const FindOptions find, resolve_search(args, options.load));
  if (!args.run.yes && !is_private(options.load)) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("{} is not on this machine or in a private network: a search needs "
                            "--yes.",
                            options.target));
  }
  const Console console;
  if (const auto writable = check_writable(args.json.value_or("-")); !writable) {
    console.error(writable.error().text);
    return kExitFailure;
  }
  const bool prints = args.json != "-";
  bool printed = true;  // whatever there was
  const auto print = [&](const Result<void>& written) {
    if (!written && std::exchange(printed, false)) console.error(written.error().text);
  };
  if (prints) {
    print(
        print_text(fmt::format("{:>10} {:>10} {:>10} {:>10}\n", "rate", "p50", "p99", "received")));
  }
  const auto found = find_rate(options, find, [&](const FindStep& step) {
    if (prints) print(print_text(step_line(step)));
  });
  if (!found) {
    console.error(found.error().text);
    return kExitFailure;
  }
  const bool violated = std::ranges::any_of(
      found->steps, [](const FindStep& step) { return !step.record.counts.violations.empty(); });
  int code = kExitOk;
  if (found->signal != 0) {
    code = kExitSignal + found->signal;
  } else if (violated) {
    code = kExitViolation;
  } else if (!found->rate) {
    code = found->bounded ? kExitThreshold : kExitNotValid;
  }
  if (prints) print(print_text(found_text(*found) + "\n"));
  if (args.json) print(write_file(*args.json, search_json(*found, options, code)));
  return printed ? code : int{kExitFailure};
}

}  // namespace mq
