// Who gets a message: all subscriptions of all sessions.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "broker/topic_tree.h"
#include "codec/packet.h"

namespace mq {

struct Session;

// One subscription, as it stands at its filter's node.
struct Subscriber {
  Session* session;
  uint32_t back;             // its place in session->subscriptions
  uint32_t subscription_id;  // 0 for none
  SubscribeOptions options;
  uint8_t share_tag = 0;     // of a shared subscription, unique in its session up to 254
};

// $share/NAME/FILTER: every message goes to one of the members.
struct ShareGroup {
  std::string name;
  std::vector<Subscriber> members;
  uint32_t next = 0;  // whose turn it is
  enum class Fit : uint8_t { kNow, kLater, kNot };  // of a member for a message
};

struct SubscriptionNode {
  std::vector<Subscriber> subscribers;
  std::unique_ptr<std::vector<std::unique_ptr<ShareGroup>>> groups;
  bool empty() const { return subscribers.empty() && groups == nullptr; }
};

// A session's end of one subscription.
struct SubscriptionRef {
  TopicTree<SubscriptionNode>::Node* node;
  ShareGroup* group;  // null when it is not shared
  uint32_t index;     // in the node's subscribers or the group's members
};

// One message for one session.
struct Hit {
  Session* session;
  Qos qos;                   // the highest that the matching subscriptions were granted
  bool retain_as_published;
  uint8_t share_tag;
  uint32_t subscription_id;  // the first one, 0 for none
  std::vector<uint32_t> more_ids;  // of overlapping subscriptions, rarely any
  ShareGroup* group = nullptr;     // of which the session is a member
};

class Subscriptions {
 public:
  explicit Subscriptions(uint64_t seed) : tree_(seed) {}

  enum class Added : uint8_t { kNew, kReplaced };
  // Adds or replaces. `shared` is null for an ordinary subscription; REQUIRES: valid filter.
  Added add(Session& session, std::string_view filter, const std::string_view* share_name,
            SubscribeOptions options, uint32_t subscription_id);
  bool contains(const Session& session, std::string_view filter,
                const std::string_view* share_name);
  // False when the session has no such subscription.
  bool remove(Session& session, std::string_view filter, const std::string_view* share_name);
  void remove_all(Session& session);

  // Appends one hit for each session with matching subscriptions, overlaps merged, and one for
  // each matching share group, for the member whose turn it is. `from` is the publishing session,
  // for No Local; may be null. The order of a share group's members is advanced. True when there
  // was a group.
  bool match(std::string_view topic, const Session* from, std::vector<Hit>& hits);

  // The share group through which `session` got a message with that tag; null when it is gone.
  static const SubscriptionRef* find_shared(const Session& session, uint8_t share_tag,
                                            std::string_view topic);
  // The member whose turn it is among those that fit now, or else of those that fit later; null
  // when there is none.
  template <class FitOf>
  static Subscriber* pick(ShareGroup& group, FitOf&& fit_of) {
    const auto count = static_cast<uint32_t>(group.members.size());
    Subscriber* later = nullptr;
    for (uint32_t i = 0; i < count; ++i) {
      const uint32_t at = (group.next + i) % count;
      Subscriber& member = group.members[at];
      const ShareGroup::Fit fit = fit_of(member);
      if (fit == ShareGroup::Fit::kNow) {
        group.next = at + 1;
        return &member;
      }
      if (later == nullptr && fit == ShareGroup::Fit::kLater) later = &member;
    }
    if (later != nullptr) group.next = static_cast<uint32_t>(later - group.members.data()) + 1;
    return later;
  }
  static Hit hit(ShareGroup& group, const Subscriber& member) {
    return {member.session,
            member.options.qos,
            member.options.retain_as_published,
            member.share_tag,
            member.subscription_id,
            {},
            &group};
  }

  size_t size() const { return count_; }          // all of them
  size_t shared() const { return shared_count_; }  // those of them that are shared
  size_t nodes() const { return tree_.nodes(); }

 private:
  using Node = TopicTree<SubscriptionNode>::Node;

  struct Match {
    const Session* from;
    std::vector<Hit>& hits;
    uint64_t stamp;
    bool any_group = false;
  };
  void match_level(Node& node, std::string_view rest, bool wildcards, Match& match);
  void match_end(Node& node, Match& match);
  void collect(Node& node, Match& match);
  static ShareGroup* find_group(const Node& node, std::string_view share_name);
  static std::vector<Subscriber>& list(const SubscriptionRef& ref) {
    return ref.group != nullptr ? ref.group->members : ref.node->value.subscribers;
  }
  static uint32_t find_ref(const Session& session, const Node* node, const ShareGroup* group);
  uint32_t find_ref(const Session& session, std::string_view filter,
                    const std::string_view* share_name);
  void remove_at(Session& session, uint32_t back);

  TopicTree<SubscriptionNode> tree_;
  uint64_t stamp_ = 0;
  size_t count_ = 0, shared_count_ = 0;
};

}  // namespace mq
