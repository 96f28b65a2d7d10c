#include "mqbench/judgement_args.h"

#include <algorithm>
#include <initializer_list>

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

bool is_one_of(std::string_view kind, std::initializer_list<std::string_view> kinds) {
  return std::ranges::find(kinds, kind) != kinds.end();
}

// Why there will be nothing of the kind; empty where there may be.
std::string_view why_never(std::string_view kind, const LoadOptions& load) {
  if (kind == "ready") return "only storms measure it";
  if (is_one_of(kind, {"tls", "tls_full", "tls_resumed"}) && !load.runner.make_filter) {
    return "these connections have no TLS";
  }
  if (kind == "upgrade" && !load.runner.make_filter && !load.runner.proxy) {
    return "these connections have neither WebSocket nor a proxy";
  }
  if (load.plan.subscribers() == 0 &&
      is_one_of(kind, {"response", "service", "recv_wait", "suback", "loss", "dup", "reorder",
                       "corrupt", "recv_rate"})) {
    return "nobody subscribes";
  }
  if (load.plan.publishers() == 0 &&
      is_one_of(kind, {"lag", "ack", "rate", "rate_ratio", "not_sent", "loss", "dup", "reorder",
                       "corrupt"})) {
    return "nobody publishes";
  }
  if (kind == "corrupt" && load.verify != Verify::kStrict) return "it takes --verify strict";
  if (kind == "ack" && !load.some_acknowledged()) return "QoS 0 has no acknowledgements";
  if (!load.open_loop() && is_one_of(kind, {"response", "lag", "rate_ratio"})) {
    return "it is about planned times, which --rate max has none of; it has service.p99";
  }
  return {};
}

Result<void> check_measured(const std::vector<Condition>& conditions, const LoadOptions& load) {
  for (const Condition& condition : conditions) {
    MQ_CHECK(check_measured(condition.metric(), condition.text(), load));
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

Result<void> check_measured(const Metric& metric, std::string_view text, const LoadOptions& load) {
  const auto refuse = [text](std::string_view why) {
    return invalid(fmt::format("Invalid condition given: {}, {}.", text, why));
  };
  const std::string& group = metric.group();
  if (!group.empty()) {
    const auto& groups = load.plan.client_groups();
    if (std::ranges::find(groups, group, &LoadPlan::Group::name) == groups.end()) {
      return refuse(fmt::format("there is no group '{}'", group));
    }
    if (!metric.is_of_groups()) {
      return refuse(fmt::format("{} is known of all groups together only", metric.name()));
    }
  }
  if (const std::string_view why = why_never(metric.kind(), load); !why.empty()) return refuse(why);
  return {};
}

Result<Judgement> resolve(const JudgementArgs& args, const LoadOptions& load) {
  Judgement to;
  to.strict = args.strict;
  MQ_TRY(to.fail_if, parse_conditions(args.fail_if));
  MQ_TRY(to.abort_if, parse_conditions(args.abort_if));
  MQ_CHECK(check_measured(to.fail_if, load));
  MQ_CHECK(check_measured(to.abort_if, load));
  for (const Condition& condition : to.abort_if) {
    if (condition.metric().is_live()) continue;
    return invalid(fmt::format(
        "--abort-if {}: {} is known at the end only; --fail-if takes it.", condition.text(),
        condition.metric().group().empty() ? condition.metric().name() : "what a group does"));
  }
  if (args.baseline.has_value() != args.max_regress.has_value()) {
    return invalid("--baseline and --max-regress go together.");
  }
  to.baseline = args.baseline;
  if (args.max_regress) {
    MQ_TRY(to.max_regress, parse_max_regress(*args.max_regress));
    for (const MaxRegress& limit : to.max_regress) {
      MQ_CHECK(check_measured(limit.metric, limit.metric.name(), load));
    }
  }
  return to;
}

}  // namespace mq
