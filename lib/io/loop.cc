#include "io/loop.h"

#include <algorithm>
#include <atomic>
#include <cassert>
#include <csignal>
#include <ctime>
#include <mutex>
#include <vector>

#include <uv.h>

namespace mq {
namespace {

constexpr size_t kReadBufferSize = 64 * 1024;
// The wall clock is derived from the monotonic one; how long before a step of it is noticed.
constexpr Duration kWallClockCheck = std::chrono::milliseconds(100);

Duration read(clockid_t clock) {
  timespec t;
  clock_gettime(clock, &t);
  return std::chrono::seconds(t.tv_sec) + std::chrono::nanoseconds(t.tv_nsec);
}

std::atomic<bool> threads_left = false;

template <class H>
uv_handle_t* handle(H& h) {
  return reinterpret_cast<uv_handle_t*>(&h);
}

}  // namespace

struct Loop::State {
  uv_loop_t uv;
  uv_prepare_t prepare;
  uv_timer_t timer;
  uv_idle_t idle;  // active while hooks wait for the next turn: it keeps the loop from sleeping
  uv_async_t async;

  OutBatch batch;
  std::unique_ptr<uint8_t[]> read_buffer =
      std::make_unique_for_overwrite<uint8_t[]>(kReadBufferSize);
  Buffer filter_plain, filter_wire;

  uint32_t turn = 1;
  Now now{};
  bool now_is_old = true;
  Time turn_began = kNever;  // kNever before the first event
  Time wall_check{};
  Duration wall_offset{};

  // A hook that leaves while they run nulls its place; places are dropped when the round is over.
  std::vector<BeforeSleep*> always, once;

  TimerHeap<Timer, &Timer::node_> timers;
  Time armed_for = kNever;

  std::mutex mutex;  // protects `tasks`
  std::vector<std::function<void()>> tasks;
  bool stopped = false;
  int abandoned = 0;  // requests

  void read_clock() {
    now.mono = Time(read(CLOCK_MONOTONIC));
    if (now.mono >= wall_check) {
      wall_offset = read(CLOCK_REALTIME) - now.mono.time_since_epoch();
      wall_check = now.mono + kWallClockCheck;
    }
    now.wall = WallTime(
        std::chrono::floor<std::chrono::microseconds>(now.mono.time_since_epoch() + wall_offset));
    now_is_old = false;
    turn_began = std::min(turn_began, now.mono);
  }

  bool run_tasks() {
    std::vector<std::function<void()>> batch_of_tasks;
    {
      std::lock_guard lock(mutex);
      batch_of_tasks.swap(tasks);
    }
    for (auto& task : batch_of_tasks) task();
    return !batch_of_tasks.empty();
  }

  void run_hooks() {
    read_clock();
    for (size_t i = 0; i < always.size(); ++i) {
      if (always[i] != nullptr) always[i]->before_sleep(now);
    }
    // Those that are asked for meanwhile wait, so that no hook can keep the network from its turn.
    const size_t count = once.size();
    for (size_t i = 0; i < count; ++i) {
      BeforeSleep* hook = once[i];
      if (hook == nullptr) continue;
      hook->once_at_ = BeforeSleep::kNone;
      once[i] = nullptr;
      hook->before_sleep(now);
    }
    drop_done(count);
    if (once.empty()) {
      uv_idle_stop(&idle);
    } else {
      uv_idle_start(&idle, [](uv_idle_t*) {});
    }
    arm_timer();
    now_is_old = true;  // the loop sleeps next
    turn_began = kNever;
    ++turn;
  }

  void drop_done(size_t count) {
    once.erase(once.begin(), once.begin() + static_cast<std::ptrdiff_t>(count));
    for (size_t i = 0; i < once.size(); ++i) {
      if (once[i] != nullptr) once[i]->once_at_ = static_cast<uint32_t>(i);
    }
    size_t kept = 0;
    for (BeforeSleep* hook : always) {
      if (hook == nullptr) continue;
      hook->always_at_ = static_cast<uint32_t>(kept);
      always[kept++] = hook;
    }
    always.resize(kept);
  }

  void arm_timer() {
    if (timers.next() == armed_for) return;
    armed_for = timers.next();
    if (armed_for == kNever) {
      uv_timer_stop(&timer);
      return;
    }
    // Both clocks are CLOCK_MONOTONIC. libuv counts whole milliseconds from a time of its own
    // that may be older than ours, so the delay is taken from that one and rounded up.
    const auto at = std::chrono::ceil<std::chrono::milliseconds>(armed_for.time_since_epoch());
    const uint64_t from = uv_now(&uv);
    const uint64_t to = static_cast<uint64_t>(std::max<int64_t>(at.count(), 0));
    uv_timer_start(
        &timer, [](uv_timer_t* t) { static_cast<State*>(t->data)->run_timers(); },
        to > from ? to - from : 0, 0);
  }

  void run_timers() {
    armed_for = kNever;
    read_clock();
    // Bounded by what was armed: a callback may arm its timer for the past again.
    for (size_t n = timers.size(); n > 0; --n) {
      Timer* due = timers.pop_due(now.mono);
      if (due == nullptr) break;
      due->at_ = kNever;
      due->on_due_(now);
    }
  }

  bool has_work() {
    if (!once.empty() || timers.next() != armed_for) return true;
    std::lock_guard lock(mutex);
    return !tasks.empty();
  }
};

Loop::Loop() : state_(std::make_unique<State>()) {
  // A peer that closes is an error of one stream, not the end of the program; libuv writes with
  // writev(), which cannot say so for itself.
  std::signal(SIGPIPE, SIG_IGN);
  State& s = *state_;
  const int error = uv_loop_init(&s.uv);
  assert(error == 0);
  static_cast<void>(error);
  s.uv.data = this;
  uv_prepare_init(&s.uv, &s.prepare);
  uv_timer_init(&s.uv, &s.timer);
  uv_idle_init(&s.uv, &s.idle);
  uv_async_init(&s.uv, &s.async, [](uv_async_t* a) { static_cast<State*>(a->data)->run_tasks(); });
  s.prepare.data = s.timer.data = s.async.data = &s;
  // The hook runs before the loop sleeps; a check handle would run after it, which is one wait
  // too late for what a timer or a task queued.
  uv_prepare_start(&s.prepare, [](uv_prepare_t* p) { static_cast<State*>(p->data)->run_hooks(); });
  uv_unref(handle(s.prepare));
  uv_unref(handle(s.async));
}

Loop::~Loop() {
  State& s = *state_;
  uv_close(handle(s.prepare), nullptr);
  uv_close(handle(s.timer), nullptr);
  uv_close(handle(s.idle), nullptr);
  uv_close(handle(s.async), nullptr);
  // Whoever used the loop has gone before it, so all there is to wait for are closing handles and
  // what the pool is at work on.
  uv_walk(
      &s.uv, [](uv_handle_t* h, void*) { assert(uv_is_closing(h)); }, nullptr);
  if (s.abandoned == 0) {
    uv_run(&s.uv, UV_RUN_DEFAULT);
  } else if (uv_run(&s.uv, UV_RUN_NOWAIT); uv_loop_alive(&s.uv) != 0) {
    // A thread will still write to the request, and wake the loop.
    static_cast<void>(state_.release());
    threads_left = true;
    return;
  }
  const int error = uv_loop_close(&s.uv);
  assert(error == 0);
  static_cast<void>(error);
}

void Loop::abandon(int more) {
  state_->abandoned += more;
}
bool Loop::left_threads() {
  return threads_left;
}

void Loop::run() {
  State& s = *state_;
  s.now_is_old = true;
  do {
    s.run_tasks();
    // What was set up before the loop ran may have no handle yet that keeps it running.
    s.run_hooks();
    uv_run(&s.uv, UV_RUN_DEFAULT);
  } while (!s.stopped && s.has_work());
  s.stopped = false;
}

void Loop::stop() {
  state_->stopped = true;
  uv_stop(&state_->uv);
}

Now Loop::now() const {
  if (state_->now_is_old) state_->read_clock();
  return state_->now;
}

Time Loop::turn_began() const { return state_->turn_began; }

Now Loop::read_clock() {
  state_->read_clock();
  return state_->now;
}

uint32_t Loop::turn() const {
  return state_->turn;
}

void Loop::add(BeforeSleep& hook) {
  assert(hook.always_at_ == BeforeSleep::kNone);
  hook.loop_ = this;
  hook.always_at_ = static_cast<uint32_t>(state_->always.size());
  state_->always.push_back(&hook);
}

void Loop::remove(BeforeSleep& hook) {
  if (hook.always_at_ != BeforeSleep::kNone) state_->always[hook.always_at_] = nullptr;
  if (hook.once_at_ != BeforeSleep::kNone) state_->once[hook.once_at_] = nullptr;
  hook.always_at_ = hook.once_at_ = BeforeSleep::kNone;
}

void Loop::once(BeforeSleep& hook) {
  if (hook.once_at_ != BeforeSleep::kNone) return;
  hook.loop_ = this;
  hook.once_at_ = static_cast<uint32_t>(state_->once.size());
  state_->once.push_back(&hook);
}

void Loop::post(std::function<void()> task) {
  {
    std::lock_guard lock(state_->mutex);
    state_->tasks.push_back(std::move(task));
  }
  uv_async_send(&state_->async);
}

uv_loop_t* Loop::uv() const {
  return &state_->uv;
}
Loop& Loop::of(const uv_loop_t* loop) {
  return *static_cast<Loop*>(loop->data);
}
OutBatch& Loop::batch() {
  return state_->batch;
}
std::span<uint8_t> Loop::read_buffer() {
  return {state_->read_buffer.get(), kReadBufferSize};
}
Buffer& Loop::filter_plain() {
  return state_->filter_plain;
}
Buffer& Loop::filter_wire() {
  return state_->filter_wire;
}

BeforeSleep::~BeforeSleep() {
  if (loop_ != nullptr) loop_->remove(*this);
}

Timer::Timer(Loop& loop, std::function<void(Now)> on_due)
    : loop_(loop), on_due_(std::move(on_due)) {}

void Timer::set(Time at) {
  at_ = at;
  loop_.state_->timers.set(*this, at);
}

}  // namespace mq
