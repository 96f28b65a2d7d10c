// One thread of a run: a loop, and the clients that never leave it.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "io/loop.h"
#include "io/precise_timer.h"
#include "mqbench/load_client.h"
#include "mqbench/load_publisher.h"
#include "mqbench/schedule.h"
#include "mqbench/socket_watch.h"

namespace mq {

// What a thread has measured until now.
struct WorkerSnapshot {
  Tally tally;
  Accounting counts;  // without what was lost: that is known at the end
  double cpu_s = 0;   // of the measured part
  Time at{};
};

class Worker final : private BeforeSleep, private LoadContext::Owner {
 public:
  // What a worker says to whoever started it, in this order but for kFailed. Told on the worker's
  // thread.
  enum class News : uint8_t {
    kReady,   // all its clients are connected and subscribed
    kSent,    // all its publishers have sent what they had to
    kFailed,  // the run cannot go on: error() says why
    kEnded,   // all its clients have disconnected; join() returns soon
  };
  using Tell = std::function<void(News)>;

  // Takes every threads-th client of each group, beginning with number `index`. Throws when there
  // is no descriptor left for its timer.
  Worker(const LoadOptions& options, uint32_t index, DeliveryCounter& deliveries,
         ShareTracks& shares, Tell tell);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // Called by the owner. start() runs the thread and connects.
  void start();
  void begin(const RunTimes& times);  // after kReady
  void stop_sending();                // kSent follows if it has not been told
  void stop();
  void join();
  // Tells how far it is, once a second of the measured part, on its thread. Before start().
  void watch(std::function<void(std::shared_ptr<const WorkerSnapshot>)> seen) {
    seen_ = std::move(seen);
  }
  // For workers among each other: deliveries have been counted that somebody waits for.
  void set_peers(std::vector<Worker*> peers) { peers_ = std::move(peers); }

  // How far it is; any thread may look.
  struct Progress {
    std::atomic<uint64_t> expected{0};  // deliveries that its publishers' messages make
    std::atomic<uint64_t> received{0};  // by its subscribers, first copies
    std::atomic<uint64_t> unacked{0};   // by its publishers
    // In the time of the measured part, whoever sent it.
    std::atomic<uint64_t> sent_so_far{0}, received_so_far{0};
  };
  const Progress& progress() const { return progress_; }

  // The results, once join() has returned.
  const Error& error() const { return *error_; }
  const Tally& tally() const { return context_.tally; }
  const std::vector<Interval>& intervals() const { return context_.intervals.intervals(); }
  const std::vector<uint32_t>& publisher_numbers() const { return publisher_numbers_; }
  const std::vector<PublisherOutcome>& publishers() const { return publisher_outcomes_; }
  const std::vector<Deliveries>& subscribers() const { return subscriber_outcomes_; }

 private:
  void run();
  void before_sleep(Now now) override;
  void client_ready() override;
  void client_failed(const Error& error) override;
  void client_ended() override;

  void make_clients();
  void make_flows();
  void connect_more();
  bool all_ready() const;
  void begin_here(const RunTimes& times);
  void on_window_timer(Time now);
  void set_interval_timer();
  void on_interval_timer(Time now);
  void set_storm_timer();
  void on_storm_timer(Now now);
  void raise(uint32_t storm, Now now);
  void stop_sending_here(Time now);
  void pump_all(Time now);
  void pump_due(Time now);
  void wait_until(Time next, Time now);  // to send
  void pump_starving(Time now);
  void wake_peers();
  void check_stall(Time now);
  void begin_window();
  void end_window(Time now);
  void watch_sockets(Time now);
  void mark_interval(Time now);
  void take_snapshot(Time now);
  void stop_here();
  void keep_outcomes();

  Loop loop_;
  LoadContext context_;
  const uint32_t index_;
  const Tell tell_;
  std::function<void(std::shared_ptr<const WorkerSnapshot>)> seen_;
  struct Members {  // of one group, by their numbers in it
    const LoadPlan::Group* group;
    std::vector<uint32_t> numbers;
  };
  std::vector<Members> members_;
  std::vector<uint32_t> publisher_numbers_;  // in the order of publishers_
  // Sockets that are looked at: of some of those who publish, and of some who subscribe.
  struct WatchedSender {
    LoadClient* client;
    SendWatch watch;
  };
  std::vector<WatchedSender> watched_senders_;
  std::vector<LoadClient*> watched_receivers_;
  std::deque<ReceiveWatch> receive_watches_;  // of those
  // Addresses do not move. Live on the worker's thread only.
  std::deque<LoadClient> clients_;
  std::deque<LoadPublisher> publishers_;

  size_t next_to_connect_ = 0, ready_ = 0, ended_ = 0;
  struct PacedFlow {
    PacedFlow(Schedule before, Schedule measured)
        : warm_up(std::move(before)), window(std::move(measured)) {}
    Schedule warm_up, window;
    std::optional<Pacer> warm_up_pacer, window_pacer;
    std::vector<LoadPublisher*> publishers;  // of this thread, in the order of the pacers
  };
  std::deque<PacedFlow> flows_;  // of an open loop
  // Makes turn follow turn: with --busy-poll, from the beginning to the end of a run.
  struct KeepAwake final : BeforeSleep {
    explicit KeepAwake(Loop& on) : loop(on) {}
    void before_sleep(Now) override { loop.once(*this); }
    Loop& loop;
  };
  std::optional<KeepAwake> keep_awake_;
  Time next_due_ = kNever;                    // when the next message is to be sent
  std::vector<LoadPublisher*> due_, pumped_;  // in use within one call, kept for their memory
  PreciseTimer pace_timer_;
  Timer window_timer_, connect_timer_, interval_timer_, stall_timer_, snapshot_timer_, storm_timer_;
  uint32_t next_storm_ = 0;
  const LoadPlan::Group* connecting_ = nullptr;
  size_t first_of_group_ = 0;  // from which connections are counted
  Time connect_start_{};
  std::optional<double> cpu_at_start_s_;  // of the measured part, while it lasts
  double cpu_at_mark_s_ = 0;              // of the present interval
  Time marked_at_{};
  Time next_interval_ = kNever;  // when it begins
  bool holds_ = false;  // nothing is to be sent: what there is is held until the time is over
  bool begun_ = false, told_sent_ = false, told_failed_ = false, stopping_ = false;

  Progress progress_;
  std::vector<Worker*> peers_;
  std::atomic<bool> starving_{false};  // a publisher waits for deliveries of other threads

  std::optional<Error> error_;
  std::vector<PublisherOutcome> publisher_outcomes_;
  std::vector<Deliveries> subscriber_outcomes_;
  std::thread thread_;
};

}  // namespace mq
