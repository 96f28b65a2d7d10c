#include "mqbench/accounting.h"

#include <algorithm>
#include <cassert>

#include <fmt/core.h>

#include "base/units.h"

namespace mq {

Deliveries::Deliveries(const LoadPlan& plan, uint32_t subscriber, ShareTracks* shares, bool tracks)
    : plan_(&plan),
      subscriber_(subscriber),
      shares_(shares),
      tracks_(tracks ? plan.heard(subscriber).size() : 0),
      tracked_(tracks) {
  for (const uint32_t share : plan.shares_of(subscriber)) {
    memberships_.push_back({share, std::vector<uint64_t>(plan.shares()[share].heard.size())});
  }
  assert(memberships_.empty() || shares != nullptr);
}

bool Deliveries::arrived(const ReadStamp& read, bool dup_flag) {
  const std::optional<uint32_t> slot = plan_->heard(subscriber_).slot(read.stamp.stream);
  if (!slot) return arrived_by_share(read, dup_flag);
  if (!tracked_) {
    ++counted_;
    return true;
  }
  SequenceTrack& track = tracks_[*slot];
  const uint64_t sequence =
      read.compact ? widen_sequence(read.stamp.sequence, track.next()) : read.stamp.sequence;
  const SequenceTrack::Arrival arrival = track.arrived(sequence);
  switch (arrival.kind) {
    case SequenceTrack::Kind::kNew: return true;
    case SequenceTrack::Kind::kLate: count_late(arrival.behind); return true;
    case SequenceTrack::Kind::kDuplicate:
      ++(dup_flag ? duplicates_flagged_ : duplicates_unflagged_);
      return false;
  }
  return false;
}

void Deliveries::count_late(uint64_t behind) {
  ++reordered_;
  reordered_by_max_ = std::max(reordered_by_max_, behind);
}

bool Deliveries::arrived_by_share(const ReadStamp& read, bool dup_flag) {
  for (Membership& membership : memberships_) {
    const auto slot = plan_->shares()[membership.share].heard.slot(read.stamp.stream);
    if (!slot) continue;
    const auto [is_new, sequence] =
        shares_->arrived(membership.share, *slot, [&read](uint64_t next) {
          return read.compact ? widen_sequence(read.stamp.sequence, next) : read.stamp.sequence;
        });
    if (!is_new) {
      ++(dup_flag ? duplicates_flagged_ : duplicates_unflagged_);
      ++shared_duplicates_;
      return false;
    }
    uint64_t& next = membership.next[*slot];
    if (sequence < next) {
      count_late(next - 1 - sequence);
      ++shared_reordered_;
    }
    next = std::max(next, sequence + 1);
    return true;
  }
  foreign();
  return false;
}

namespace {

// Who received, for the account of losses: a subscriber, or a share with all its members.
struct Receiver {
  const StreamSet& heard;
  Qos granted;
  uint32_t disconnects;
};

// Loss of what one publisher sent, of it `sent` to the streams that the receiver hears.
void account_pair(const PublisherOutcome& publisher, uint64_t sent, uint64_t received,
                  const Receiver& receiver, Qos qos, Accounting& to) {
  // A publisher is not told to which of its topics a message was that the server refused. Where the
  // receiver does not hear all of them it counts as expected, and then as never acknowledged.
  const bool hears_all = sent == publisher.sent;
  const uint64_t expected = hears_all ? sent - publisher.refused : sent;
  to.expected += expected;
  to.received += received;
  // A message that was refused and yet delivered would make this negative.
  const uint64_t lost = expected > received ? expected - received : 0;
  if (std::min(qos, receiver.granted) == Qos::kAtMostOnce) {
    to.lost.qos0 += lost;
  } else if (publisher.disconnects + receiver.disconnects > 0) {
    to.lost.reconnect += lost;
  } else {
    const uint64_t answered = publisher.acked + (hears_all ? publisher.refused : 0);
    const uint64_t unacked = std::min(lost, publisher.sent - std::min(publisher.sent, answered));
    to.lost.unacked += unacked;
    to.lost.acked += lost - unacked;
  }
}

// received(slot) is how many of the messages of that stream have arrived; to(publisher) is where it
// counts.
template <class Received, class To>
void account_receiver(const LoadPlan& plan, const std::vector<PublisherOutcome>& publishers,
                      const Receiver& receiver, Qos qos, Received&& received, To&& to) {
  for (uint32_t slot = 0; slot < receiver.heard.size();) {
    const uint32_t publisher = plan.publisher_of(receiver.heard.at(slot));
    const uint32_t first = plan.first_stream(publisher);
    const uint32_t end = first + plan.streams_of(publisher);
    uint64_t sent = 0, arrived = 0;
    for (; slot < receiver.heard.size() && receiver.heard.at(slot) < end; ++slot) {
      sent += publishers[publisher].sent_to(receiver.heard.at(slot) - first);
      arrived += received(slot);
    }
    account_pair(publishers[publisher], sent, arrived, receiver,
                 plan.flow_of(publisher).qos.value_or(qos), to(publisher));
  }
}

// Where it is only known how many messages have arrived, of all publishers together.
void account_counted(const LoadPlan& plan, const std::vector<PublisherOutcome>& publishers,
                     const Receiver& receiver, Qos qos, uint64_t counted, Accounting& to) {
  PublisherOutcome all;
  uint64_t sent = 0;
  for (uint32_t slot = 0; slot < receiver.heard.size();) {
    const uint32_t publisher = plan.publisher_of(receiver.heard.at(slot));
    const uint32_t first = plan.first_stream(publisher);
    const uint32_t end = first + plan.streams_of(publisher);
    const PublisherOutcome& one = publishers[publisher];
    for (; slot < receiver.heard.size() && receiver.heard.at(slot) < end; ++slot) {
      sent += one.sent_to(receiver.heard.at(slot) - first);
    }
    all.sent += one.sent;
    all.acked += one.acked;
    all.refused += one.refused;
    all.disconnects += one.disconnects;
  }
  account_pair(all, sent, counted, receiver, qos, to);
}

// `counted_to` takes what it is not known of whose it is.
template <class To>
void account_shares(const LoadPlan& plan, Qos qos, const std::vector<PublisherOutcome>& publishers,
                    const std::vector<Deliveries>& subscribers, const ShareTracks& shares, To&& to,
                    Accounting& counted_to) {
  for (uint32_t share = 0; share < plan.shares().size(); ++share) {
    Receiver receiver{plan.shares()[share].heard, Qos::kExactlyOnce, 0};
    uint64_t counted = 0;  // by members that hear nothing else, of messages without a stamp
    for (const Deliveries& member : subscribers) {
      if (std::ranges::count(plan.shares_of(member.subscriber()), share) == 0) continue;
      receiver.granted = std::min(receiver.granted, member.granted);
      receiver.disconnects += member.disconnects;
      if (plan.heard(member.subscriber()).size() == 0) counted += member.counted();
    }
    if (counted > 0) {
      account_counted(plan, publishers, receiver, qos, counted, counted_to);
      continue;
    }
    account_receiver(
        plan, publishers, receiver, qos,
        [&](uint32_t slot) { return shares.received(share, slot); }, to);
  }
}

bool has_qos(const LoadPlan& plan, Qos qos, Qos wanted) {
  return std::ranges::any_of(
      plan.flows(), [&](const LoadPlan::Flow& flow) { return flow.qos.value_or(qos) == wanted; });
}

// Which of its messages came twice a subscriber does not know: one at QoS 1 excuses them all.
bool may_come_twice(const LoadPlan& plan, Qos qos, Qos granted) {
  return std::ranges::any_of(plan.flows(), [&](const LoadPlan::Flow& flow) {
    return std::min(flow.qos.value_or(qos), granted) == Qos::kAtLeastOnce;
  });
}

}  // namespace

void add(const LoadPlan& plan, uint32_t number, const PublisherOutcome& publisher, Accounting& to) {
  to.planned += publisher.planned;
  to.sent += publisher.sent;
  to.acked += publisher.acked;
  to.refused += publisher.refused;
  // A connection is counted once, whatever it is used for.
  if (!plan.is_second_role(number)) to.disconnects += publisher.disconnects;
}

void add(const Accounting& from, Accounting& to) {
  to.planned += from.planned;
  to.sent += from.sent;
  to.acked += from.acked;
  to.refused += from.refused;
  to.unanswered += from.unanswered;
  to.expected += from.expected;
  to.received += from.received;
  to.lost.qos0 += from.lost.qos0;
  to.lost.acked += from.lost.acked;
  to.lost.unacked += from.lost.unacked;
  to.lost.reconnect += from.lost.reconnect;
  to.duplicates_flagged += from.duplicates_flagged;
  to.duplicates_unflagged += from.duplicates_unflagged;
  to.reordered += from.reordered;
  to.reordered_by_max = std::max(to.reordered_by_max, from.reordered_by_max);
  to.foreign += from.foreign;
  to.corrupt += from.corrupt;
  to.disconnects += from.disconnects;
  to.downgraded.to_qos0 += from.downgraded.to_qos0;
  to.downgraded.to_qos1 += from.downgraded.to_qos1;
  to.violations.insert(to.violations.end(), from.violations.begin(), from.violations.end());
}

void add(const Deliveries& subscriber, Accounting& to) {
  to.duplicates_flagged += subscriber.duplicates_flagged();
  to.duplicates_unflagged += subscriber.duplicates_unflagged();
  to.reordered += subscriber.reordered();
  to.reordered_by_max = std::max(to.reordered_by_max, subscriber.reordered_by_max());
  to.foreign += subscriber.foreign_count();
  to.corrupt += subscriber.corrupt_count();
  to.disconnects += subscriber.disconnects;
  to.downgraded.to_qos0 += subscriber.downgraded.to_qos0;
  to.downgraded.to_qos1 += subscriber.downgraded.to_qos1;
}

std::vector<Accounting> account_groups(const LoadPlan& plan, Qos qos,
                                       const std::vector<PublisherOutcome>& publishers,
                                       const std::vector<Deliveries>& subscribers,
                                       const ShareTracks& shares) {
  std::vector<Accounting> groups(plan.client_groups().size());
  const auto of_publisher = [&](uint32_t publisher) -> Accounting& {
    return groups[plan.flow_of(publisher).group];
  };
  for (uint32_t number = 0; number < publishers.size(); ++number) {
    add(plan, number, publishers[number], of_publisher(number));
  }
  for (const Deliveries& subscriber : subscribers) {
    const Receiver receiver{plan.heard(subscriber.subscriber()), subscriber.granted,
                            subscriber.disconnects};
    account_receiver(
        plan, publishers, receiver, qos,
        [&](uint32_t slot) { return subscriber.tracks()[slot].received(); }, of_publisher);
    add(subscriber, groups[plan.group_of_subscriber(subscriber.subscriber())]);
  }
  Accounting nothing;
  account_shares(plan, qos, publishers, subscribers, shares, of_publisher, nothing);
  return groups;
}

Accounting account(const LoadPlan& plan, Qos qos, const std::vector<PublisherOutcome>& publishers,
                   const std::vector<Deliveries>& subscribers, const ShareTracks* shares,
                   Verify verify) {
  assert(publishers.size() == plan.publishers() && subscribers.size() <= plan.subscribers());
  assert(plan.shares().empty() || shares != nullptr);
  Accounting sum;
  uint32_t publisher_disconnects = 0, disconnects = 0;
  for (uint32_t number = 0; number < publishers.size(); ++number) {
    const PublisherOutcome& publisher = publishers[number];
    add(plan, number, publisher, sum);
    if (plan.flow_of(number).qos.value_or(qos) != Qos::kAtMostOnce) {
      sum.unanswered +=
          publisher.sent - std::min(publisher.sent, publisher.acked + publisher.refused);
    }
    publisher_disconnects += publisher.disconnects;
  }
  for (const Deliveries& subscriber : subscribers) disconnects += subscriber.disconnects;
  disconnects += publisher_disconnects;
  uint64_t unexcused_duplicates = 0, unexcused_reordered = 0, unexcused_shared = 0;
  const auto all = [&sum](uint32_t) -> Accounting& { return sum; };
  for (const Deliveries& subscriber : subscribers) {
    const Receiver receiver{plan.heard(subscriber.subscriber()), subscriber.granted,
                            subscriber.disconnects};
    if (subscriber.tracks_publishers()) {
      account_receiver(
          plan, publishers, receiver, qos,
          [&](uint32_t slot) { return subscriber.tracks()[slot].received(); }, all);
    } else if (plan.shares_of(subscriber.subscriber()).empty() || receiver.heard.size() > 0) {
      account_counted(plan, publishers, receiver, qos, subscriber.counted(), sum);
    }
    const uint64_t duplicates = subscriber.duplicates_flagged() + subscriber.duplicates_unflagged();
    if (publisher_disconnects + subscriber.disconnects == 0) {
      // Only subscriptions that are not shared promise order [MQTT-4.6.0-5].
      unexcused_reordered += subscriber.reordered() - subscriber.shared_reordered();
      if (!may_come_twice(plan, qos, subscriber.granted)) {
        unexcused_duplicates += duplicates - subscriber.shared_duplicates();
      }
    }
    if (disconnects == 0) unexcused_shared += subscriber.shared_duplicates();
    add(subscriber, sum);
  }
  if (!plan.shares().empty()) {
    account_shares(plan, qos, publishers, subscribers, *shares, all, sum);
  }
  if (verify == Verify::kOff) {  // nobody looked
    sum.expected = sum.received;
    sum.lost = {};
  }
  if (verify < Verify::kSeq) return sum;
  if (sum.corrupt > 0) {
    sum.violations.push_back(fmt::format("{} payloads corrupt", format_count(sum.corrupt)));
  }
  if (sum.lost.acked > 0) {  // ownership was accepted [MQTT-4.3.2-4] [MQTT-4.3.3-8]
    sum.violations.push_back(
        fmt::format("{} deliveries of acknowledged messages lost", format_count(sum.lost.acked)));
  }
  if (unexcused_duplicates > 0) {  // section 4.3.1, [MQTT-4.3.3-10]
    sum.violations.push_back(fmt::format("{} duplicates at QoS {}",
                                         format_count(unexcused_duplicates),
                                         has_qos(plan, qos, Qos::kExactlyOnce) ? 2 : 0));
  }
  if (unexcused_shared > 0) {  // section 4.8.2: one of the sessions gets it
    sum.violations.push_back(fmt::format("{} messages of a shared subscription delivered again",
                                         format_count(unexcused_shared)));
  }
  if (unexcused_reordered > 0) {  // [MQTT-4.6.0-5]
    sum.violations.push_back(fmt::format("{} messages overtaken by later ones of their topic",
                                         format_count(unexcused_reordered)));
  }
  return sum;
}

}  // namespace mq
