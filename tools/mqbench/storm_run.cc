#include "mqbench/storm_run.h"

#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <utility>

#include <fmt/core.h>

#include "base/units.h"
#include "mqbench/descriptor_limit.h"

namespace mq {
namespace {

// The flow of messages is watched for so long before the storm: whole intervals.
constexpr Duration kBefore = 2 * BackgroundFlow::kInterval;
constexpr Duration kFillMax = std::chrono::seconds(120);

double thread_cpu_s() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) / 1e9;
}

// 0 when nobody knows.
uint64_t resident_bytes() {
  std::FILE* file = std::fopen("/proc/self/statm", "re");
  if (file == nullptr) return 0;
  unsigned long size = 0, resident = 0;
  const int read = std::fscanf(file, "%lu %lu", &size, &resident);
  std::fclose(file);
  return read == 2 ? uint64_t{resident} * static_cast<uint64_t>(sysconf(_SC_PAGESIZE)) : 0;
}

// Who is at the other end, as a numeric address; empty for a unix socket.
std::string peer_of(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  char host[NI_MAXHOST];
  if (getpeername(fd, generic, &size) != 0 ||
      getnameinfo(generic, size, host, sizeof host, nullptr, 0, NI_NUMERICHOST) != 0) {
    return "";
  }
  return host;
}

constexpr auto kLater = [](const auto& a, const auto& b) { return a.at > b.at; };

}  // namespace

StormRun::StormRun(const StormOptions& options)
    : options_(options),
      random_(options.load.run),
      context_{loop_, options.load, options.load.runner.address, &fill_tally_, *this},
      timer_(loop_, [this](Now now) { on_timer(now); }),
      deadline_(
          loop_,
          [this](Now now) {
            if (phase_ == Phase::kStorm) return end_storm(now);
            error_ = Error{
                ErrorCode::kTimedOut,
                fmt::format("{}: only {} of {} clients could be connected before the storm",
                            options_.target, format_count(up_), format_count(options_.clients))};
            leave();
          }),
      signals_(loop_, {SIGINT, SIGTERM}, [this](int number) { on_signal(number); }) {
  raise_descriptor_limit();
}

// One connection finds out which of the addresses of a name it is, so that no try of the storm
// looks it up or begins with another one.
Result<void> StormRun::find_address() {
  if (options_.load.runner.address.kind == TransportKind::kUnix) return {};
  Loop loop;
  std::optional<Error> error;
  const RunnerOptions& runner = options_.load.runner;
  Dialer dialer(
      loop,
      DialOptions{runner.address, runner.bind_address, true, runner.connect_timeout, runner.family},
      [&](Result<UvStream> stream) {
        if (stream) {
          const Transport transport(std::move(*stream));
          const std::string host = peer_of(transport.fd());
          if (!host.empty()) context_.address.host = host;
        } else {
          error = stream.error();
        }
        loop.stop();
      });
  loop.run();
  if (error) return tl::unexpected(*error);
  return {};
}

Result<StormResult> StormRun::run() {
  MQ_CHECK(find_address());
  broker_ = find_broker(context_.address);
  memory_start_ = resident_bytes();
  for (uint32_t i = 0; i < options_.clients; ++i) clients_.emplace_back(context_, i);
  if (options_.mode == StormMode::kReconnect) {
    fill();
  } else {
    start_flow();
  }
  loop_.run();
  flow_.reset();
  if (error_) return tl::unexpected(*error_);
  return std::move(result_);
}

uint32_t StormRun::window() const {
  // Those who are to be there before come as gently as in a run.
  return phase_ == Phase::kStorm ? options_.window : std::min(options_.window, 100u);
}

void StormRun::fill() {
  const Now now = loop_.read_clock();
  deadline_.set(now.mono + kFillMax);
  for (StormClient& client : clients_) want(client, now.mono);
  try_more(now);
}

void StormRun::start_flow() {
  phase_ = Phase::kFlow;
  deadline_.cancel();
  if (options_.probe_rate == 0) return begin_storm(loop_.read_clock());
  BackgroundFlow::Events& events = *this;
  flow_ = std::make_unique<BackgroundFlow>(loop_, options_.load, options_.probe_rate, events);
  flow_runs_ = true;
  flow_->start();
}

void StormRun::flow_ready() {
  if (phase_ != Phase::kFlow) return;
  phase_ = Phase::kBefore;
  flow_start_ = flow_->begin();
  timer_.set(flow_start_ + kBefore);
}

void StormRun::flow_failed(const Error& error) {
  if (!error_) error_ = error;
  leave();
}

void StormRun::flow_ended() {
  flow_runs_ = false;
  maybe_done();
}

void StormRun::begin_storm(Now now) {
  phase_ = Phase::kStorm;
  context_.tally = &result_.tally;
  result_.started = now.wall;
  storm_start_ = now.mono;
  cpu_start_s_ = thread_cpu_s();
  host_start_ = read_host(broker_, now.mono);
  deadline_.set(now.mono + options_.timeout);
  switch (options_.mode) {
    case StormMode::kConnect:
      result_.wanted = options_.clients;
      for (StormClient& client : clients_) idle_.push_back(&client);
      break;
    case StormMode::kReconnect: cut_some(now); break;
    case StormMode::kChurn:
      storm_end_ = now.mono + options_.churn_time;
      deadline_.set(storm_end_ + options_.timeout);
      for (StormClient& client : clients_) idle_.push_back(&client);
      break;
  }
  try_more(now);
}

// Every n-th, so that no part of the broker's memory has all of them.
void StormRun::cut_some(Now now) {
  result_.wanted = options_.to_cut;
  uint64_t cut = 0;
  for (uint64_t i = 0; i < clients_.size(); ++i) {
    if ((i + 1) * options_.to_cut / clients_.size() == cut) continue;
    ++cut;
    StormClient& client = clients_[i];
    if (!client.is_up()) continue;  // it was lost before, and is on its way back
    --up_;
    client.cut();
    want(client, now.mono + client.next_delay(random_));
  }
}

void StormRun::want(StormClient& client, Time at) {
  waiting_.push_back({at, &client});
  std::ranges::push_heap(waiting_, kLater);
}

// How many tries of the plan are due: all at once, or as the rate says.
uint64_t StormRun::due_by(Time now) const {
  if (options_.mode == StormMode::kReconnect) return 0;
  const Time until = std::min(now, storm_end_);
  uint64_t due = UINT64_MAX;
  if (options_.connect_rate > 0) {
    due = static_cast<uint64_t>(seconds(until - storm_start_) * options_.connect_rate) + 1;
  }
  if (options_.mode == StormMode::kConnect) return std::min<uint64_t>(due, options_.clients);
  const auto all = static_cast<uint64_t>(seconds(options_.churn_time) * options_.connect_rate);
  return std::min(due, all);
}

Time StormRun::due_at(uint64_t nth) const {
  if (options_.connect_rate == 0) return loop_.now().mono;
  return storm_start_ +
         Duration(static_cast<int64_t>(static_cast<double>(nth) / options_.connect_rate * 1e9));
}

void StormRun::try_more(Now now) {
  if (phase_ != Phase::kFilling && phase_ != Phase::kStorm) return;
  const auto may = [this] { return trying_ < window(); };
  if (phase_ == Phase::kStorm) {
    while (may() && !idle_.empty() && begun_ < due_by(now.mono)) {
      StormClient& client = *idle_.front();
      idle_.pop_front();
      ++trying_;
      client.connect(due_at(begun_++));
    }
  }
  while (may() && !waiting_.empty() && waiting_.front().at <= now.mono) {
    const Waiting next = waiting_.front();
    std::ranges::pop_heap(waiting_, kLater);
    waiting_.pop_back();
    ++trying_;
    next.client->connect(next.at);
  }
  // Whoever waits for room in the window is looked at when a try ends.
  Time next = kNever;
  if (may() && !waiting_.empty()) next = waiting_.front().at;
  if (may() && phase_ == Phase::kStorm && !idle_.empty() && options_.connect_rate > 0 &&
      begun_ < due_by(storm_end_)) {
    next = std::min(next, due_at(begun_));
  }
  timer_.set(next);
  if (phase_ == Phase::kStorm && options_.mode == StormMode::kChurn && now.mono >= storm_end_ &&
      begun_ >= due_by(storm_end_) && idle_.size() == clients_.size()) {
    end_storm(now);
  } else if (phase_ == Phase::kStorm && options_.mode == StormMode::kChurn && next == kNever &&
             now.mono < storm_end_) {
    timer_.set(storm_end_);
  }
}

void StormRun::on_timer(Now now) {
  if (phase_ == Phase::kBefore) return begin_storm(now);
  try_more(now);
}

void StormRun::up(StormClient& client, Now now) {
  --trying_;
  ++up_;
  if (phase_ == Phase::kFilling) {
    if (up_ == clients_.size()) return start_flow();
    return try_more(now);
  }
  if (phase_ != Phase::kStorm) return client.disconnect();
  if (options_.mode == StormMode::kChurn) {
    --up_;
    client.disconnect();
    return try_more(now);
  }
  ++back_by_;
  const Duration since = now.mono - storm_start_;
  if (!result_.back_99 && back_by_ * 100 >= result_.wanted * 99) result_.back_99 = since;
  if (up_ < clients_.size()) return try_more(now);
  result_.back_all = since;
  end_storm(now);
}

void StormRun::failed(StormClient& client, Now now) {
  --trying_;
  if (phase_ == Phase::kFilling && up_ == 0 &&
      fill_tally_.failed_tries() >= std::min(options_.clients, 10u)) {
    error_ = Error{ErrorCode::kRefused, fmt::format("{} takes no client: {}", options_.target,
                                                    fill_tally_.failures.begin()->first)};
    return leave();
  }
  if (phase_ == Phase::kStorm && options_.mode == StormMode::kChurn) {
    idle_.push_back(&client);
  } else {
    want(client, now.mono + client.next_delay(random_));
  }
  try_more(now);
}

void StormRun::lost(StormClient& client, Now now) {
  --up_;
  want(client, now.mono + client.next_delay(random_));
  try_more(now);
}

void StormRun::gone(StormClient& client, Now now) {
  if (phase_ == Phase::kStorm) {
    idle_.push_back(&client);
    return try_more(now);
  }
  ++left_;
  maybe_done();
}

void StormRun::end_storm(Now now) {
  result_.length = now.mono - storm_start_;
  if (options_.mode == StormMode::kChurn) result_.length = options_.churn_time;
  result_.back = up_ - std::min<uint64_t>(up_, clients_.size() - result_.wanted);
  const double storm_s = seconds(now.mono - storm_start_);
  result_.thread_busy = storm_s > 0 ? (thread_cpu_s() - cpu_start_s_) / storm_s : 0;
  result_.host = difference(host_start_, read_host(broker_, now.mono), broker_);
  const uint64_t memory = resident_bytes();
  if (options_.mode == StormMode::kConnect && up_ > 0 && memory > memory_start_) {
    result_.bytes_per_connection =
        static_cast<double>(memory - memory_start_) / static_cast<double>(up_);
  }
  leave();
}

void StormRun::leave() {
  if (phase_ == Phase::kLeaving || phase_ == Phase::kDone) return;
  phase_ = Phase::kLeaving;
  timer_.cancel();
  deadline_.cancel();
  waiting_.clear();
  left_ = 0;
  for (StormClient& client : clients_) {
    if (client.idle()) {
      ++left_;
    } else {
      client.disconnect();
    }
  }
  if (flow_runs_) flow_->end();
  maybe_done();
}

void StormRun::maybe_done() {
  if (phase_ != Phase::kLeaving || left_ < clients_.size() || flow_runs_) return;
  phase_ = Phase::kDone;
  if (flow_ && !error_ && storm_start_ > Time{}) {
    StormResult::Flow& flow = result_.flow.emplace();
    const auto& intervals = flow_->intervals();
    for (size_t i = 0; i < intervals.size(); ++i) {
      const bool before = static_cast<int64_t>(i) < kBefore / BackgroundFlow::kInterval;
      static_cast<void>((before ? flow.before : flow.during).merge(intervals[i].histogram()));
    }
    flow.accounting = flow_->accounting();
  }
  loop_.stop();
}

void StormRun::on_signal(int number) {
  if (result_.signal != 0) {  // the second time it is meant as it is
    std::signal(number, SIG_DFL);
    std::raise(number);
  }
  result_.signal = number;
  if (phase_ == Phase::kStorm) return end_storm(loop_.read_clock());
  leave();
}

}  // namespace mq
