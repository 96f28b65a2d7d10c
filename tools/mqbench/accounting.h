// Every message accounted for: what was planned, sent, due to arrive, and did.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "codec/version.h"
#include "mqbench/load_options.h"
#include "mqbench/load_plan.h"
#include "mqbench/sequence_track.h"
#include "mqbench/share_tracks.h"
#include "mqbench/stamp.h"

namespace mq {

// What one publisher did in the measured part of a run.
struct PublisherOutcome {
  uint64_t planned = 0;
  uint64_t sent = 0;
  uint64_t acked = 0;    // QoS 1 and 2, taken by the server
  uint64_t refused = 0;  // QoS 1 and 2, answered with an error
  uint32_t disconnects = 0;
  // `sent` by stream where there are several.
  std::vector<uint64_t> sent_by_stream = {};
  uint64_t sent_to(uint32_t nth_stream) const {
    return sent_by_stream.empty() ? sent : sent_by_stream[nth_stream];
  }
};

// Subscriptions that were granted less than they asked for, by what they were granted. Not every
// broker knows QoS 2, and the standard allows that [MQTT-3.8.4-7].
struct Downgraded {
  uint64_t to_qos0 = 0, to_qos1 = 0;
  uint64_t all() const { return to_qos0 + to_qos1; }
};

// What one subscriber received in the measured part of a run.
class Deliveries {
 public:
  // REQUIRES: `plan` and `shares` outlive it; a subscriber that is a member of a share has `shares`
  Deliveries(const LoadPlan& plan, uint32_t subscriber, ShareTracks* shares = nullptr,
             bool tracks = true);

  // A message with a stamp of this run that is not of the warm-up. True when it is the first copy
  // of one that this subscriber, or the share that it is a member of, must get.
  bool arrived(const ReadStamp& read, bool dup_flag);
  // Anything else: retained, somebody else's, or of a run before.
  void foreign() { ++foreign_; }
  // One that has no stamp, where none has.
  void unstamped() { ++counted_; }
  // One of this run that is not what was sent. It is not received.
  void corrupt() { ++corrupt_; }

  uint32_t subscriber() const { return subscriber_; }
  const std::vector<SequenceTrack>& tracks() const {
    return tracks_;
  }  // one a slot of what is heard
  uint64_t duplicates_flagged() const { return duplicates_flagged_; }  // with DUP
  uint64_t duplicates_unflagged() const { return duplicates_unflagged_; }
  uint64_t reordered() const { return reordered_; }
  uint64_t reordered_by_max() const { return reordered_by_max_; }  // messages that overtook one
  uint64_t foreign_count() const { return foreign_; }
  // Of duplicates and reordered, what came by a shared subscription.
  uint64_t shared_duplicates() const { return shared_duplicates_; }
  uint64_t shared_reordered() const { return shared_reordered_; }
  uint64_t corrupt_count() const { return corrupt_; }
  // Where it is not known which ones: how many, but for those of a share that have a stamp.
  bool tracks_publishers() const { return tracked_; }
  uint64_t counted() const { return counted_; }

  uint32_t disconnects = 0;
  Qos granted = Qos::kAtMostOnce;
  Downgraded downgraded;

 private:
  // What this member of a share has got of each of its streams.
  struct Membership {
    uint32_t share;
    std::vector<uint64_t> next;  // the newest sequence number and one
  };
  bool arrived_by_share(const ReadStamp& read, bool dup_flag);
  void count_late(uint64_t behind);

  const LoadPlan* plan_;
  uint32_t subscriber_;
  ShareTracks* shares_;
  std::vector<Membership> memberships_;
  std::vector<SequenceTrack> tracks_;
  uint64_t duplicates_flagged_ = 0, duplicates_unflagged_ = 0;
  uint64_t reordered_ = 0, reordered_by_max_ = 0;
  uint64_t shared_duplicates_ = 0, shared_reordered_ = 0;
  uint64_t foreign_ = 0, corrupt_ = 0, counted_ = 0;
  bool tracked_;
};

struct Accounting {
  uint64_t planned = 0, sent = 0, acked = 0, refused = 0;
  uint64_t unanswered = 0;  // QoS 1 and 2, neither acknowledged nor refused
  uint64_t not_sent() const { return planned - sent; }

  // Deliveries: each message counts once for each subscriber that must get it.
  uint64_t expected = 0, received = 0;
  struct Lost {
    uint64_t qos0 = 0;       // allowed
    uint64_t acked = 0;      // the server had taken responsibility: a violation
    uint64_t unacked = 0;    // the server never answered
    uint64_t reconnect = 0;  // a connection on the way was lost and the session with it
    uint64_t all() const { return qos0 + acked + unacked + reconnect; }
  } lost;
  uint64_t duplicates_flagged = 0, duplicates_unflagged = 0;
  uint64_t duplicates() const { return duplicates_flagged + duplicates_unflagged; }
  uint64_t reordered = 0, reordered_by_max = 0;
  uint64_t foreign = 0;
  uint64_t corrupt = 0;
  uint64_t disconnects = 0;
  Downgraded downgraded;

  // What the server must not have done, in words; empty when it did nothing of the kind. After a
  // lost connection only what no reconnect excuses is judged.
  std::vector<std::string> violations;
};

// Adds what one did; what is expected, received, lost and unanswered depends on all of them.
void add(const LoadPlan& plan, uint32_t number, const PublisherOutcome& publisher, Accounting& to);
void add(const Deliveries& subscriber, Accounting& to);

// What other clients did.
void add(const Accounting& from, Accounting& to);

// Of a shard: what it does not have has done nothing.
// `qos` is that of flows which have none of their own.
Accounting account(const LoadPlan& plan, Qos qos, const std::vector<PublisherOutcome>& publishers,
                   const std::vector<Deliveries>& subscribers, const ShareTracks* shares = nullptr,
                   Verify verify = Verify::kSeq);

// The same by group of clients: of what a group publishes what was planned, sent, expected,
// received and lost, wherever that is received; of what its clients receive duplicates, order and
// what else came. Without violations. REQUIRES: subscribers track what they receive
std::vector<Accounting> account_groups(const LoadPlan& plan, Qos qos,
                                       const std::vector<PublisherOutcome>& publishers,
                                       const std::vector<Deliveries>& subscribers,
                                       const ShareTracks& shares);

}  // namespace mq
