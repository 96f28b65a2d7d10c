#include "mqbench/scenario.h"

#include <algorithm>
#include <charconv>
#include <functional>
#include <utility>

#include <fmt/format.h>

#include "base/units.h"
#include "io/address.h"
#include "mqbench/topic_template.h"
#include "mqbench/yaml.h"

namespace mq {
namespace {

constexpr uint64_t kClientsMax = 1'000'000;
constexpr double kRateMax = 1e9;
constexpr double kFactorMax = 1e6;
constexpr Duration kTimeMax = std::chrono::hours(24 * 365);

// Reads the tree; the first fault ends it.
class Reader {
 public:
  explicit Reader(std::string_view name) : name_(name) {}

  Result<Scenario> read(const YamlNode& root);

 private:
  using Read = Result<void>;
  struct Key {
    std::string_view name;
    std::function<Read(const YamlNode&)> read;
  };

  tl::unexpected<Error> fault(const YamlNode& at, std::string_view what) const {
    return fault(at.line, at.key, what);
  }
  tl::unexpected<Error> fault(uint32_t line, std::string_view key, std::string_view what) const {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("{}:{}: {}{}{}", name_, line, key, key.empty() ? "" : ": ", what));
  }

  // Every key of a map by the one that reads it.
  Read map(const YamlNode& node, std::string_view what, const std::vector<Key>& keys) const;
  Read list(const YamlNode& node, size_t most,
            const std::function<Read(const YamlNode&)>& each) const;
  Read text(const YamlNode& node, std::string& to) const;
  Read number(const YamlNode& node, uint64_t min, uint64_t max, uint64_t& to) const;
  Read time(const YamlNode& node, Duration& to) const;
  Read rate(const YamlNode& node, double& to) const;
  Read qos(const YamlNode& node, Qos& to) const;
  Read size(const YamlNode& node, SizeSpec& to) const;
  Read texts(const YamlNode& node, std::vector<std::string>& to) const;
  template <class T>
  Read word(const YamlNode& node, std::initializer_list<T> words, T& to) const;

  Read group(const YamlNode& node);
  Read flow(const YamlNode& node, Scenario::Group& group) const;
  Read filter(const YamlNode& node, Scenario::Group& group) const;
  Read change(const YamlNode& node);
  Read storm(const YamlNode& node, Duration at);
  Read percent(const YamlNode& node, double& to) const;

  std::string_view name_;
  Scenario to_;
};

Result<void> Reader::map(const YamlNode& node, std::string_view what,
                         const std::vector<Key>& keys) const {
  if (node.kind != YamlNode::Kind::kMap) return fault(node, fmt::format("{} is a map", what));
  for (const YamlNode& item : node.items) {
    const auto key = std::ranges::find(keys, item.key, &Key::name);
    if (key != keys.end()) {
      MQ_CHECK(key->read(item));
      continue;
    }
    std::vector<std::string_view> names;
    for (const Key& one : keys) names.push_back(one.name);
    return fault(item, fmt::format("{} has no such key; it has {}", what, fmt::join(names, ", ")));
  }
  return {};
}

Result<void> Reader::list(const YamlNode& node, size_t most,
                          const std::function<Read(const YamlNode&)>& each) const {
  if (node.kind != YamlNode::Kind::kList) return fault(node, "it is a list, as [{...}, {...}]");
  if (node.items.size() > most) return fault(node, fmt::format("at most {} of them", most));
  for (const YamlNode& item : node.items) MQ_CHECK(each(item));
  return {};
}

Result<void> Reader::text(const YamlNode& node, std::string& to) const {
  if (node.kind != YamlNode::Kind::kScalar || node.text.empty()) return fault(node, "it is a text");
  to = node.text;
  return {};
}

Result<void> Reader::number(const YamlNode& node, uint64_t min, uint64_t max, uint64_t& to) const {
  uint64_t value = 0;
  const char* const end = node.text.data() + node.text.size();
  const auto [at, error] = std::from_chars(node.text.data(), end, value);
  if (node.kind != YamlNode::Kind::kScalar || node.text.empty() || error != std::errc() ||
      at != end || value < min || value > max) {
    return fault(node, fmt::format("'{}' is not a number from {} to {}", node.text, min, max));
  }
  to = value;
  return {};
}

Result<void> Reader::time(const YamlNode& node, Duration& to) const {
  const auto value = parse_duration(node.text);
  if (node.kind != YamlNode::Kind::kScalar || !value || *value > kTimeMax) {
    return fault(
        node,
        fmt::format("'{}' is not a time as 90, 1.5s, 200ms or 10m, of at most a year", node.text));
  }
  to = *value;
  return {};
}

Result<void> Reader::rate(const YamlNode& node, double& to) const {
  const auto value = parse_rate(node.text);
  if (node.kind != YamlNode::Kind::kScalar || !value || *value > kRateMax) {
    return fault(node, fmt::format("'{}' is not a rate as 0.1, 500/s or 10k", node.text));
  }
  to = *value;
  return {};
}

Result<void> Reader::qos(const YamlNode& node, Qos& to) const {
  uint64_t value = 0;
  MQ_CHECK(number(node, 0, 2, value));
  to = static_cast<Qos>(value);
  return {};
}

// As --size has it, or a list of sizes.
Result<void> Reader::size(const YamlNode& node, SizeSpec& to) const {
  std::string words = node.text;
  const auto add = [&](const YamlNode& one) {
    std::string word;
    auto read = text(one, word);
    words += (words.empty() ? "" : ",") + word;
    return read;
  };
  if (node.kind != YamlNode::Kind::kScalar) MQ_CHECK(list(node, SizeSpec::kListMax, add));
  const auto sizes = SizeSpec::parse(words);
  if (!sizes) return fault(node, fmt::format("'{}': {}", words, sizes.error().text));
  to = *sizes;
  return {};
}

// One, or a list of them.
Result<void> Reader::texts(const YamlNode& node, std::vector<std::string>& to) const {
  if (node.kind == YamlNode::Kind::kScalar) return text(node, to.emplace_back());
  return list(node, Scenario::kChangesMax,
              [&](const YamlNode& one) { return text(one, to.emplace_back()); });
}

template <class T>
Result<void> Reader::word(const YamlNode& node, std::initializer_list<T> words, T& to) const {
  std::vector<std::string_view> names;
  for (const T one : words) {
    names.push_back(mq::name(one));
    if (node.kind != YamlNode::Kind::kScalar || node.text != names.back()) continue;
    to = one;
    return {};
  }
  return fault(node, fmt::format("'{}' is none of {}", node.text, fmt::join(names, ", ")));
}

Result<void> Reader::flow(const YamlNode& node, Scenario::Group& group) const {
  Scenario::Flow& flow = group.flows.emplace_back();
  flow.line = node.line;
  double each = -1, all = -1;
  MQ_CHECK(map(node, "a message of 'publish'",
               {{"topic", [&](const YamlNode& n) { return text(n, flow.topic); }},
                {"topics",
                 [&](const YamlNode& n) {
                   uint64_t topics = 1;
                   const auto read = number(n, 1, TopicTemplate::kVariantsMax, topics);
                   flow.topics = static_cast<uint32_t>(topics);
                   return read;
                 }},
                {"rate", [&](const YamlNode& n) { return rate(n, each); }},
                {"total-rate", [&](const YamlNode& n) { return rate(n, all); }},
                {"qos", [&](const YamlNode& n) { return qos(n, flow.qos); }},
                {"size", [&](const YamlNode& n) { return size(n, flow.size); }},
                {"arrival",
                 [&](const YamlNode& n) {
                   return word(n, {Arrival::kUniform, Arrival::kPoisson}, flow.arrival);
                 }},
                {"phase", [&](const YamlNode& n) {
                   return word(n, {Phase::kEven, Phase::kRandom, Phase::kSync}, flow.phase);
                 }}}));
  if (flow.topic.empty()) return fault(node.line, "publish", "a topic is missing");
  if ((each > 0) == (all > 0)) {
    return fault(node.line, "publish",
                 "it needs a rate of each client, or a total-rate of all of them, above 0");
  }
  if (flow.arrival == Arrival::kPoisson && flow.phase != Phase::kEven) {
    return fault(node.line, "phase", "it is for messages that are evenly spaced, and not poisson");
  }
  flow.rate = each > 0 ? each : -all;  // until the number of clients is known
  return {};
}

Result<void> Reader::filter(const YamlNode& node, Scenario::Group& group) const {
  Scenario::Filter& filter = group.filters.emplace_back();
  if (node.kind == YamlNode::Kind::kScalar) return text(node, filter.filter);
  MQ_CHECK(map(node, "an entry of 'subscribe'",
               {{"filter", [&](const YamlNode& n) { return text(n, filter.filter); }},
                {"qos", [&](const YamlNode& n) { return qos(n, filter.qos); }}}));
  if (filter.filter.empty()) return fault(node.line, "subscribe", "a filter is missing");
  return {};
}

Result<void> Reader::group(const YamlNode& node) {
  Scenario::Group& group = to_.groups.emplace_back();
  group.name = node.key;
  group.line = node.line;
  // It stands before a colon in conditions and between dots in changes, and is in client
  // identifiers.
  const bool is_name =
      !group.name.empty() && group.name.size() <= 64 && std::ranges::all_of(group.name, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_' || c == '-';
      });
  if (!is_name) return fault(node, "a name of a group is up to 64 letters, digits, _ and -");
  MQ_CHECK(map(node, "a group",
               {{"clients",
                 [&](const YamlNode& n) {
                   uint64_t clients = 1;
                   const auto read = number(n, 1, kClientsMax, clients);
                   group.clients = static_cast<uint32_t>(clients);
                   return read;
                 }},
                {"connect",
                 [&](const YamlNode& n) {
                   return map(
                       n, "'connect'",
                       {{"rate", [&](const YamlNode& r) { return rate(r, group.connect_rate); }}});
                 }},
                {"data", [&](const YamlNode& n) { return text(n, group.data.emplace()); }},
                {"publish",
                 [&](const YamlNode& n) {
                   return list(n, Scenario::kFlowsMax,
                               [&](const YamlNode& one) { return flow(one, group); });
                 }},
                {"subscribe", [&](const YamlNode& n) {
                   return list(n, Scenario::kFiltersMax,
                               [&](const YamlNode& one) { return filter(one, group); });
                 }}}));
  for (Scenario::Flow& flow : group.flows) {
    flow.rate = flow.rate < 0 ? -flow.rate : flow.rate * group.clients;
  }
  return {};
}

Result<void> Reader::percent(const YamlNode& node, double& to) const {
  std::string_view number = node.text;
  if (number.ends_with('%')) number.remove_suffix(1);
  double value = -1;
  const char* const end = number.data() + number.size();
  const auto [at, error] = std::from_chars(number.data(), end, value);
  if (node.kind != YamlNode::Kind::kScalar || number.empty() || error != std::errc() || at != end ||
      !(value >= 0 && value <= 100)) {
    return fault(node, fmt::format("'{}' is not a percentage from 0 to 100", node.text));
  }
  to = value;
  return {};
}

// {group: NAME, percent: PERCENT, down: TIME}
Result<void> Reader::storm(const YamlNode& node, Duration at) {
  Scenario::Storm storm;
  storm.at = at;
  bool has_group = false, has_percent = false;
  MQ_CHECK(map(node, "'storm'",
               {{"group",
                 [&](const YamlNode& n) -> Read {
                   const auto group = std::ranges::find(to_.groups, n.text, &Scenario::Group::name);
                   if (n.kind != YamlNode::Kind::kScalar || group == to_.groups.end()) {
                     std::vector<std::string_view> names;
                     for (const Scenario::Group& one : to_.groups) names.push_back(one.name);
                     return fault(n, fmt::format("there is no group '{}'; there are {}", n.text,
                                                 fmt::join(names, ", ")));
                   }
                   storm.group = static_cast<size_t>(group - to_.groups.begin());
                   has_group = true;
                   return {};
                 }},
                {"percent",
                 [&](const YamlNode& n) {
                   has_percent = true;
                   return percent(n, storm.percent);
                 }},
                {"down", [&](const YamlNode& n) { return time(n, storm.down); }}}));
  if (!has_group || !has_percent) {
    return fault(node, "it needs a group and a percent, as {group: NAME, percent: 50, down: 2s}");
  }
  if (storm.down < std::chrono::milliseconds(1)) {
    return fault(node, "'down', the time until they come back, is a millisecond at least");
  }
  if (at + storm.down > to_.duration) {
    return fault(node, "the clients would come back after the duration: 'at' and 'down' are more");
  }
  for (const Scenario::Storm& earlier : to_.storms) {
    if (earlier.group == storm.group && earlier.at < at + storm.down &&
        at < earlier.at + earlier.down) {
      return fault(node, "storms of a group follow each other, each after the end of 'down'");
    }
  }
  to_.storms.push_back(storm);
  return {};
}

// {at: TIME, GROUP.rate: PERCENT%, ramp: TIME, storm: {...}}
Result<void> Reader::change(const YamlNode& node) {
  if (node.kind != YamlNode::Kind::kMap) {
    return fault(node, "an entry of 'stages' is a map, as {at: 20s, GROUP.rate: 300%}");
  }
  Scenario::Change common;
  bool has_time = false;
  std::vector<Scenario::Change> changes;
  const YamlNode* storm_node = nullptr;
  for (const YamlNode& item : node.items) {
    if (item.key == "at" || item.key == "ramp") {
      MQ_CHECK(time(item, item.key == "at" ? common.at : common.ramp));
      has_time = has_time || item.key == "at";
      continue;
    }
    if (item.key == "storm") {
      storm_node = &item;  // when the time is known
      continue;
    }
    const size_t dot = std::min(item.key.rfind('.'), item.key.size());
    const auto group =
        std::ranges::find(to_.groups, item.key.substr(0, dot), &Scenario::Group::name);
    if (item.key.substr(dot) != ".rate" || group == to_.groups.end()) {
      std::string names;
      for (const Scenario::Group& one : to_.groups) names += fmt::format(", {}.rate", one.name);
      return fault(
          item,
          fmt::format("an entry of 'stages' has no such key; it has at, ramp, storm{}", names));
    }
    if (group->flows.empty()) return fault(item, "this group publishes nothing");
    Scenario::Change& change = changes.emplace_back();
    change.group = static_cast<size_t>(group - to_.groups.begin());
    const bool is_percent = item.kind == YamlNode::Kind::kScalar && item.text.ends_with('%');
    const auto value =
        is_percent ? parse_rate(item.text.substr(0, item.text.size() - 1)) : parse_rate("x");
    if (!value || *value > 100 * kFactorMax) {
      return fault(item,
                   fmt::format("'{}' is not a share of the group's rate as 300% or 0%", item.text));
    }
    change.factor = *value / 100;
  }
  if (!has_time) return fault(node.line, "stages", "'at' is missing");
  if (common.at > to_.duration || common.ramp > common.at) {
    return fault(node.line, "stages", "it lies outside of the duration");
  }
  if (storm_node != nullptr) {
    if (changes.empty() && common.ramp > Duration::zero()) {
      return fault(node.line, "ramp", "it is for rates: a storm comes at once");
    }
    MQ_CHECK(storm(*storm_node, common.at));
  }
  for (Scenario::Change& change : changes) {
    change.at = common.at;
    change.ramp = common.ramp;
    for (const Scenario::Change& earlier : to_.changes) {
      if (earlier.group == change.group && earlier.at > change.at - change.ramp) {
        return fault(node.line, "stages", "the changes of a group follow each other in time");
      }
    }
    to_.changes.push_back(change);
  }
  return {};
}

Result<Scenario> Reader::read(const YamlNode& root) {
  const YamlNode* changes = nullptr;
  const std::vector<Key> keys = {
      {"broker",
       [&](const YamlNode& n) -> Read {
         MQ_CHECK(text(n, to_.broker.emplace()));
         const auto url = parse_url(*to_.broker);
         if (url) return {};
         return fault(n, fmt::format("it is a URL as mqtt://HOST:1883: {}", url.error().text));
       }},
      {"duration",
       [&](const YamlNode& n) -> Read {
         MQ_CHECK(time(n, to_.duration));
         if (to_.duration >= std::chrono::milliseconds(1)) return {};
         return fault(n, "it is a millisecond at least");
       }},
      {"warmup", [&](const YamlNode& n) { return time(n, to_.warm_up); }},
      {"drain", [&](const YamlNode& n) { return time(n, to_.drain); }},
      {"groups",
       [&](const YamlNode& n) -> Read {
         if (n.kind != YamlNode::Kind::kMap || n.items.empty()) {
           return fault(n, "it is a map of groups by their names");
         }
         if (n.items.size() > Scenario::kGroupsMax) {
           return fault(n, fmt::format("at most {} of them", Scenario::kGroupsMax));
         }
         for (const YamlNode& one : n.items) MQ_CHECK(group(one));
         return {};
       }},
      {"stages",
       [&](const YamlNode& n) -> Read {
         changes = &n;  // when groups and duration are known
         return {};
       }},
      {"fail-if", [&](const YamlNode& n) { return texts(n, to_.fail_if); }},
      {"abort-if", [&](const YamlNode& n) { return texts(n, to_.abort_if); }}};
  MQ_CHECK(map(root, "a scenario", keys));
  if (to_.groups.empty()) return fault(root.line, "groups", "there is none");
  if (changes != nullptr) {
    MQ_CHECK(
        list(*changes, Scenario::kChangesMax, [this](const YamlNode& n) { return change(n); }));
    std::ranges::stable_sort(to_.storms, {}, &Scenario::Storm::at);
  }
  to_.name = name_;
  return std::move(to_);
}

}  // namespace

std::vector<RateStage> Scenario::stages(size_t group, const Flow& flow) const {
  std::vector<RateStage> stages{{Duration(0), flow.rate}};
  Duration at{0};
  double rate = flow.rate;
  for (const Change& change : changes) {
    if (change.group != group) continue;
    const Duration from = change.at - change.ramp;
    if (from > at) stages.push_back({from - at, rate});
    rate = flow.rate * change.factor;
    stages.push_back({change.ramp, rate});
    at = change.at;
  }
  if (duration > at) stages.push_back({duration - at, rate});
  return stages;
}

Result<Scenario> parse_scenario(std::string_view name, std::string_view text) {
  const auto root = parse_yaml(text);
  if (!root) {
    return fail(root.error().code,
                fmt::format("{}{}{}", name, root.error().code == ErrorCode::kMalformed ? ":" : ": ",
                            root.error().text));
  }
  return read_scenario(name, *root);
}

Result<Scenario> read_scenario(std::string_view name, const YamlNode& root) {
  return Reader(name).read(root);
}

}  // namespace mq
