// The event loop of one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "base/buffer.h"
#include "base/time.h"
#include "base/timer_heap.h"
#include "session/out_batch.h"

struct uv_loop_s;

namespace mq {

class Loop;

// Somebody who has work to do just before the loop sleeps: gather output and write it. Leaves the
// loop when destroyed, which it may be in its own before_sleep().
class BeforeSleep {
 public:
  BeforeSleep() = default;
  BeforeSleep(const BeforeSleep&) = delete;
  BeforeSleep& operator=(const BeforeSleep&) = delete;
  virtual ~BeforeSleep();
  virtual void before_sleep(Now now) = 0;

 private:
  friend class Loop;
  static constexpr uint32_t kNone = UINT32_MAX;
  Loop* loop_ = nullptr;
  uint32_t always_at_ = kNone;  // place in the loop's list of those called every turn
  uint32_t once_at_ = kNone;    // and of those called once
};

// A libuv loop with what all its users share: the read buffer, the write batch, the time of this
// turn, the timers, and the hooks that run before it sleeps. Belongs to the thread that runs it;
// only post() may be called from others. Outlives everything that was made with it.
class Loop {
 public:
  Loop();
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // Runs until stop(), or until nothing is left that could happen. What other threads may still
  // post() does not count.
  void run();
  // Ends run() after this turn, or the next run() at once.
  void stop();

  // The time of this loop turn. Read from the system when first asked for in a turn, and again
  // before the hooks run.
  Now now() const;
  // When the first event of this turn was handled.
  Time turn_began() const;
  // Reads it again, for whoever must not see a time before that of the event that woke it.
  Now read_clock();

  // Counts turns: another number, another turn.
  uint32_t turn() const;

  // Calls the hook in every turn from now on, before those of once().
  void add(BeforeSleep& hook);
  void remove(BeforeSleep& hook);
  // Calls it in this turn only, however often this is asked for: with ten thousand connections a
  // turn costs what those with work cost. Asked for by a hook, it comes in the next turn, which
  // then starts without sleeping.
  void once(BeforeSleep& hook);

  // Runs `task` on the loop's thread in a later turn. Thread-safe.
  void post(std::function<void()> task);

  // A request at work in libuv's pool that nobody waits for any more, neither the end of the loop
  // nor that of the program: a name server may take long. Abandoned with `more` +1, -1 when it came
  // back.
  void abandon(int more);
  // A loop has ended before what it had abandoned: the program has to end by _exit(), for exit()
  // waits for libuv's threads.
  static bool left_threads();

  // For the other classes of lib/io.
  uv_loop_s* uv() const;
  static Loop& of(const uv_loop_s* loop);
  OutBatch& batch();
  // Where all connections of the loop read to: libuv calls back for each read before the next.
  std::span<uint8_t> read_buffer();
  // What filters make of it; each is used up before the owner of a connection is called.
  Buffer& filter_plain();
  Buffer& filter_wire();

 private:
  friend class Timer;
  struct State;
  std::unique_ptr<State> state_;
};

// Calls back once at a time, on the loop; re-armed or cancelled at will, also by its callback.
// Millisecond resolution, never early. Costs a place in a heap and no memory of libuv's.
class Timer {
 public:
  Timer(Loop& loop, std::function<void(Now)> on_due);
  ~Timer() { cancel(); }
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  void set(Time at);  // kNever cancels
  void cancel() { set(kNever); }
  Time at() const { return at_; }  // kNever when it is not armed

 private:
  friend class Loop;
  Loop& loop_;
  std::function<void(Now)> on_due_;
  Time at_ = kNever;
  TimerNode node_;
};

}  // namespace mq
