#include "mqbench/load_run.h"

#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <csignal>
#include <utility>

#include <fmt/core.h>

#include "common/console.h"
#include "mqbench/descriptor_limit.h"

namespace mq {
namespace {

// From the order to begin to the first message: enough for every thread to have heard it.
constexpr Duration kStartDelay = std::chrono::milliseconds(20);
constexpr Duration kDrainPoll = std::chrono::milliseconds(2);
// Whoever interrupts wants the summary now.
constexpr Duration kInterruptedDrain = std::chrono::milliseconds(300);
// What still comes is not lost, and a broker that has acknowledged it must not be said to have lost
// it. As long as messages that it is responsible for arrive, the wait begins anew, so many times at
// most.
constexpr int kDrainsMax = 10;
// So that the loop that waits for the workers has something to wait for.
constexpr Duration kIdle = std::chrono::hours(24);

constexpr Duration kProgressInterval = std::chrono::seconds(1);
constexpr std::string_view kClearLine = "\x1b[K";  // from the cursor on

// The processes of all servers that clients connect to, as far as they are here.
BrokerProcess find_brokers(const LoadOptions& options) {
  std::vector<Address> addresses = options.hosts;
  if (options.runner.proxy) {
    addresses = {options.runner.proxy->address};
  } else if (addresses.empty()) {
    addresses = {options.runner.address};
  }
  BrokerProcess all;
  for (const Address& address : addresses) {
    const BrokerProcess one = find_broker(address);
    all.is_local = all.is_local || one.is_local;
    for (const int pid : one.pids) {
      if (std::ranges::find(all.pids, pid) == all.pids.end()) all.pids.push_back(pid);
    }
  }
  return all;
}

// In words, what shards must have been told alike to carry out one load together.
std::string shared_load(const LoadOptions& load) {
  std::string text =
      fmt::format("{} shards, {} {} -> {}, QoS {} to {}, {} B {}, verify {}, ", load.shards,
                  name(load.plan.pattern()), load.plan.publishers(), load.plan.subscribers(),
                  static_cast<int>(load.qos), static_cast<int>(load.sub_qos), load.payload_size,
                  load.payloads.described, name(load.verify));
  text += load.rate ? fmt::format("{:g}/s", *load.rate) : fmt::format("max, {}", load.inflight);
  for (const RateStage& stage : load.stages) {
    text += fmt::format(" {:g}s:{:g}", seconds(stage.length), stage.rate);
  }
  return text + fmt::format(", {} {} seed {}, {} messages, {:g} s after {:g} s",
                            name(load.arrival.arrival), name(load.arrival.phase), load.arrival.seed,
                            load.messages, seconds(load.duration), seconds(load.warm_up));
}

}  // namespace

LoadRun::LoadRun(const LoadOptions& options)
    : options_(options),
      deliveries_(options.plan.publishers()),
      shares_(options.plan),
      timer_(loop_, [this](Now now) { poll_drain(now); }),
      progress_timer_(loop_, [this](Now now) { show_progress(now); }),
      host_timer_(loop_, [this](Now now) { watch_host(now); }),
      signals_(loop_, {SIGINT, SIGTERM}, [this](int number) { on_signal(number); }) {
  raise_descriptor_limit();
  for (uint32_t i = 0; i < options.threads; ++i) {
    workers_.push_back(std::make_unique<Worker>(
        options, i, deliveries_, shares_,
        [this, i](Worker::News news) { loop_.post([this, i, news] { on_news(i, news); }); }));
  }
  for (const auto& worker : workers_) {
    std::vector<Worker*> peers;
    for (const auto& other : workers_) {
      if (other != worker) peers.push_back(other.get());
    }
    if (!options.open_loop()) worker->set_peers(std::move(peers));
  }
}

Result<LoadResult> LoadRun::run() {
  for (size_t i = 0; watch_ && i < workers_.size(); ++i) {
    workers_[i]->watch([this, i](std::shared_ptr<const WorkerSnapshot> snapshot) {
      loop_.post([this, i, snapshot] { on_snapshot(i, snapshot); });
    });
  }
  snapshots_.resize(workers_.size());
  connect_start_ = loop_.read_clock().mono;
  for (const auto& worker : workers_) worker->start();
  timer_.set(loop_.now().mono + kIdle);
  loop_.run();
  for (const auto& worker : workers_) worker->join();
  if (error_) return tl::unexpected(*error_);
  return result();
}

void LoadRun::on_news(size_t worker, Worker::News news) {
  switch (news) {
    case Worker::News::kReady:
      if (++ready_ == workers_.size() && phase_ == Phase::kConnecting) all_ready();
      break;
    case Worker::News::kSent:
      if (++sent_ == workers_.size() && phase_ == Phase::kSending) drain();
      break;
    case Worker::News::kFailed:
      if (!error_) error_ = workers_[worker]->error();
      stop();
      break;
    case Worker::News::kEnded:
      if (++ended_ == workers_.size()) loop_.stop();
      break;
  }
}

void LoadRun::all_ready() {
  connecting_ = loop_.read_clock().mono - connect_start_;
  if (!options_.sync) return begin();
  barrier_ = std::make_unique<StartBarrier>(
      loop_,
      BarrierOptions{options_.sync->runner, options_.sync->client, options_.run_name,
                     options_.shard, options_.shards, shared_load(options_),
                     options_.sync->timeout},
      [this](Result<void> all) {
        if (phase_ != Phase::kConnecting) return;
        if (all) return begin();
        error_ = all.error();
        stop();
      });
  barrier_->wait();
}

void LoadRun::begin() {
  broker_ = find_brokers(options_);
  const Now now = loop_.read_clock();
  phase_ = Phase::kSending;
  started_ = now.wall;
  times_.warm_up_start = now.mono + kStartDelay;
  times_.window_start = times_.warm_up_start + options_.warm_up;
  if (options_.duration > Duration::zero()) {
    times_.window_end = times_.window_start + options_.duration;
    timer_.set(add(times_.window_end, options_.drain));  // for what cannot be sent
  }
  host_timer_.set(times_.window_start);
  if (options_.shows_progress && isatty(STDERR_FILENO) == 1) {
    const bool endless = options_.duration >= kEndless;
    progress_line_.emplace(times_.window_start, endless ? Duration(0) : options_.duration);
    progress_timer_.set(times_.window_start + kProgressInterval);
  }
  for (const auto& worker : workers_) worker->begin(times_);
}

// At the beginning of the measured part and at its end, whichever way that comes.
void LoadRun::watch_host(Now now) {
  if (!host_before_) {
    if (now.mono < times_.window_start) return;  // it ended before it began
    host_before_ = read_host(broker_, now.mono);
    host_timer_.set(times_.window_end);
  } else if (!host_after_) {
    host_after_ = read_host(broker_, now.mono);
    host_timer_.cancel();
  }
}

void LoadRun::on_snapshot(size_t worker, std::shared_ptr<const WorkerSnapshot> snapshot) {
  if (phase_ != Phase::kSending) return;
  if (!snapshots_[worker]) ++snapshots_taken_;
  snapshots_[worker] = std::move(snapshot);
  if (snapshots_taken_ < workers_.size()) return;
  const bool ends = watch_(result_so_far());
  snapshots_taken_ = 0;
  for (auto& taken : snapshots_) taken.reset();
  if (ends) end_early();
}

LoadResult LoadRun::result_so_far() const {
  LoadResult result;
  result.started = started_;
  result.connecting = connecting_;
  for (const auto& snapshot : snapshots_) {
    result.window = std::max(result.window, snapshot->at - times_.window_start);
    result.tally.merge(snapshot->tally);
    add(snapshot->counts, result.accounting);
  }
  for (const auto& snapshot : snapshots_) {
    result.threads_busy.push_back(snapshot->cpu_s / seconds(result.window));
  }
  return result;
}

// The measured part is over now, and what is under way may still arrive.
void LoadRun::end_early() {
  times_.window_end = std::min(times_.window_end, loop_.read_clock().mono);
  for (const auto& worker : workers_) worker->stop_sending();
}

void LoadRun::show_progress(Now now) {
  Progress sum;
  uint64_t expected = 0, received = 0;
  for (const auto& worker : workers_) {
    sum.sent += worker->progress().sent_so_far.load(std::memory_order_relaxed);
    sum.received += worker->progress().received_so_far.load(std::memory_order_relaxed);
    expected += worker->progress().expected.load(std::memory_order_relaxed);
    received += worker->progress().received.load(std::memory_order_relaxed);
  }
  sum.under_way = expected - std::min(expected, received);
  write_all(STDERR_FILENO, fmt::format("\r{}{}", progress_line_->next(sum, now.mono), kClearLine));
  progress_timer_.set(now.mono + kProgressInterval);
}

void LoadRun::drain() {
  const Now now = loop_.read_clock();
  phase_ = Phase::kDraining;
  // At full speed and after an interruption this is the end of the measured part.
  if (times_.window_end == kNever || now.mono >= times_.window_end) watch_host(now);
  drain_start_ = std::min(now.mono, times_.window_end);
  // From the last message on, which may have been sent late: it has the same time to arrive.
  drain_gap_ = signal_ == 0 ? options_.drain : kInterruptedDrain;
  drain_until_ = drain_max_ = add(now.mono, drain_gap_);
  if (options_.some_acknowledged()) {
    for (int i = 1; i < kDrainsMax; ++i) drain_max_ = add(drain_max_, drain_gap_);
  }
  poll_drain(now);
}

void LoadRun::poll_drain(Now now) {
  if (phase_ == Phase::kSending) {
    for (const auto& worker : workers_) worker->stop_sending();
    return timer_.set(now.mono + kIdle);
  }
  if (phase_ == Phase::kHolding) return stop();
  if (phase_ != Phase::kDraining) return timer_.set(now.mono + kIdle);
  uint64_t expected = 0, received = 0, unacked = 0;
  for (const auto& worker : workers_) {
    expected += worker->progress().expected.load(std::memory_order_relaxed);
    received += worker->progress().received.load(std::memory_order_relaxed);
    unacked += worker->progress().unacked.load(std::memory_order_relaxed);
  }
  const uint64_t left = expected - std::min(expected, received) + unacked;
  if (left != drain_left_) {
    drain_left_ = left;
    drain_until_ = std::min(add(now.mono, drain_gap_), drain_max_);
  }
  if (left == 0 || now.mono >= drain_until_) {
    drain_end_ = now.mono;
    if (signal_ != 0 || options_.hold == Duration::zero()) return stop();
    phase_ = Phase::kHolding;
    return timer_.set(now.mono + options_.hold);
  }
  timer_.set(now.mono + kDrainPoll);
}

void LoadRun::on_signal(int number) {
  if (signal_ != 0) {  // the second time it is meant as it is
    std::signal(number, SIG_DFL);
    std::raise(number);
  }
  signal_ = number;
  if (phase_ == Phase::kSending) {
    end_early();
  } else if (phase_ == Phase::kDraining) {
    drain_until_ = drain_max_ = loop_.read_clock().mono;
  } else {
    stop();
  }
}

void LoadRun::stop() {
  if (phase_ == Phase::kStopping) return;
  phase_ = Phase::kStopping;
  if (barrier_) barrier_->stop();
  progress_timer_.cancel();
  if (std::exchange(progress_line_, std::nullopt)) {
    write_all(STDERR_FILENO, fmt::format("\r{}", kClearLine));
  }
  if (host_before_) watch_host(loop_.read_clock());
  host_timer_.cancel();
  timer_.set(loop_.now().mono + kIdle);
  for (const auto& worker : workers_) worker->stop();
}

// Adds what a thread measured to the same intervals of the others. A run that was interrupted ends
// within its last one.
void LoadRun::add_intervals(const std::vector<Interval>& from, LoadResult& to) const {
  const double window_s = seconds(to.window);
  if (to.intervals.size() < from.size()) to.intervals.resize(from.size());
  for (size_t i = 0; i < from.size(); ++i) {
    Interval& interval = to.intervals[i];
    const bool last = i + 1 == to.intervals.size();
    interval.start_s = seconds(options_.interval_start(i));
    const double end_s = last ? window_s : seconds(options_.interval_start(i + 1));
    interval.length_s = std::max(end_s - interval.start_s, 0.0);
    interval.sent += from[i].sent;
    interval.received += from[i].received;
    interval.backlog += from[i].backlog;
    interval.client_cpu = std::max(interval.client_cpu, from[i].client_cpu);
    Histogram sum = interval.histogram();
    const bool merged = sum.merge(from[i].histogram()).has_value();
    assert(merged);  // all are of the usual configuration
    static_cast<void>(merged);
    Buffer encoded;
    sum.encode(encoded);
    interval.response.assign(encoded.bytes().begin(), encoded.bytes().end());
  }
}

LoadResult LoadRun::result() const {
  LoadResult result;
  result.started = started_;
  result.signal = signal_;
  result.connecting = connecting_;
  // Without an end of its own the measured part is over when everything has arrived.
  const Time end = times_.window_end == kNever ? drain_end_ : times_.window_end;
  if (end > times_.window_start) result.window = end - times_.window_start;
  if (host_before_ && host_after_) {
    result.host = difference(*host_before_, *host_after_, broker_);
  }
  if (drain_end_ > drain_start_) result.drain = drain_end_ - drain_start_;

  std::vector<PublisherOutcome> publishers(options_.plan.publishers());
  std::vector<Deliveries> subscribers;
  for (const auto& worker : workers_) {
    result.tally.merge(worker->tally());
    add_intervals(worker->intervals(), result);
    const double window_s = seconds(result.window);
    result.threads_busy.push_back(window_s > 0 ? worker->tally().cpu_s / window_s : 0);
    const auto& numbers = worker->publisher_numbers();
    for (size_t i = 0; i < worker->publishers().size(); ++i) {
      publishers[numbers[i]] = worker->publishers()[i];
    }
    const auto& deliveries = worker->subscribers();
    subscribers.insert(subscribers.end(), deliveries.begin(), deliveries.end());
  }
  for (Interval& interval : result.intervals) {
    interval.backlog = std::max<int64_t>(interval.backlog, 0);
  }
  result.accounting =
      account(options_.plan, options_.qos, publishers, subscribers, &shares_, options_.verify);
  if (options_.is_scenario()) {
    result.groups = account_groups(options_.plan, options_.qos, publishers, subscribers, shares_);
    for (size_t i = 0; i < result.groups.size(); ++i) {
      const uint64_t idle = result.tally.groups[i].idle_disconnects;
      result.groups[i].disconnects += idle;
      result.accounting.disconnects += idle;
    }
  }
  for (size_t i = 0; i < options_.storms.size(); ++i) {
    const GroupStorm& storm = options_.storms[i];
    const LoadPlan::Group& group = options_.plan.client_groups()[storm.group];
    add_events(storm, result.tally.storms[i], group.name, group.clients, result.tally.events);
  }
  return result;
}

}  // namespace mq
