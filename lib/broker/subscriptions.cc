#include "broker/subscriptions.h"

#include <algorithm>
#include <cassert>

#include "broker/session.h"

namespace mq {
namespace {

constexpr uint32_t kNone = UINT32_MAX;
// Further shared subscriptions of one session share this tag; the topic tells them apart then.
constexpr uint8_t kLastShareTag = 255;

// Who is connected comes first. Of those who are away only one that keeps messages will do: at
// QoS 0 nothing waits for anybody.
ShareGroup::Fit fit(const Subscriber& member) {
  if (member.session->connection != nullptr) return ShareGroup::Fit::kNow;
  const bool keeps = member.options.qos != Qos::kAtMostOnce;
  return keeps ? ShareGroup::Fit::kLater : ShareGroup::Fit::kNot;
}

}  // namespace

ShareGroup* Subscriptions::find_group(const Node& node, std::string_view share_name) {
  if (node.value.groups == nullptr) return nullptr;
  for (const auto& group : *node.value.groups) {
    if (group->name == share_name) return group.get();
  }
  return nullptr;
}

// Searches the shorter of the two lists that know the subscription: a filter that everybody has,
// or a session that has every filter, costs little by itself.
uint32_t Subscriptions::find_ref(const Session& session, const Node* node,
                                 const ShareGroup* group) {
  const auto& refs = session.subscriptions;
  const auto& subscribers = group != nullptr ? group->members : node->value.subscribers;
  if (subscribers.size() < refs.size()) {
    for (const Subscriber& subscriber : subscribers) {
      if (subscriber.session == &session) return subscriber.back;
    }
    return kNone;
  }
  for (uint32_t i = 0; i < refs.size(); ++i) {
    if (refs[i].node == node && refs[i].group == group) return i;
  }
  return kNone;
}

Subscriptions::Added Subscriptions::add(Session& session, std::string_view filter,
                                        const std::string_view* share_name,
                                        SubscribeOptions options, uint32_t subscription_id) {
  Node& node = tree_.insert(filter);
  ShareGroup* group = nullptr;
  if (share_name != nullptr) {
    group = find_group(node, *share_name);
    if (group == nullptr) {
      auto& groups = node.value.groups;
      if (groups == nullptr) groups = std::make_unique<std::vector<std::unique_ptr<ShareGroup>>>();
      groups->push_back(std::make_unique<ShareGroup>());
      group = groups->back().get();
      group->name = *share_name;
    }
  }

  // [MQTT-3.8.4-3]: the same filter again replaces options and identifier in place, so that no
  // message falls between the old subscription and the new one.
  if (const uint32_t back = find_ref(session, &node, group); back != kNone) {
    Subscriber& subscriber = list(session.subscriptions[back])[session.subscriptions[back].index];
    subscriber.options = options;
    subscriber.subscription_id = subscription_id;
    return Added::kReplaced;
  }

  uint8_t tag = 0;
  if (group != nullptr) {
    if (session.share_tags < kLastShareTag) ++session.share_tags;
    tag = session.share_tags;
    ++shared_count_;
  }
  std::vector<Subscriber>& subscribers =
      group != nullptr ? group->members : node.value.subscribers;
  const auto back = static_cast<uint32_t>(session.subscriptions.size());
  session.subscriptions.push_back({&node, group, static_cast<uint32_t>(subscribers.size())});
  subscribers.push_back({&session, back, subscription_id, options, tag});
  ++count_;
  return Added::kNew;
}

uint32_t Subscriptions::find_ref(const Session& session, std::string_view filter,
                                 const std::string_view* share_name) {
  const Node* node = tree_.find(filter);
  if (node == nullptr) return kNone;
  const ShareGroup* group = nullptr;
  if (share_name != nullptr && (group = find_group(*node, *share_name)) == nullptr) return kNone;
  return find_ref(session, node, group);
}

bool Subscriptions::contains(const Session& session, std::string_view filter,
                             const std::string_view* share_name) {
  return find_ref(session, filter, share_name) != kNone;
}

bool Subscriptions::remove(Session& session, std::string_view filter,
                           const std::string_view* share_name) {
  const uint32_t back = find_ref(session, filter, share_name);
  if (back == kNone) return false;
  remove_at(session, back);
  return true;
}

void Subscriptions::remove_all(Session& session) {
  while (!session.subscriptions.empty()) {
    remove_at(session, static_cast<uint32_t>(session.subscriptions.size() - 1));
  }
}

void Subscriptions::remove_at(Session& session, uint32_t back) {
  const SubscriptionRef ref = session.subscriptions[back];
  std::vector<Subscriber>& subscribers = list(ref);
  if (ref.index + 1 != subscribers.size()) {
    Subscriber& moved = subscribers[ref.index] = subscribers.back();
    moved.session->subscriptions[moved.back].index = ref.index;
  }
  subscribers.pop_back();

  auto& refs = session.subscriptions;
  if (back + 1 != refs.size()) {
    refs[back] = refs.back();
    list(refs[back])[refs[back].index].back = back;
  }
  refs.pop_back();

  --count_;
  if (ref.group != nullptr) --shared_count_;
  if (!subscribers.empty()) return;
  if (ref.group != nullptr) {
    auto& groups = ref.node->value.groups;
    std::erase_if(*groups, [&](const auto& group) { return group.get() == ref.group; });
    if (groups->empty()) groups = nullptr;
  }
  tree_.prune(ref.node);
}

bool Subscriptions::match(std::string_view topic, const Session* from, std::vector<Hit>& hits) {
  Match match{from, hits, ++stamp_};
  // A wildcard at the first level does not match a topic that begins with '$' [MQTT-4.7.2-1].
  match_level(tree_.root(), topic, !topic.starts_with('$'), match);
  return match.any_group;
}

void Subscriptions::match_level(Node& node, std::string_view rest, bool wildcards, Match& match) {
  const size_t slash = rest.find('/');
  const std::string_view level = rest.substr(0, slash);
  const bool last = slash == std::string_view::npos;

  const auto descend = [&](std::string_view name) {
    Node* const next = tree_.child(node, name);
    if (next == nullptr) return;
    if (last) {
      match_end(*next, match);
    } else {
      match_level(*next, rest.substr(slash + 1), true, match);
    }
  };
  descend(level);
  if (!wildcards) return;
  if (node.has_plus) descend("+");
  if (node.has_hash) collect(*tree_.child(node, "#"), match);
}

void Subscriptions::match_end(Node& node, Match& match) {
  collect(node, match);
  // "sport/#" matches "sport" too (section 4.7.1.2).
  if (node.has_hash) collect(*tree_.child(node, "#"), match);
}

void Subscriptions::collect(Node& node, Match& match) {
  for (const Subscriber& subscriber : node.value.subscribers) {
    Session& session = *subscriber.session;
    // [MQTT-3.8.3-3]
    if (subscriber.options.no_local && &session == match.from) continue;
    if (session.match_stamp != match.stamp) {
      session.match_stamp = match.stamp;
      session.match_hit = static_cast<uint32_t>(match.hits.size());
      match.hits.push_back({&session, subscriber.options.qos,
                            subscriber.options.retain_as_published, 0,
                            subscriber.subscription_id, {}});
      continue;
    }
    // Overlapping subscriptions: one copy at the highest QoS [MQTT-3.3.4-2] with all
    // identifiers [MQTT-3.3.4-4].
    Hit& hit = match.hits[session.match_hit];
    hit.qos = std::max(hit.qos, subscriber.options.qos);
    hit.retain_as_published |= subscriber.options.retain_as_published;
    if (subscriber.subscription_id == 0) continue;
    if (hit.subscription_id == 0) {
      hit.subscription_id = subscriber.subscription_id;
    } else {
      hit.more_ids.push_back(subscriber.subscription_id);
    }
  }
  if (node.value.groups == nullptr) return;
  for (const auto& group : *node.value.groups) {
    const Subscriber* chosen = pick(*group, fit);
    if (chosen == nullptr) continue;
    match.hits.push_back(hit(*group, *chosen));
    match.any_group = true;
  }
}

const SubscriptionRef* Subscriptions::find_shared(const Session& session, uint8_t share_tag,
                                                  std::string_view topic) {
  for (const SubscriptionRef& ref : session.subscriptions) {
    if (ref.group == nullptr || list(ref)[ref.index].share_tag != share_tag) continue;
    if (share_tag != kLastShareTag ||
        matches(TopicTree<SubscriptionNode>::path(*ref.node), topic)) {
      return &ref;
    }
  }
  return nullptr;
}

}  // namespace mq
