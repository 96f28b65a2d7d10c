#include "clients/local_time.h"

#include <array>
#include <chrono>

namespace mq {

const std::tm& local_time(WallTime at) {
  // localtime() looks at the time zone's rules anew for each call.
  static std::time_t cached = -1;
  static std::tm broken_down{};
  const auto second = std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count();
  if (const auto now = static_cast<std::time_t>(second); now != cached) {
    cached = now;
    localtime_r(&cached, &broken_down);
  }
  return broken_down;
}

std::string format_time(const char* format, WallTime at) {
  std::array<char, 256> text;
  const size_t size = std::strftime(text.data(), text.size(), format, &local_time(at));
  return {text.data(), size};
}

uint32_t nanoseconds(WallTime at) {
  const auto into = at - std::chrono::floor<std::chrono::seconds>(at);
  return static_cast<uint32_t>(std::chrono::nanoseconds(into).count());
}

}  // namespace mq
