// Time as an argument: the core is told what time it is and cannot look it up.
#pragma once

#include <chrono>
#include <cstdint>

namespace mq {

using Duration = std::chrono::nanoseconds;

// A monotonic clock without now(): only the loop (lib/io) and the tests make values of it.
struct MonoClock {
  using duration = Duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<MonoClock>;
  static constexpr bool is_steady = true;
};

using Time = MonoClock::time_point;
using WallTime = std::chrono::sys_time<std::chrono::microseconds>;  // UTC

inline constexpr Time kNever = Time::max();

// Passed by value to every entry point of the core.
struct Now {
  Time mono;
  WallTime wall;
};

inline double seconds(Duration d) { return std::chrono::duration<double>(d).count(); }

// `at + by` that stays at kNever instead of overflowing.
inline Time add(Time at, Duration by) { return by >= kNever - at ? kNever : at + by; }

}  // namespace mq
