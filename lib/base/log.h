// The program's log: events with named values, one line each.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

#include "base/string_map.h"
#include "base/time.h"

namespace mq {

enum class LogLevel : uint8_t { kError, kWarning, kNotice, kInfo, kDebug };

std::string_view name(LogLevel level);

// A named value. Texts are borrowed for the length of the call.
struct LogField {
  using Value = std::variant<std::string_view, int64_t, uint64_t, double, bool>;

  LogField(std::string_view the_key, std::string_view text) : key(the_key), value(text) {}
  LogField(std::string_view the_key, const char* text)
      : key(the_key), value(std::string_view(text)) {}
  LogField(std::string_view the_key, const std::string& text)
      : key(the_key), value(std::string_view(text)) {}
  LogField(std::string_view the_key, bool truth) : key(the_key), value(truth) {}
  LogField(std::string_view the_key, double number) : key(the_key), value(number) {}
  template <class T>
    requires std::is_integral_v<T>
  LogField(std::string_view the_key, T number)
      : key(the_key),
        value(static_cast<std::conditional_t<std::is_signed_v<T>, int64_t, uint64_t>>(number)) {}

  std::string_view key;
  Value value;
};

using LogFields = std::initializer_list<LogField>;

// Logs `event key=value key=value`:
//   log(LogLevel::kInfo, "connected", {{"client", id}, {"port", port}});
void log(LogLevel level, std::string_view event, LogFields fields = {});

// Events above this level are dropped unformatted; kNotice at the start. Level and format may
// change while other threads log, the sink may not.
void set_log_level(LogLevel level);
bool log_enabled(LogLevel level);  // worth asking where collecting the values costs something

// Where lines go, without level and line feed; `line` starts with the event. A sink must not log.
// Without one, as at the start, lines are dropped. Returns the one before.
using LogSink = std::function<void(LogLevel level, std::string_view event, std::string_view line)>;
LogSink set_log_sink(LogSink sink);

enum class LogFormat : uint8_t { kText, kJson };
// How log() makes lines of events; text at the start.
void set_log_format(LogFormat format);

// The members of a JSON object, without its braces: "event":"...","key":value. What is no UTF-8 is
// replaced by U+FFFD.
std::string format_log_json(std::string_view event, LogFields fields);

// `event key=value ...`. Values that hold spaces, quotes or what could fool a terminal are quoted
// and escaped.
std::string format_log_line(std::string_view event, LogFields fields);

inline constexpr uint32_t kLogBurst = 100;
inline constexpr Duration kLogWindow = std::chrono::seconds(10);

// Who has had its share of lines: at most kLogBurst of an event in kLogWindow.
class LogLimiter {
 public:
  struct Verdict {
    bool admitted;
    uint64_t left_out;  // lines since the last admitted one
  };
  Verdict admit(std::string_view event, Time now);

 private:
  struct State {
    Time window_start;
    uint32_t lines = 0;
    uint64_t left_out = 0;
  };
  StringMap<State> events_;
};

}  // namespace mq
