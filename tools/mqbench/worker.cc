#include "mqbench/worker.h"

#include <sched.h>

#include <algorithm>
#include <cassert>
#include <ctime>
#include <utility>

namespace mq {
namespace {

// At full speed: how often it is looked whether deliveries have stopped coming, and how long they
// must have before the missing ones are taken for lost.
constexpr Duration kStallCheck = std::chrono::milliseconds(250);
constexpr Duration kStallAfter = std::chrono::seconds(1);
// Messages that are due within less than that of each other go out together, behind the last one
// and never early. Each time costs a wake-up and a write for each of their publishers, and the
// same again in the server: at 50,000 messages a second five share them. With what a timer is late
// (doctor shows it) the send lag stays under 0.15 ms, and well under the verdict's 0.2 ms.
constexpr Duration kPaceMin = std::chrono::microseconds(90);
// How often it is looked at how long what is read had waited, in all sockets of a thread together:
// each look is a system call.
constexpr Duration kReceiveWatchGap = std::chrono::milliseconds(2);
constexpr Duration kSnapshotInterval = std::chrono::seconds(1);

double thread_cpu_s() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) / 1e9;
}

// The calling thread stays on one of the processors that it may use: threads go round them.
void pin_thread(uint32_t index) {
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return;
  const auto count = static_cast<uint32_t>(CPU_COUNT(&allowed));
  if (count == 0) return;
  uint32_t left = index % count;
  for (size_t cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &allowed) || left-- > 0) continue;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    sched_setaffinity(0, sizeof one, &one);
    return;
  }
}

// Of this process's clients among `count`, those of one thread.
std::vector<uint32_t> share_of(const LoadOptions& options, uint32_t index, uint32_t count) {
  std::vector<uint32_t> numbers;
  uint32_t own = 0;
  for (uint32_t i = 0; i < count; ++i) {
    if (options.is_own(i) && own++ % options.threads == index) numbers.push_back(i);
  }
  return numbers;
}

// Every how many of `count` sockets is looked at, by one of several threads.
size_t watch_step(size_t count, uint32_t threads) {
  const size_t most = std::max<size_t>(kWatchedSocketsMax / threads, 1);
  return std::max<size_t>((count + most - 1) / most, 1);
}

// What is due in the measured part of a run.
Schedule window_schedule(const LoadOptions& options, uint32_t flow, Time start) {
  return Schedule(start, options.curve(flow), options.planned(flow),
                  options.plan.flows()[flow].publishers, options.flow(flow).arrival);
}

// And before it, at the rate that it begins with.
Schedule warm_up_schedule(const LoadOptions& options, uint32_t flow, Time start) {
  ArrivalOptions arrival = options.flow(flow).arrival;
  arrival.seed = ~arrival.seed;
  const double rate = options.flow(flow).first_rate();
  return Schedule(start, RateCurve(rate > 0 ? rate : 1), messages_in(options.warm_up, rate),
                  options.plan.flows()[flow].publishers, arrival);
}

}  // namespace

Worker::Worker(const LoadOptions& options, uint32_t index, DeliveryCounter& deliveries,
               ShareTracks& shares, Tell tell)
    : context_{.loop = loop_,
               .options = options,
               .deliveries = deliveries,
               .shares = shares,
               .owner = *this},
      index_(index),
      tell_(std::move(tell)),
      pace_timer_(loop_, [this](Now now) { pump_due(now.mono); }),
      window_timer_(loop_, [this](Now now) { on_window_timer(now.mono); }),
      connect_timer_(loop_, [this](Now) { connect_more(); }),
      interval_timer_(loop_, [this](Now now) { on_interval_timer(now.mono); }),
      stall_timer_(loop_, [this](Now now) { check_stall(now.mono); }),
      snapshot_timer_(loop_, [this](Now now) { take_snapshot(now.mono); }),
      storm_timer_(loop_, [this](Now now) { on_storm_timer(now); }) {
  context_.tally.storms.resize(options.storms.size());
  for (const LoadPlan::Group& group : options.plan.client_groups()) {
    members_.push_back({&group, share_of(options, index, group.clients)});
  }
  if (options.is_scenario()) {
    context_.tally.groups.resize(options.plan.client_groups().size());
  }
}

Worker::~Worker() {
  assert(!thread_.joinable());
}

void Worker::start() {
  thread_ = std::thread([this] { run(); });
}

void Worker::join() {
  if (thread_.joinable()) thread_.join();
}

void Worker::begin(const RunTimes& times) {
  loop_.post([this, times] { begin_here(times); });
}

void Worker::stop_sending() {
  loop_.post([this] { stop_sending_here(loop_.read_clock().mono); });
}

void Worker::stop() {
  loop_.post([this] { stop_here(); });
}

void Worker::run() {
  connect_start_ = loop_.now().mono;
  if (context_.options.pin) pin_thread(index_);
  make_clients();
  loop_.add(*this);
  connect_more();
  if (all_ready()) tell_(News::kReady);
  // Something has to keep the loop running that has no client.
  stall_timer_.set(loop_.now().mono + kStallCheck);
  loop_.run();
  keep_outcomes();
  // Messages belong to this thread, and with them the clients.
  publishers_.clear();
  clients_.clear();
  pace_timer_.set(kNever);
  loop_.remove(*this);
  tell_(News::kEnded);
}

void Worker::keep_outcomes() {
  context_.intervals.close(context_.tally.response);
  for (const LoadPublisher& publisher : publishers_) {
    publisher_outcomes_.push_back(publisher.outcome());
  }
  for (const LoadClient& client : clients_) {
    if (const Deliveries* deliveries = client.deliveries()) {
      subscriber_outcomes_.push_back(*deliveries);
    }
  }
}

void Worker::make_clients() {
  const LoadPlan& plan = context_.options.plan;
  for (const auto& [group, numbers] : members_) {
    const size_t step = watch_step(numbers.size(), context_.options.threads);
    for (size_t at = 0; at < numbers.size(); ++at) {
      const uint32_t number = numbers[at];
      const bool watched = at % step == 0;
      ReceiveWatch* watch = nullptr;
      if (watched && group->first_subscriber) {
        watch = &receive_watches_.emplace_back(loop_, context_.tally.recv_wait);
      }
      LoadClient& client = clients_.emplace_back(context_, *group, number, watch);
      if (watch != nullptr) watched_receivers_.push_back(&client);
      if (watched && group->flows > 0) watched_senders_.push_back({&client, {}});
      for (uint32_t i = 0; i < group->flows; ++i) {
        const uint32_t publisher = plan.flows()[group->first_flow + i].first_publisher + number;
        publisher_numbers_.push_back(publisher);
        client.add(publishers_.emplace_back(context_, publisher, client.runner()));
      }
    }
  }
}

void Worker::connect_more() {
  const LoadOptions& options = context_.options;
  const uint32_t share = std::max(options.connecting_max / options.threads, 1u);
  const Time now = loop_.now().mono;
  while (next_to_connect_ < clients_.size() && next_to_connect_ - ready_ < share) {
    // A group that has a rate of its own begins to count when it begins.
    const LoadPlan::Group& group = clients_[next_to_connect_].group();
    const double rate = group.connect_rate > 0 ? group.connect_rate : options.connect_rate;
    if (group.connect_rate > 0 && &group != connecting_) {
      first_of_group_ = next_to_connect_;
      connect_start_ = now;
    }
    connecting_ = &group;
    if (rate > 0) {
      const double due_s =
          static_cast<double>(next_to_connect_ - first_of_group_) * options.threads / rate;
      const Time due = connect_start_ + Duration(static_cast<int64_t>(due_s * 1e9));
      if (due > now) return connect_timer_.set(due);
    }
    clients_[next_to_connect_++].connect();
  }
}

void Worker::client_ready() {
  ++ready_;
  if (stopping_) return;
  connect_more();
  if (all_ready()) tell_(News::kReady);
}

bool Worker::all_ready() const {
  return ready_ == clients_.size();
}

void Worker::client_failed(const Error& error) {
  if (std::exchange(told_failed_, true)) return;
  error_ = error;
  tell_(News::kFailed);
}

void Worker::client_ended() {
  ++ended_;
  if (stopping_ && ended_ == next_to_connect_) loop_.stop();
}

void Worker::begin_here(const RunTimes& times) {
  context_.times = times;
  const LoadOptions& options = context_.options;
  holds_ = options.plan.publishers() == 0;
  if (options.open_loop() && !holds_) {
    make_flows();
    if (options.busy_poll) {
      keep_awake_.emplace(loop_);
      loop_.once(*keep_awake_);
    }
    next_due_ = times.warm_up_start;
    if (!keep_awake_) pace_timer_.set(next_due_);
  }
  window_timer_.set(times.warm_up_start);
  set_interval_timer();
  set_storm_timer();
  if (seen_) snapshot_timer_.set(times.window_start + kSnapshotInterval);
  begun_ = true;
  pump_all(loop_.now().mono);  // for those who have nothing to send
}

void Worker::make_flows() {
  const LoadOptions& options = context_.options;
  const RunTimes& times = context_.times;
  for (uint32_t i = 0; i < options.plan.flows().size(); ++i) {
    PacedFlow& flow = flows_.emplace_back(warm_up_schedule(options, i, times.warm_up_start),
                                          window_schedule(options, i, times.window_start));
    std::vector<uint32_t> numbers;  // in the flow
    for (size_t at = 0; at < publishers_.size(); ++at) {
      if (options.plan.flow_index_of(publisher_numbers_[at]) != i) continue;
      numbers.push_back(publisher_numbers_[at] - options.plan.flows()[i].first_publisher);
      flow.publishers.push_back(&publishers_[at]);
      publishers_[at].set_schedules(flow.warm_up, flow.window);
    }
    flow.warm_up_pacer.emplace(flow.warm_up, numbers);
    flow.window_pacer.emplace(flow.window, numbers);
  }
}

void Worker::on_window_timer(Time now) {
  const RunTimes& times = context_.times;
  if (now < times.window_start) {
    window_timer_.set(times.window_start);
  } else if (now < times.window_end) {
    begin_window();
    window_timer_.set(times.window_end);
  } else {
    end_window(now);
    holds_ = false;
    // At full speed the end of the time is the end of the messages.
    if (!context_.options.open_loop()) stop_sending_here(now);
  }
  if (!context_.options.open_loop()) pump_all(now);
}

// The next interval begins, unless the present one is the last.
void Worker::set_interval_timer() {
  const RunTimes& times = context_.times;
  const size_t next = context_.intervals.intervals().size() + 1;
  const Time at = times.window_start + context_.options.interval_start(next);
  next_interval_ = at < times.window_end && next < IntervalLog::kIntervalsMax ? at : kNever;
  if (next_interval_ == kNever) return interval_timer_.cancel();
  interval_timer_.set(next_interval_);
}

void Worker::on_interval_timer(Time now) {
  if (cpu_at_start_s_) {
    watch_sockets(now);
    mark_interval(now);
  }
  context_.intervals.close(context_.tally.response);
  set_interval_timer();
}

void Worker::before_sleep(Now now) {
  if (!begun_ || stopping_) return;
  if (!context_.options.open_loop()) pump_starving(now.mono);
  // The timer would ring a little later; this turn is there already.
  if (now.mono >= next_due_) pump_due(now.mono);
  progress_.expected.store(context_.expected, std::memory_order_relaxed);
  progress_.received.store(context_.received, std::memory_order_relaxed);
  progress_.unacked.store(context_.unacked, std::memory_order_relaxed);
  progress_.sent_so_far.store(context_.tally.sent_in_window, std::memory_order_relaxed);
  progress_.received_so_far.store(context_.tally.received_in_window, std::memory_order_relaxed);
  wake_peers();
  if (!told_sent_ && !holds_ && context_.publishers_done == publishers_.size()) {
    told_sent_ = true;
    if (context_.times.window_end == kNever) end_window(now.mono);
    tell_(News::kSent);
  }
}

void Worker::pump_all(Time now) {
  for (LoadPublisher& publisher : publishers_) publisher.pump(now);
}

void Worker::pump_due(Time now) {
  // This timer may ring before that of the interval, and what is sent now belongs to the next one.
  while (now >= next_interval_) on_interval_timer(now);
  Time next = kNever;
  for (PacedFlow& flow : flows_) {
    const auto note = [&](size_t i, LoadPublisher::Part part) {
      if (flow.publishers[i]->due(part)) due_.push_back(flow.publishers[i]);
    };
    flow.warm_up_pacer->advance(now, [&](size_t i) { note(i, LoadPublisher::Part::kWarmUp); });
    flow.window_pacer->advance(now, [&](size_t i) { note(i, LoadPublisher::Part::kWindow); });
    next = std::min({next, flow.warm_up_pacer->next(), flow.window_pacer->next()});
  }
  for (LoadPublisher* publisher : due_) publisher->pump(now);
  due_.clear();
  wait_until(next, now);
}

void Worker::wait_until(Time next, Time now) {
  if (keep_awake_) {
    next_due_ = next;
    return;
  }
  next_due_ = next == kNever ? kNever : std::max(next, now + kPaceMin);
  pace_timer_.set(next_due_);
}

void Worker::pump_starving(Time now) {
  const auto pump = [&] {
    pumped_.swap(context_.starving);
    for (LoadPublisher* publisher : pumped_) publisher->pump_starving(now);
    pumped_.clear();
  };
  pump();
  if (context_.starving.empty() || peers_.empty()) return;
  // Deliveries that another thread counted after we looked and before it could see that we wait
  // would not wake us: look once more.
  starving_.store(true, std::memory_order_relaxed);
  std::atomic_thread_fence(std::memory_order_seq_cst);
  pump();
}

void Worker::wake_peers() {
  if (peers_.empty()) return;
  std::atomic_thread_fence(std::memory_order_seq_cst);
  for (Worker* peer : peers_) {
    if (peer->starving_.exchange(false, std::memory_order_relaxed)) {
      peer->loop_.post([] {});  // the turn that it begins does the rest
    }
  }
}

void Worker::check_stall(Time now) {
  stall_timer_.set(now + kStallCheck);
  for (LoadPublisher* publisher : context_.starving) publisher->write_off(now, kStallAfter);
}

void Worker::begin_window() {
  cpu_at_start_s_ = cpu_at_mark_s_ = thread_cpu_s();
  marked_at_ = loop_.now().mono;
  for (ReceiveWatch& watch : receive_watches_) {
    watch.measure(kReceiveWatchGap * receive_watches_.size());
  }
  watch_sockets(marked_at_);
}

void Worker::end_window(Time now) {
  if (!cpu_at_start_s_) return;
  context_.tally.cpu_s = thread_cpu_s() - *cpu_at_start_s_;
  for (ReceiveWatch& watch : receive_watches_) watch.stop();
  watch_sockets(now);
  mark_interval(now);
  cpu_at_start_s_.reset();
}

void Worker::watch_sockets(Time now) {
  SocketSignals& to = context_.tally.sockets;
  for (WatchedSender& watched : watched_senders_) {
    watched.watch.read(watched.client->runner().fd(), now, to);
  }
  to.sending = static_cast<uint32_t>(watched_senders_.size());
  uint64_t unread = 0;
  for (LoadClient* client : watched_receivers_) {
    unread += unread_bytes(client->runner().fd());
  }
  to.unread_max = std::max(to.unread_max, unread);
  to.receiving = static_cast<uint32_t>(watched_receivers_.size());
}

void Worker::mark_interval(Time now) {
  const double cpu_s = thread_cpu_s();
  const double time_s = seconds(now - marked_at_);
  const auto backlog =
      static_cast<int64_t>(context_.expected) - static_cast<int64_t>(context_.received);
  context_.intervals.mark(backlog, time_s > 0 ? (cpu_s - cpu_at_mark_s_) / time_s : 0);
  cpu_at_mark_s_ = cpu_s;
  marked_at_ = now;
}

void Worker::take_snapshot(Time now) {
  if (!cpu_at_start_s_) return;  // the measured part is over
  snapshot_timer_.set(now + kSnapshotInterval);
  auto snapshot = std::make_shared<WorkerSnapshot>();
  snapshot->tally = context_.tally;
  const bool merged =
      snapshot->tally.response.merge(context_.intervals.open_response()).has_value();
  assert(merged);  // both are of the usual configuration
  static_cast<void>(merged);
  snapshot->cpu_s = thread_cpu_s() - *cpu_at_start_s_;
  snapshot->at = now;
  Accounting& counts = snapshot->counts;
  for (size_t i = 0; i < publishers_.size(); ++i) {
    add(context_.options.plan, publisher_numbers_[i], publishers_[i].outcome(), counts);
  }
  for (const LoadClient& client : clients_) {
    if (const Deliveries* deliveries = client.deliveries()) add(*deliveries, counts);
  }
  counts.expected = context_.expected;
  counts.received = context_.received;
  seen_(std::move(snapshot));
}

void Worker::set_storm_timer() {
  const auto& storms = context_.options.storms;
  if (next_storm_ == storms.size()) return;
  storm_timer_.set(context_.times.window_start + storms[next_storm_].at);
}

void Worker::on_storm_timer(Now now) {
  const auto& storms = context_.options.storms;
  while (next_storm_ < storms.size() &&
         context_.times.window_start + storms[next_storm_].at <= now.mono) {
    raise(next_storm_++, now);
  }
  set_storm_timer();
}

// Of the chosen ones those that are this thread's, and connected.
void Worker::raise(uint32_t storm, Now now) {
  const LoadOptions& options = context_.options;
  const LoadPlan::Group& group = options.plan.client_groups()[options.storms[storm].group];
  GroupStormTally& tally = context_.tally.storms[storm];
  tally.happened = true;
  StormChoice choice(options.storms[storm], group.clients);
  uint32_t asked = 0;
  bool chosen = false;
  for (LoadClient& client : clients_) {
    if (&client.group() != &group) continue;
    for (; asked <= client.number(); ++asked) chosen = choice.next();
    if (chosen && client.cut(storm, now)) ++tally.cut;
  }
}

void Worker::stop_sending_here(Time now) {
  storm_timer_.cancel();
  holds_ = false;
  if (!flows_.empty()) pump_due(now);  // what was due by now was planned
  for (LoadPublisher& publisher : publishers_) publisher.stop_sending(now);
}

void Worker::stop_here() {
  if (std::exchange(stopping_, true)) return;
  end_window(loop_.now().mono);
  window_timer_.cancel();
  connect_timer_.cancel();
  interval_timer_.cancel();
  next_interval_ = kNever;
  snapshot_timer_.cancel();
  storm_timer_.cancel();
  next_due_ = kNever;
  keep_awake_.reset();
  pace_timer_.set(kNever);
  for (size_t i = 0; i < next_to_connect_; ++i) clients_[i].stop();
  if (ended_ == next_to_connect_) loop_.stop();
}

}  // namespace mq
