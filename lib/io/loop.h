// The event loop of one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "base/time.h"
#include "session/out_batch.h"

struct uv_loop_s;

namespace mq {

// Somebody who has work to do once per loop turn, just before the loop sleeps: gather output and
// write it. Removes itself when destroyed.
class BeforeSleep {
 public:
  virtual ~BeforeSleep() = default;
  virtual void before_sleep(Now now) = 0;
};

// A libuv loop with what all its users share: the read buffer, the write batch, the time of this
// turn, and the hooks that run before it sleeps. Belongs to the thread that runs it; only post()
// may be called from others.
class Loop {
 public:
  Loop();
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // Runs until stop(), or until nothing is left that could happen.
  void run();
  void stop();

  // The time of this loop turn; read from the system once a turn.
  Now now() const;

  void add(BeforeSleep& hook);
  void remove(BeforeSleep& hook);

  // Runs `task` on the loop's thread in a later turn. Thread-safe.
  void post(std::function<void()> task);

  // For the other classes of lib/io.
  uv_loop_s* uv() const;
  OutBatch& batch();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Calls back once at a time, on the loop; re-armed or cancelled at will. Millisecond resolution,
// never early.
class Timer {
 public:
  Timer(Loop& loop, std::function<void(Now)> on_due);
  ~Timer();
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  void set(Time at);  // kNever cancels
  void cancel() { set(kNever); }

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace mq
