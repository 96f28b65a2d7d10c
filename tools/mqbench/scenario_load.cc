#include "mqbench/scenario_load.h"

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include <fmt/core.h>

#include "common/invalid.h"
#include "mqbench/payload_check.h"
#include "mqbench/stamp.h"

namespace mq {
namespace {

// Any odd number: flows that begin with the same seed are not to be alike.
constexpr uint64_t kSeedStep = 0x9e3779b97f4a7c15;

// There is one place for the stamps of all messages.
Result<void> place_stamp(LoadOptions& to) {
  to.stamp = StampPlace::kPayload;
  for (const Payloads& payloads : to.flow_payloads) {
    const StampPlace place = payloads.stamp_place(to.client.version == Version::kV5);
    if (place == StampPlace::kNone) {
      return invalid(
          fmt::format("A size of {} has no room for a stamp: that takes {} bytes, or MQTT 5.",
                      payloads.sizes.min(), kCompactStampSize));
    }
    if (place == StampPlace::kCorrelation) to.stamp = place;
  }
  if (to.stamp == StampPlace::kCorrelation && to.has_correlation_data()) {
    return invalid(
        fmt::format("Where a size may be below {} the stamps travel as Correlation Data: it cannot "
                    "have other.",
                    kCompactStampSize));
  }
  if (to.verify != Verify::kStrict) return {};
  for (const Payloads& payloads : to.flow_payloads) {
    if (payloads.can_be_verified(to.stamp)) continue;
    return invalid(
        fmt::format("--verify strict needs {} bytes behind the stamp, and a size of {} has no room "
                    "for them.",
                    PayloadPattern::kSizeMin, payloads.sizes.text()));
  }
  return {};
}

// For the report: which payloads the flows have, as far as one can say it in a word.
std::string described(const std::vector<Payloads>& flows) {
  const bool varies =
      std::ranges::any_of(flows, [](const Payloads& one) { return one.sizes.varies(); });
  if (!varies) return "random";
  const std::string& first = flows.front().sizes.text();
  const bool are_alike = std::ranges::all_of(
      flows, [&first](const Payloads& one) { return one.sizes.text() == first; });
  return are_alike ? fmt::format("random {}", first) : "random, sizes of each group's own";
}

Result<void> apply_all(const Scenario& scenario, LoadOptions& to) {
  if (to.verify < Verify::kSeq) {
    return invalid("What became of which group's messages takes --verify seq or strict.");
  }
  to.duration = scenario.duration;
  to.warm_up = scenario.warm_up;
  to.drain = scenario.drain;
  std::map<std::string, std::shared_ptr<const DataTable>> tables;
  std::vector<LoadPlan::GroupPlan> groups;
  double sum = 0, size_sum = 0;
  for (size_t g = 0; g < scenario.groups.size(); ++g) {
    const Scenario::Group& group = scenario.groups[g];
    LoadPlan::GroupPlan& plan = groups.emplace_back();
    plan.name = group.name;
    plan.clients = group.clients;
    plan.connect_rate = group.connect_rate;
    if (group.data) {
      auto& table = tables[*group.data];
      if (!table) {
        MQ_TRY(DataTable read, DataTable::read(*group.data));
        table = std::make_shared<const DataTable>(std::move(read));
      }
      plan.data = table;
    }
    for (const Scenario::Filter& filter : group.filters) {
      plan.filters.push_back({filter.filter, filter.qos});
    }
    for (const Scenario::Flow& flow : group.flows) {
      plan.flows.push_back({flow.topic, flow.topics, flow.qos});
      FlowLoad& load = to.flow_loads.emplace_back();
      load.qos = flow.qos;
      load.payload_size = static_cast<uint32_t>(flow.size.mean() + 0.5);
      Payloads& payloads = to.flow_payloads.emplace_back();
      payloads.sizes = flow.size;
      payloads.seed = to.arrival.seed;
      payloads.verifiable = to.verify == Verify::kStrict;
      load.stages = scenario.stages(g, flow);
      load.arrival = {flow.arrival, flow.phase, to.arrival.seed + kSeedStep * to.flow_loads.size()};
      load.rate =
          static_cast<double>(RateCurve(load.stages).messages()) / seconds(scenario.duration);
      sum += *load.rate;
      size_sum += *load.rate * flow.size.mean();
    }
  }
  if (!scenario.storms.empty() && !to.runner.reconnect) {
    return invalid("After a storm clients come back: it cannot be had with --reconnect off.");
  }
  for (const Scenario::Storm& storm : scenario.storms) {
    to.storms.push_back({storm.at, static_cast<uint32_t>(storm.group), storm.percent, storm.down,
                         to.arrival.seed - kSeedStep * (to.storms.size() + 1)});
  }
  if (to.flow_loads.empty()) return invalid("No group publishes: conn and sub are for that.");
  to.rate = sum;
  to.payload_size = sum > 0 ? static_cast<uint32_t>(size_sum / sum + 0.5) : 0;
  to.payloads.described = described(to.flow_payloads);
  MQ_CHECK(place_stamp(to));
  MQ_TRY(to.plan, LoadPlan::make(groups, {.run = to.run_name,
                                          .id_prefix = to.client.client_id,
                                          .user = to.client.user_name.value_or("")}));
  if (std::ranges::all_of(to.flow_loads, [](const FlowLoad& load) {
        return RateCurve(load.stages).messages() < 0.5L;
      })) {
    return invalid("At these rates no message is due within the duration.");
  }
  for (uint32_t i = 0; i < to.flow_loads.size(); ++i) {
    to.qos = std::max(to.qos, to.flow_loads[i].qos);
  }
  return {};
}

}  // namespace

Result<void> apply(const Scenario& scenario, LoadOptions& to) {
  const auto applied = apply_all(scenario, to);
  if (applied) return {};
  return fail(applied.error().code, fmt::format("{}: {}", scenario.name, applied.error().text));
}

}  // namespace mq
