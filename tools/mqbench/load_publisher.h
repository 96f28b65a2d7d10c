// One publisher of a run.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "io/client_runner.h"
#include "mqbench/accounting.h"
#include "mqbench/load_client.h"
#include "mqbench/schedule.h"

namespace mq {

// Sends what is due as soon as its connection takes it, and not before: what waits, waits here,
// with its planned time.
class LoadPublisher final : private ClientRunner::Handler {
 public:
  LoadPublisher(LoadContext& context, uint32_t number);

  void connect();
  // Open loop: when messages are due.
  void set_schedules(const Schedule* warm_up, const Schedule* window);
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
  // DISCONNECT, then the owner's client_ended().
  void stop();

  int fd() const { return runner_.fd(); }  // -1 without a connection

  PublisherOutcome outcome() const;

 private:
  struct Messages {
    const Schedule* schedule = nullptr;
    uint64_t due = 0;
    uint64_t next = 0;  // of the schedule; the ones before it were sent or given up
    uint64_t sent = 0;  // the next sequence number
  };

  void on_event(const ClientEvent& event, Now now) override;
  void on_progress(Now now) override;
  void on_lost(const Error& error, Duration retry_in, Now now) override;
  void on_ended(const Error* error, Now now) override;

  void on_acked(const Acked& acked, Now now);
  Messages* next_due(Time now);
  void finish();
  uint32_t room();
  uint64_t under_way();
  bool send(Messages& part, Time now);
  void block(Time now);
  void unblock(Time now);
  uint32_t token(Time planned, bool warm_up) const;

  LoadContext& context_;
  const uint32_t number_;
  const uint32_t receivers_;
  const std::string topic_;
  const uint32_t queue_max_;  // QoS 0 messages handed to the session and not written
  std::vector<uint8_t> payload_;
  ClientRunner runner_;
  Messages warm_up_, window_;
  uint64_t sent_ = 0, written_off_ = 0;  // of both parts
  uint64_t acked_ = 0, refused_ = 0;
  uint32_t disconnects_ = 0;
  Time connect_start_{}, last_sent_{};
  std::optional<Time> blocked_since_;
  Time unblocked_at_{};
  bool was_ready_ = false;
  bool has_due_ = false;
  bool starves_ = false;  // is in the context's list
  bool done_ = false;
};

}  // namespace mq
