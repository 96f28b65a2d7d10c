#include "bridge/topic_map.h"

#include <algorithm>

#include <fmt/core.h>

#include "base/utf8.h"
#include "codec/topic.h"

namespace mq {
namespace {

tl::unexpected<Error> invalid(std::string text) {
  return fail(ErrorCode::kInvalidArgument, std::move(text));
}

}  // namespace

Result<TopicMap::Side> TopicMap::side(const BridgeTopic& topic, const std::string& prefix,
                                      bool subscribes, bool publishes) {
  Side side{prefix + topic.pattern, prefix + topic.pattern, prefix};
  if (is_shared(side.filter)) {
    if (!subscribes || publishes) {
      return invalid(
          fmt::format("'{}' cannot be published to: a shared subscription is for one "
                      "direction only, at the end that messages come from",
                      side.filter));
    }
    const auto shared = split_shared(side.filter);
    if (!shared) return invalid(fmt::format("'{}' is not $share/NAME/FILTER", side.filter));
    side.match = shared->filter;
    const size_t cut = side.filter.size() - side.match.size();
    if (prefix.size() < cut) {
      return invalid(fmt::format("'{}': $share/NAME/ has to be in the prefix", side.filter));
    }
    side.prefix = prefix.substr(cut);
  }
  if (!is_utf8(side.match)) return invalid("it is not UTF-8");
  if (side.filter.size() > kTopicMax) return invalid("it is longer than 65535 bytes");
  if (side.prefix.find_first_of("+#") != std::string::npos) {
    return invalid(fmt::format("'{}': a prefix has no wildcards", side.prefix));
  }
  if (const char* fault = topic_filter_fault(side.match, UINT32_MAX)) {
    return invalid(fmt::format("'{}' cannot be used: {}", side.match, fault));
  }
  return side;
}

Result<TopicMap> TopicMap::make(const std::vector<BridgeTopic>& topics) {
  TopicMap map;
  for (const BridgeTopic& topic : topics) {
    if (topic.pattern.empty() && (topic.local_prefix.empty() || topic.remote_prefix.empty())) {
      return invalid("an empty pattern needs the names of the topic at both ends, as prefixes");
    }
    Rule rule;
    rule.out = topic.direction != BridgeDirection::kIn;
    rule.in = topic.direction != BridgeDirection::kOut;
    rule.qos = topic.qos;
    MQ_TRY(rule.local, side(topic, topic.local_prefix, rule.out, rule.in));
    MQ_TRY(rule.remote, side(topic, topic.remote_prefix, rule.in, rule.out));
    map.rules_.push_back(std::move(rule));
  }
  return map;
}

std::vector<TopicMap::Filter> TopicMap::subscriptions(BridgeEnd at) const {
  std::vector<Filter> filters;
  for (const Rule& rule : rules_) {
    if (!rule.comes_from(at)) continue;
    const std::string& filter = rule.at(at).filter;
    const auto same = std::ranges::find(filters, filter, &Filter::filter);
    if (same == filters.end()) {
      filters.push_back({filter, rule.qos});
    } else {
      same->qos = std::max(same->qos, rule.qos);
    }
  }
  return filters;
}

std::vector<std::string> TopicMap::only_published(BridgeEnd at) const {
  const std::vector<Filter> subscribed = subscriptions(at);
  std::vector<std::string> filters;
  for (const Rule& rule : rules_) {
    const std::string& filter = rule.at(at).filter;
    if (rule.comes_from(at) || std::ranges::find(filters, filter) != filters.end()) continue;
    if (std::ranges::find(subscribed, filter, &Filter::filter) == subscribed.end()) {
      filters.push_back(filter);
    }
  }
  return filters;
}

bool TopicMap::map(BridgeEnd from, std::string_view topic, std::string& to) const {
  for (const Rule& rule : rules_) {
    const Side& here = rule.at(from);
    if (!rule.comes_from(from) || !matches(here.match, topic)) continue;
    std::string_view prefix = rule.at(other(from)).prefix;
    if (topic.starts_with(here.prefix)) {
      const std::string_view rest = topic.substr(here.prefix.size());
      if (prefix.empty() && rest.empty()) continue;
      to.assign(prefix).append(rest);
      return true;
    }
    // a/# matches a, too: what is left of the prefix is a level less.
    if (!prefix.ends_with('/') || prefix.size() == 1) continue;
    to.assign(prefix.substr(0, prefix.size() - 1));
    return true;
  }
  return false;
}

}  // namespace mq
