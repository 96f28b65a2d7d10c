// The local time of day, cheap for many messages in the same second.
#pragma once

#include <ctime>
#include <string>

#include "base/time.h"

namespace mq {

// The broken-down local time of the second that `at` lies in.
const std::tm& local_time(WallTime at);
// strftime() of it; "@N" style fractions are the caller's.
std::string format_time(const char* format, WallTime at);
// Nanoseconds into the second.
uint32_t nanoseconds(WallTime at);

}  // namespace mq
