#include "mqbench/load_plan.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include <fmt/core.h>

#include "base/units.h"
#include "base/utf8.h"
#include "codec/topic.h"

namespace mq {
namespace {

tl::unexpected<Error> bad_template(std::string_view kind, std::string_view text,
                                   std::string_view why) {
  return fail(ErrorCode::kInvalidArgument, fmt::format("{} '{}': {}", kind, text, why));
}

// Of all groups together: what fits into memory beside the connections.
constexpr uint64_t kGroupClientsMax = 1'000'000;
constexpr uint64_t kGroupFiltersMax = 4'000'000;

constexpr std::string_view kPublisher = "publisher", kSubscriber = "subscriber", kClient = "client";

}  // namespace

std::string_view name(Pattern pattern) {
  switch (pattern) {
    case Pattern::kP2p: return "p2p";
    case Pattern::kFanIn: return "fanin";
    case Pattern::kFanOut: return "fanout";
    case Pattern::kMesh: return "mesh";
    case Pattern::kShared: return "shared";
    case Pattern::kGiven: return "filters";
    case Pattern::kNone: return "none";
  }
  return "unknown";
}

Result<LoadPlan> LoadPlan::make(const PatternPlan& wanted, Names names) {
  LoadPlan plan;
  plan.pattern_ = wanted.pattern;
  plan.names_ = std::move(names);
  const bool mesh = wanted.pattern == Pattern::kMesh;
  plan.publishers_ = wanted.pattern == Pattern::kNone ? 0 : wanted.publishers;
  plan.subscribers_ = mesh ? wanted.publishers : wanted.subscribers;
  const TopicTemplate::Words words{plan.names_.run, plan.names_.data.get(), wanted.topics};

  // Subscribers first, so that nothing is published to nobody.
  if (!mesh && plan.subscribers_ > 0) {
    plan.groups_.push_back(
        {std::string(kSubscriber), "s", plan.subscribers_, 0, 0, 0, 0, plan.names_.data});
  }
  if (plan.publishers_ > 0) {
    auto topic = TopicTemplate::parse(wanted.topic, words);
    if (!topic) return bad_template("topic", wanted.topic, topic.error().text);
    const uint64_t streams = uint64_t{plan.publishers_} * topic->variants();
    if (streams > kStreamsMax) {
      return bad_template("topic", wanted.topic,
                          fmt::format("{} topics of all clients are more than can be told apart "
                                      "({})",
                                      format_count(streams), format_count(kStreamsMax)));
    }
    plan.streams_ = static_cast<uint32_t>(streams);
    const auto group = static_cast<uint32_t>(plan.groups_.size());
    plan.groups_.push_back({std::string(mesh ? kClient : kPublisher), mesh ? "c" : "p",
                            plan.publishers_, 0, 1, mesh ? std::optional(0u) : std::nullopt, 0,
                            plan.names_.data});
    plan.flows_.push_back({group, 0, plan.publishers_, 0, std::move(*topic)});
    MQ_CHECK(plan.check_topics(wanted.topic, plan.flows_.back()));
  }
  if (wanted.pattern == Pattern::kNone || wanted.pattern == Pattern::kGiven) {
    plan.given_.resize(plan.groups_.size());
    if (!wanted.filter.empty() && plan.subscribers_ > 0) {
      auto filter = TopicTemplate::parse(wanted.filter, words);
      if (!filter) return bad_template("filter", wanted.filter, filter.error().text);
      plan.given_.front().push_back({std::move(*filter), std::nullopt});
    }
  }
  if (wanted.pattern == Pattern::kNone || wanted.pattern == Pattern::kGiven) {
    MQ_CHECK(plan.listen_as_given());
  } else {
    const Result<void> heard =
        wanted.pattern == Pattern::kP2p
            ? plan.listen_in_pairs()
            : plan.listen_to_all(wanted.pattern == Pattern::kShared, wanted.share);
    if (!heard) return bad_template("topic", wanted.topic, heard.error().text);
  }
  const bool countable = wanted.pattern != Pattern::kGiven && wanted.pattern != Pattern::kShared;
  const uint64_t pairs_max = countable && wanted.counts_only ? kCountedPairsMax : kPairsMax;
  if (const uint64_t pairs = plan.pairs(); pairs > pairs_max) {
    return fail(ErrorCode::kTooLarge,
                fmt::format("{} pairs of publisher and subscriber are more than can be accounted "
                            "for ({}){}.",
                            format_count(pairs), format_count(pairs_max),
                            countable && !wanted.counts_only ? "; --verify count takes more" : ""));
  }
  plan.count_receivers();
  return plan;
}

Result<void> LoadPlan::add_group(const GroupPlan& wanted) {
  const auto index = static_cast<uint32_t>(groups_.size());
  Group& group = groups_.emplace_back(Group{.name = wanted.name,
                                            .id_part = wanted.name + "-",
                                            .clients = wanted.clients,
                                            .first_flow = static_cast<uint32_t>(flows_.size()),
                                            .flows = static_cast<uint32_t>(wanted.flows.size()),
                                            .connect_rate = wanted.connect_rate,
                                            .data = wanted.data});
  for (const GroupPlan::Flow& flow : wanted.flows) {
    auto topic = TopicTemplate::parse(flow.topic, {names_.run, wanted.data.get(), flow.topics});
    if (!topic) return bad_template("topic", flow.topic, topic.error().text);
    const uint64_t streams = streams_ + uint64_t{wanted.clients} * topic->variants();
    if (streams > kComparedStreamsMax) {
      return bad_template("topic", flow.topic,
                          fmt::format("{} topics of all clients are more than can be compared with "
                                      "filters ({})",
                                      format_count(streams), format_count(kComparedStreamsMax)));
    }
    flows_.push_back({index, publishers_, wanted.clients, streams_, std::move(*topic), flow.qos});
    publishers_ += wanted.clients;
    streams_ = static_cast<uint32_t>(streams);
    MQ_CHECK(check_topics(flow.topic, flows_.back()));
  }
  auto& filters = given_.emplace_back();
  for (const GroupPlan::Filter& one : wanted.filters) {
    auto filter = TopicTemplate::parse(one.filter, {names_.run, wanted.data.get(), 1});
    if (!filter) return bad_template("filter", one.filter, filter.error().text);
    filters.push_back({std::move(*filter), one.qos});
  }
  if (filters.empty()) return {};
  group.first_subscriber = subscribers_;
  subscribers_ += wanted.clients;
  return {};
}

Result<LoadPlan> LoadPlan::make(const std::vector<GroupPlan>& groups, Names names) {
  LoadPlan plan;
  plan.pattern_ = Pattern::kGiven;
  plan.names_ = std::move(names);
  uint64_t clients = 0, filters = 0;
  for (const GroupPlan& group : groups) {
    clients += group.clients;
    filters += uint64_t{group.clients} * group.filters.size();
  }
  if (clients > kGroupClientsMax || filters > kGroupFiltersMax) {
    return fail(ErrorCode::kTooLarge,
                fmt::format("{} clients with {} subscriptions are more than {} with {}",
                            format_count(clients), format_count(filters),
                            format_count(kGroupClientsMax), format_count(kGroupFiltersMax)));
  }
  for (const GroupPlan& group : groups) {
    if (const auto added = plan.add_group(group); !added) {
      return fail(added.error().code, fmt::format("group {}: {}", group.name, added.error().text));
    }
  }
  MQ_CHECK(plan.listen_as_given());
  if (const uint64_t pairs = plan.pairs(); pairs > kPairsMax) {
    return fail(ErrorCode::kTooLarge,
                fmt::format("{} pairs of topic and subscriber are more than can be accounted for "
                            "({})",
                            format_count(pairs), format_count(kPairsMax)));
  }
  plan.count_receivers();
  return plan;
}

// One topic stands for all that differ in numbers only; what a file fills in is looked at whole.
Result<void> LoadPlan::check_topics(std::string_view topic_template, const Flow& flow) const {
  const bool filled_in = groups_[flow.group].data != nullptr;
  const uint32_t streams = flow.publishers * flow.topic.variants();
  const uint32_t checked = filled_in ? streams : std::min(streams, 1u);
  for (uint32_t stream = flow.first_stream; stream < flow.first_stream + checked; ++stream) {
    const std::string text = topic(stream);
    const char* fault = is_utf8(text) ? topic_name_fault(text) : "not UTF-8";
    if (fault == nullptr) continue;
    return bad_template("topic", topic_template,
                        filled_in ? fmt::format("'{}': {}", text, fault) : fault);
  }
  return {};
}

uint32_t LoadPlan::clients() const {
  uint32_t sum = 0;
  for (const Group& group : groups_) sum += group.clients;
  return sum;
}

std::string LoadPlan::client_id(const Group& group, uint32_t client) const {
  return fmt::format("{}{}{}", names_.id_prefix, group.id_part, number(client));
}

TemplateValues LoadPlan::values(const Group& group, uint32_t client,
                                std::string& client_id_text) const {
  client_id_text = client_id(group, client);
  std::string_view user = names_.user;
  if (group.data) {
    if (const auto column = group.data->column("username")) {
      user = group.data->cell(number(client), *column);
    }
  }
  return {number(client), client_id_text, user};
}

const LoadPlan::Flow& LoadPlan::flow_of(uint32_t publisher) const {
  size_t i = 0;
  while (publisher - flows_[i].first_publisher >= flows_[i].publishers) ++i;
  return flows_[i];
}

uint32_t LoadPlan::first_stream(uint32_t publisher) const {
  const Flow& flow = flow_of(publisher);
  return flow.first_stream + (publisher - flow.first_publisher) * flow.topic.variants();
}

uint32_t LoadPlan::publisher_of(uint32_t stream) const {
  assert(stream < streams_);
  size_t i = flows_.size() - 1;
  while (stream < flows_[i].first_stream) --i;
  const Flow& flow = flows_[i];
  return flow.first_publisher + (stream - flow.first_stream) / flow.topic.variants();
}

TemplateValues LoadPlan::values_of(uint32_t publisher, std::string& client_id_text) const {
  const Flow& flow = flow_of(publisher);
  return values(groups_[flow.group], publisher - flow.first_publisher, client_id_text);
}

std::string LoadPlan::topic(uint32_t stream) const {
  const uint32_t publisher = publisher_of(stream);
  const Flow& flow = flow_of(publisher);
  const uint32_t client = pattern_ == Pattern::kFanOut ? 0 : publisher - flow.first_publisher;
  std::string id;
  return flow.topic.fill_in(values(groups_[flow.group], client, id),
                            stream - first_stream(publisher));
}

uint32_t LoadPlan::group_of_subscriber(uint32_t subscriber) const {
  for (uint32_t i = 0; i < groups_.size(); ++i) {
    const Group& group = groups_[i];
    if (group.first_subscriber && subscriber - *group.first_subscriber < group.clients) return i;
  }
  assert(false);
  return 0;
}

std::vector<LoadPlan::Subscription> LoadPlan::subscriptions(uint32_t subscriber) const {
  if (!common_filter_.empty()) return {{common_filter_}};
  std::vector<Subscription> list;
  std::string id;
  if (pattern_ == Pattern::kP2p) {
    for (uint32_t p = subscriber % groups(); p < publishers_; p += groups()) {
      const TemplateValues filled = values(groups_[flow_of(p).group], p, id);
      // It was looked at when the plan was made.
      list.push_back({*flow_of(p).topic.filter_of(&filled)});
    }
    return list;
  }
  const uint32_t index = group_of_subscriber(subscriber);
  const Group& group = groups_[index];
  for (const GivenFilter& given : given_[index]) {
    list.push_back(
        {given.filter.fill_in(values(group, subscriber - *group.first_subscriber, id)), given.qos});
  }
  return list;
}

Result<void> LoadPlan::listen_in_pairs() {
  if (publishers_ == 0) return {};
  const Flow& flow = flows_.front();
  if (publishers_ > 1 && subscribers_ > 0 && !flow.topic.tells_clients_apart()) {
    return fail(ErrorCode::kInvalidArgument, "needs {i}, or all publishers would share one topic");
  }
  std::string id;
  const TemplateValues first = values(groups_[flow.group], 0, id);
  MQ_CHECK(flow.topic.filter_of(&first));
  const uint32_t variants = flow.topic.variants();
  for (uint32_t s = 0; s < subscribers_; ++s) {
    const uint32_t publisher = s % groups();
    const uint32_t publishers = (publishers_ - publisher - 1) / groups() + 1;
    if (variants == 1 || publishers == 1) {
      audience_.heard.emplace_back(publisher * variants, variants == 1 ? groups() : 1,
                                   publishers * variants);
      continue;
    }
    std::vector<uint32_t> streams;
    for (uint32_t p = publisher; p < publishers_; p += groups()) {
      for (uint32_t v = 0; v < variants; ++v) streams.push_back(p * variants + v);
    }
    audience_.heard.emplace_back(std::move(streams));
  }
  return {};
}

Result<void> LoadPlan::listen_to_all(bool shared, const std::string& share) {
  const StreamSet all(0, 1, streams_);
  const Flow& flow = flows_.front();
  std::string id;
  const TemplateValues first = values(groups_[flow.group], 0, id);
  MQ_TRY(common_filter_, flow.topic.filter_of(pattern_ == Pattern::kFanOut ? &first : nullptr));
  if (!shared) {
    audience_.heard.assign(subscribers_, all);
    return {};
  }
  if (share.empty() || share.find_first_of("/+#") != std::string::npos) {  // [MQTT-4.8.2-2]
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("'{}' is not a name for a shared subscription: it must not be empty or "
                            "contain / + #",
                            share));
  }
  common_filter_ = fmt::format("$share/{}/{}", share, common_filter_);
  audience_.heard.resize(subscribers_);
  if (subscribers_ == 0) return {};
  audience_.shares.push_back({common_filter_, all, subscribers_});
  audience_.shares_of.assign(subscribers_, {0});
  return {};
}

Result<void> LoadPlan::listen_as_given() {
  for (const auto& of_group : given_) {
    for (const GivenFilter& given : of_group) {
      if (given.filter.variants() == 1) continue;
      return fail(ErrorCode::kInvalidArgument,
                  "filter templates have no {n} or {rand:N}: a client subscribes once");
    }
  }
  if (streams_ > kComparedStreamsMax) {
    return fail(ErrorCode::kTooLarge,
                fmt::format("{} topics are more than can be compared with filters ({})",
                            format_count(streams_), format_count(kComparedStreamsMax)));
  }
  std::vector<std::string> topics;
  for (uint32_t stream = 0; stream < streams_; ++stream) topics.push_back(topic(stream));
  std::vector<std::vector<std::string>> filters(subscribers_);
  for (uint32_t s = 0; s < subscribers_; ++s) {
    for (Subscription& one : subscriptions(s)) filters[s].push_back(std::move(one.filter));
  }
  MQ_TRY(audience_, find_audience(topics, filters));
  return {};
}

void LoadPlan::count_receivers() {
  receivers_.assign(streams_, 0);
  const auto add = [this](const StreamSet& heard) {
    for (uint32_t slot = 0; slot < heard.size(); ++slot) ++receivers_[heard.at(slot)];
  };
  for (const StreamSet& heard : audience_.heard) add(heard);
  for (const Share& share : audience_.shares) add(share.heard);
}

uint32_t LoadPlan::receivers_max(uint32_t publisher) const {
  const auto from = receivers_.begin() + first_stream(publisher);
  return *std::max_element(from, from + streams_of(publisher));
}

bool LoadPlan::receivers_are_even(uint32_t publisher) const {
  const auto from = receivers_.begin() + first_stream(publisher);
  return std::all_of(from, from + streams_of(publisher), [&](uint32_t r) { return r == *from; });
}

const std::vector<uint32_t>& LoadPlan::shares_of(uint32_t subscriber) const {
  static const std::vector<uint32_t> none;
  return audience_.shares_of.empty() ? none : audience_.shares_of[subscriber];
}

LoadPlan::Receivers LoadPlan::receivers() const {
  if (receivers_.empty()) return {};
  const auto [min, max] = std::ranges::minmax_element(receivers_);
  uint64_t sum = 0;
  for (const uint32_t receivers : receivers_) sum += receivers;
  return {*min, *max, static_cast<double>(sum) / static_cast<double>(receivers_.size())};
}

uint64_t LoadPlan::pairs() const {
  uint64_t sum = 0;
  for (const StreamSet& heard : audience_.heard) sum += heard.size();
  for (const Share& share : audience_.shares) sum += uint64_t{share.heard.size()} * share.members;
  return sum;
}

bool LoadPlan::is_second_role(uint32_t publisher) const {
  const Flow& flow = flow_of(publisher);
  const Group& group = groups_[flow.group];
  return group.first_subscriber || &flow != &flows_[group.first_flow];
}

uint32_t LoadPlan::groups() const {
  if (pattern_ == Pattern::kNone) return std::max(subscribers_, 1u);
  if (pattern_ != Pattern::kP2p) return 1;
  if (subscribers_ == 0) return publishers_;  // each by itself
  return std::min(publishers_, subscribers_);
}

}  // namespace mq
