// A storm of connections from the first to the last.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/result.h"
#include "io/loop.h"
#include "io/signals.h"
#include "mqbench/accounting.h"
#include "mqbench/background_flow.h"
#include "mqbench/host_signals.h"
#include "mqbench/storm_args.h"
#include "mqbench/storm_client.h"

namespace mq {

struct StormResult {
  StormTally tally;  // of the storm alone
  WallTime started{};
  Duration length{0};                          // of the storm
  uint64_t wanted = 0;                         // clients that were to be connected by it
  uint64_t back = 0;                           // and those that were at its end
  std::optional<Duration> back_99, back_all;   // from its beginning; none: never
  std::optional<double> bytes_per_connection;  // of mqbench's memory
  double thread_busy = 0;                      // share of the storm in which its thread computed
  HostSignals host;
  struct Flow {
    Histogram before, during;  // response times
    Accounting accounting;
  };
  std::optional<Flow> flow;
  std::vector<Threshold> thresholds;  // what --fail-if came to
  bool unjudged = false;              // there was nothing of the kind that a condition is about
  int signal = 0;
};

// Phases: find the broker, connect those who are to be there before, watch the flow of messages for
// two seconds, storm, leave. Clients live on the calling thread, the flow on its own.
class StormRun final : private StormClient::Events, private BackgroundFlow::Events {
 public:
  explicit StormRun(const StormOptions& options);

  // An error when nobody answers, or the flow could not be made. May be called once.
  Result<StormResult> run();

 private:
  enum class Phase : uint8_t { kFilling, kFlow, kBefore, kStorm, kLeaving, kDone };

  void up(StormClient& client, Now now) override;
  void failed(StormClient& client, Now now) override;
  void lost(StormClient& client, Now now) override;
  void gone(StormClient& client, Now now) override;
  void flow_ready() override;
  void flow_failed(const Error& error) override;
  void flow_ended() override;

  Result<void> find_address();
  void fill();
  void start_flow();
  void begin_storm(Now now);
  void end_storm(Now now);
  void leave();
  void maybe_done();
  void cut_some(Now now);
  void want(StormClient& client, Time at);
  void try_more(Now now);
  void on_timer(Now now);
  void on_signal(int number);
  uint64_t due_by(Time now) const;
  Time due_at(uint64_t nth) const;
  uint32_t window() const;

  const StormOptions& options_;
  Loop loop_;
  Random random_;
  StormTally fill_tally_;
  StormResult result_;
  StormClient::Context context_;
  std::deque<StormClient> clients_;  // addresses do not move
  std::unique_ptr<BackgroundFlow> flow_;
  Timer timer_, deadline_;
  Signals signals_;

  // Who waits for a try, by when it may begin.
  struct Waiting {
    Time at;
    StormClient* client;
  };
  std::vector<Waiting> waiting_;   // a heap
  std::deque<StormClient*> idle_;  // of a churn: slots for the next one that is due
  uint64_t begun_ = 0;             // tries of the plan that have begun
  uint64_t up_ = 0, trying_ = 0, left_ = 0;
  uint64_t back_by_ = 0;  // of those who are wanted, first time up in the storm

  Phase phase_ = Phase::kFilling;
  Time storm_start_{}, storm_end_ = kNever, flow_start_{};
  double cpu_start_s_ = 0;
  uint64_t memory_start_ = 0;
  BrokerProcess broker_;
  HostSnapshot host_start_;
  bool flow_runs_ = false, clients_left_ = false;
  std::optional<Error> error_;
};

}  // namespace mq
