#include "mqbench/judgement_args.h"

#include <algorithm>

#include <fmt/core.h>

#include "common/invalid.h"
#include "common/options.h"
#include "mqbench/regression.h"

namespace mq {
namespace {

Result<std::vector<Condition>> parse_conditions(const std::vector<std::string>& texts) {
  std::vector<Condition> conditions;
  for (const std::string& text : texts) {
    MQ_TRY(Condition condition, Condition::parse(text));
    conditions.push_back(std::move(condition));
  }
  return conditions;
}

// A condition on a group needs it to be there.
Result<void> check_groups(const std::vector<Condition>& conditions, const LoadPlan& plan) {
  for (const Condition& condition : conditions) {
    const std::string& group = condition.metric().group();
    if (group.empty()) continue;
    const auto& groups = plan.client_groups();
    if (std::ranges::find(groups, group, &LoadPlan::Group::name) != groups.end()) {
      if (condition.metric().is_of_groups()) continue;
      return invalid(
          fmt::format("Invalid condition given: {}, {} is known of all groups together only.",
                      condition.text(), condition.metric().name()));
    }
    return invalid(fmt::format("Invalid condition given: {}, there is no group '{}'.",
                               condition.text(), group));
  }
  return {};
}

}  // namespace

void declare(CLI::App& app, JudgementArgs& args) {
  Options(app, "Judgement")
      .list("--fail-if", args.fail_if, "CONDITION",
            "End with 3 when it is true of the result, as p99>10ms, ack.p99.9>=1s, tcp.p99>5ms, "
            "loss>0 or recv_rate<9k. Implies --strict.")
      .list("--abort-if", args.abort_if, "CONDITION",
            "End at once, with 3, when it was true of what was measured until then twice in a row, "
            "looking every second; or at the end. Implies --strict.")
      .text("--baseline", args.baseline, "FILE",
            "End with 3 when the result is worse than the one in the file, or than the median of "
            "those in it, by more than --max-regress. Implies --strict.")
      .text("--max-regress", args.max_regress, "LIST",
            "By how much of its value each figure may be worse, as p99=20%,recv_rate=2%.")
      .flag("--strict", args.strict, "End with 5 when the measurement is not valid.");
}

Result<Judgement> resolve(const JudgementArgs& args, const LoadPlan& plan) {
  Judgement to;
  to.strict = args.strict;
  MQ_TRY(to.fail_if, parse_conditions(args.fail_if));
  MQ_TRY(to.abort_if, parse_conditions(args.abort_if));
  for (const Condition& condition : to.abort_if) {
    if (condition.metric().is_live()) continue;
    return invalid(fmt::format("--abort-if {}: {} is known at the end only.", condition.text(),
                               condition.metric().name()));
  }
  if (args.baseline.has_value() != args.max_regress.has_value()) {
    return invalid("--baseline and --max-regress go together.");
  }
  to.baseline = args.baseline;
  if (args.max_regress) {
    MQ_TRY(to.max_regress, parse_max_regress(*args.max_regress));
  }
  MQ_CHECK(check_groups(to.fail_if, plan));
  return to;
}

}  // namespace mq
