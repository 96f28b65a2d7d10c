// What one client of a run publishes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/buffer.h"
#include "base/random.h"
#include "io/client_runner.h"
#include "mqbench/accounting.h"
#include "mqbench/load_context.h"
#include "mqbench/schedule.h"
#include "mqbench/stamp.h"

namespace mq {

// Sends what is due as soon as its connection takes it, and not before: what waits, waits here,
// with its planned time.
class LoadPublisher {
 public:
  // The runner is that of its client and tells it what happens.
  LoadPublisher(LoadContext& context, uint32_t number, ClientRunner& runner);

  // Open loop: when messages are due. The schedules outlive it.
  void set_schedules(const Schedule& warm_up, const Schedule& window);
  enum class Part : uint8_t { kWarmUp, kWindow };
  // One message more is due. True when it is the first since pump() was called.
  bool due(Part part) {
    ++(part == Part::kWarmUp ? warm_up_ : window_).due;
    return !std::exchange(has_due_, true);
  }
  // Sends what is due and has room.
  void pump(Time now);
  // The same for one from the context's list of the starving, which it has been taken off.
  void pump_starving(Time now) {
    starves_ = false;
    pump(now);
  }
  // Nothing could be sent for that long: what has not arrived is taken for lost.
  void write_off(Time now, Duration after);
  // Nothing more is sent; what was due by now and was not counts as not sent.
  void stop_sending(Time now);

  void on_acked(const Acked& acked, Now now);
  void on_lost(Time now);
  // The same where it is not the server's doing: it does not hold the publisher back.
  void on_cut(Time now);

  PublisherOutcome outcome() const;

 private:
  struct Messages {
    std::optional<Turns> turns;  // of the schedule; those taken were sent or given up
    uint64_t due = 0;
    uint64_t next = 0;  // how many those are
    uint64_t sent = 0;

    void take() {
      ++next;
      if (turns) turns->take();
    }
  };

  // One of the topics that its messages go to.
  struct Stream {
    uint64_t sent[2] = {0, 0};  // by Part; the next sequence number
  };
  uint32_t next_variant();
  const std::string& topic_of(uint32_t variant);
  Messages* next_due(Time now);
  void finish();
  uint32_t room();
  uint64_t under_way();
  bool send(Messages& part, Time now);
  void block(Time now);
  void unblock(Time now);
  uint32_t token(Time planned, bool warm_up) const;
  uint32_t time_units(Time at) const;
  static constexpr uint32_t token_times(uint32_t flows) { return (1u << 31) / flows; }
  GroupTally* group_tally();

  LoadContext& context_;
  const uint32_t number_;
  const uint32_t flow_;  // of the plan
  const uint32_t first_stream_;
  const Qos qos_;
  // A client may publish several flows: tokens tell whose an acknowledgement is.
  const uint32_t flow_in_group_, flows_in_group_;
  const uint32_t receivers_max_;  // of a message, whichever topic it goes to
  const bool receivers_are_even_;
  const uint32_t queue_max_;  // QoS 0 messages handed to the session and not written
  PayloadWriter payload_;
  Buffer properties_;  // with Correlation Data at their end, where the stamp is there
  ClientRunner& runner_;
  std::vector<Stream> streams_;      // by variant of the topic
  std::vector<std::string> topics_;  // the same, as far as they are kept
  std::string topic_;                // the last one that is not
  Random random_;
  Messages warm_up_, window_;
  uint64_t sent_ = 0;                        // of both parts
  uint64_t expected_ = 0, written_off_ = 0;  // deliveries, of both parts
  uint64_t acked_ = 0, refused_ = 0;
  uint32_t disconnects_ = 0;
  Time last_sent_{};
  std::optional<Time> blocked_since_;
  Time unblocked_at_{};
  bool is_cut_ = false;  // what keeps it from sending is that
  bool has_due_ = false;
  bool starves_ = false;  // is in the context's list
  bool done_ = false;
};

}  // namespace mq
