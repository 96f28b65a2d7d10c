#include "mqbench/accounting.h"

#include <algorithm>
#include <cassert>

#include <fmt/core.h>

#include "base/units.h"

namespace mq {

Deliveries::Deliveries(const LoadPlan& plan, uint32_t subscriber)
    : plan_(&plan), subscriber_(subscriber), tracks_(plan.senders_of(subscriber)) {}

bool Deliveries::arrived(const ReadStamp& read, bool dup_flag) {
  const std::optional<uint32_t> slot = plan_->slot(subscriber_, read.stamp.publisher);
  if (!slot) {
    foreign();
    return false;
  }
  SequenceTrack& track = tracks_[*slot];
  const uint64_t sequence = read.compact ? widen_sequence(read.stamp.sequence, track.next())
                                         : read.stamp.sequence;
  const SequenceTrack::Arrival arrival = track.arrived(sequence);
  switch (arrival.kind) {
    case SequenceTrack::Kind::kNew: return true;
    case SequenceTrack::Kind::kLate:
      ++reordered_;
      reordered_by_max_ = std::max(reordered_by_max_, arrival.behind);
      return true;
    case SequenceTrack::Kind::kDuplicate:
      ++(dup_flag ? duplicates_flagged_ : duplicates_unflagged_);
      return false;
  }
  return false;
}

namespace {

// Loss of what one publisher sent to one subscriber.
void account_pair(const PublisherOutcome& publisher, uint64_t received, bool reconnected, Qos qos,
                  Accounting& to) {
  const uint64_t expected = publisher.sent - publisher.refused;
  to.expected += expected;
  to.received += received;
  // A message that was refused and yet delivered would make this negative.
  const uint64_t lost = expected > received ? expected - received : 0;
  if (qos == Qos::kAtMostOnce) {
    to.lost.qos0 += lost;
  } else if (reconnected) {
    to.lost.reconnect += lost;
  } else {
    const uint64_t unacked = std::min(lost, expected - std::min(expected, publisher.acked));
    to.lost.unacked += unacked;
    to.lost.acked += lost - unacked;
  }
}

}  // namespace

Accounting account(const LoadPlan& plan, Qos qos, const std::vector<PublisherOutcome>& publishers,
                   const std::vector<Deliveries>& subscribers) {
  assert(publishers.size() == plan.publishers() && subscribers.size() <= plan.subscribers());
  Accounting sum;
  uint32_t publisher_disconnects = 0;
  for (const PublisherOutcome& publisher : publishers) {
    sum.planned += publisher.planned;
    sum.sent += publisher.sent;
    sum.acked += publisher.acked;
    sum.refused += publisher.refused;
    publisher_disconnects += publisher.disconnects;
  }
  sum.disconnects = publisher_disconnects;
  uint64_t unexcused_duplicates = 0, unexcused_reordered = 0;
  for (const Deliveries& subscriber : subscribers) {
    const Qos effective = std::min(qos, subscriber.granted);
    for (uint32_t slot = 0; slot < subscriber.tracks().size(); ++slot) {
      const PublisherOutcome& publisher = publishers[plan.sender(subscriber.subscriber(), slot)];
      account_pair(publisher, subscriber.tracks()[slot].received(),
                   publisher.disconnects + subscriber.disconnects > 0, effective, sum);
    }
    const uint64_t duplicates =
        subscriber.duplicates_flagged() + subscriber.duplicates_unflagged();
    if (publisher_disconnects + subscriber.disconnects == 0) {
      unexcused_reordered += subscriber.reordered();
      if (effective != Qos::kAtLeastOnce) unexcused_duplicates += duplicates;
    }
    sum.duplicates_flagged += subscriber.duplicates_flagged();
    sum.duplicates_unflagged += subscriber.duplicates_unflagged();
    sum.reordered += subscriber.reordered();
    sum.reordered_by_max = std::max(sum.reordered_by_max, subscriber.reordered_by_max());
    sum.foreign += subscriber.foreign_count();
    sum.disconnects += subscriber.disconnects;
  }
  if (sum.lost.acked > 0) {  // ownership was accepted [MQTT-4.3.2-4] [MQTT-4.3.3-8]
    sum.violations.push_back(
        fmt::format("{} deliveries of acknowledged messages lost", format_count(sum.lost.acked)));
  }
  if (unexcused_duplicates > 0) {  // section 4.3.1, [MQTT-4.3.3-10]
    sum.violations.push_back(fmt::format("{} duplicates at QoS {}",
                                         format_count(unexcused_duplicates),
                                         qos == Qos::kAtMostOnce ? 0 : 2));
  }
  if (unexcused_reordered > 0) {  // [MQTT-4.6.0-5]
    sum.violations.push_back(fmt::format("{} messages overtaken by later ones of their topic",
                                         format_count(unexcused_reordered)));
  }
  return sum;
}

}  // namespace mq
