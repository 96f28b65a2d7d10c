#include "mqbench/background_flow.h"

#include <utility>

#include <fmt/core.h>

namespace mq {
namespace {

constexpr Duration kStartDelay = std::chrono::milliseconds(20);
constexpr Duration kDrainPoll = std::chrono::milliseconds(5);
constexpr Duration kDrainMax = std::chrono::seconds(3);
// So that a loop that waits for nothing else has something to wait for.
constexpr Duration kIdle = std::chrono::hours(24);

LoadOptions flow_options(const LoadOptions& from, double rate) {
  LoadOptions to = from;
  LoadPlan::Names names = from.plan.names();
  names.id_prefix += "probe-";
  // Nothing that can fail: the topic is a constant.
  to.plan = *LoadPlan::make({.topic = "mqbench/{run}/probe"}, std::move(names));
  to.client.clean_start = true;
  to.client.session_expiry_s.reset();
  to.client.will.reset();
  to.qos = to.sub_qos = Qos::kAtMostOnce;
  to.rate = rate;
  to.messages = 0;
  to.duration = kEndless;
  to.warm_up = Duration::zero();
  to.backlog_max = kEndless;  // what waits is late, and to be seen
  to.threads = 1;
  return to;
}

}  // namespace

BackgroundFlow::BackgroundFlow(Loop& loop, const LoadOptions& options, double rate, Events& events)
    : loop_(loop),
      options_(flow_options(options, rate)),
      events_(events),
      drain_timer_(loop, [this](Now now) { poll_drain(now); }) {
  deliveries_.emplace(options_.plan.publishers());
  shares_.emplace(options_.plan);
  worker_ = std::make_unique<Worker>(
      options_, 0, *deliveries_, *shares_,
      [this](Worker::News news) { loop_.post([this, news] { told(news); }); });
}

BackgroundFlow::~BackgroundFlow() {
  if (!started_) return;
  worker_->stop();
  worker_->join();
}

void BackgroundFlow::start() {
  started_ = true;
  drain_timer_.set(loop_.now().mono + kIdle);
  worker_->start();
}

Time BackgroundFlow::begin() {
  RunTimes times;
  times.warm_up_start = times.window_start = loop_.read_clock().mono + kStartDelay;
  times.window_end = times.window_start + kEndless;
  worker_->begin(times);
  begun_ = true;
  return times.window_start;
}

void BackgroundFlow::end() {
  worker_->stop_sending();
  drain_until_ = loop_.now().mono + kDrainMax;
  drain_timer_.set(loop_.now().mono + kDrainPoll);
}

void BackgroundFlow::poll_drain(Now now) {
  if (drain_until_ == kNever) return drain_timer_.set(now.mono + kIdle);
  const Worker::Progress& progress = worker_->progress();
  // What was due when it was told to end it sends before it says that it has.
  const bool all = (sent_ || !begun_) && progress.received.load(std::memory_order_relaxed) >=
                                             progress.expected.load(std::memory_order_relaxed);
  if (all || now.mono >= drain_until_) {
    drain_until_ = kNever;
    worker_->stop();
    return drain_timer_.set(now.mono + kIdle);
  }
  drain_timer_.set(now.mono + kDrainPoll);
}

void BackgroundFlow::told(Worker::News news) {
  switch (news) {
    case Worker::News::kReady: return events_.flow_ready();
    case Worker::News::kSent: sent_ = true; return;
    case Worker::News::kFailed: return events_.flow_failed(worker_->error());
    case Worker::News::kEnded: drain_timer_.cancel(); return events_.flow_ended();
  }
}

Accounting BackgroundFlow::accounting() const {
  return account(options_.plan, options_.qos, worker_->publishers(), worker_->subscribers(),
                 &*shares_);
}

}  // namespace mq
