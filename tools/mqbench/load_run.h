// A run from the first connection to the last delivery.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/result.h"
#include "io/loop.h"
#include "io/signals.h"
#include "mqbench/accounting.h"
#include "mqbench/delivery_counter.h"
#include "mqbench/host_signals.h"
#include "mqbench/load_options.h"
#include "mqbench/progress_line.h"
#include "mqbench/start_barrier.h"
#include "mqbench/tally.h"
#include "mqbench/worker.h"

namespace mq {

struct LoadResult {
  Accounting accounting;
  std::vector<Accounting> groups;  // of a scenario, as in the plan
  Tally tally;                     // of all threads
  std::vector<Interval> intervals;
  HostSignals host;                  // over the measured part
  std::vector<double> threads_busy;  // share of the measured part that each thread computed
  WallTime started{};
  Duration window{0};      // length of the measured part
  Duration connecting{0};  // until all clients were ready
  Duration drain{0};       // from its end to the last delivery, or until given up
  int signal = 0;          // that ended it early, 0 for none
};

// Phases: connect, warm up, measure, drain. Lives on the calling thread, whose loop only waits for
// the workers.
class LoadRun {
 public:
  explicit LoadRun(const LoadOptions& options);

  // An error when it could not be carried out: no connection, no subscription, a payload that the
  // server does not take. May be called once.
  Result<LoadResult> run();

  // Sees the result until now, once a second of the measured part; true ends the run as if it had
  // been interrupted. Before run().
  using Watch = std::function<bool(const LoadResult& so_far)>;
  void watch(Watch watch) { watch_ = std::move(watch); }
  // What the watcher may use, too.
  Loop& loop() { return loop_; }

 private:
  enum class Phase : uint8_t { kConnecting, kSending, kDraining, kHolding, kStopping };

  void on_news(size_t worker, Worker::News news);
  void on_signal(int number);
  void all_ready();
  void begin();
  void watch_host(Now now);
  void on_snapshot(size_t worker, std::shared_ptr<const WorkerSnapshot> snapshot);
  LoadResult result_so_far() const;
  void end_early();
  void drain();
  void poll_drain(Now now);
  void show_progress(Now now);
  void stop();
  LoadResult result() const;
  void add_intervals(const std::vector<Interval>& from, LoadResult& to) const;

  const LoadOptions& options_;
  Loop loop_;
  DeliveryCounter deliveries_;
  ShareTracks shares_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::unique_ptr<StartBarrier> barrier_;
  Timer timer_, progress_timer_, host_timer_;
  std::optional<ProgressLine> progress_line_;  // on a terminal
  Signals signals_;
  Watch watch_;
  std::vector<std::shared_ptr<const WorkerSnapshot>> snapshots_;  // of this second, of each worker
  size_t snapshots_taken_ = 0;
  BrokerProcess broker_;
  std::optional<HostSnapshot> host_before_, host_after_;
  Phase phase_ = Phase::kConnecting;
  RunTimes times_;
  WallTime started_{};
  Duration connecting_{0};
  Time connect_start_{}, drain_start_{}, drain_end_{};
  Time drain_until_ = kNever, drain_max_ = kNever;
  Duration drain_gap_{0};
  uint64_t drain_left_ = 0;  // to arrive or to be acknowledged, when last looked at
  size_t ready_ = 0, sent_ = 0, ended_ = 0;
  int signal_ = 0;
  std::optional<Error> error_;
};

}  // namespace mq
