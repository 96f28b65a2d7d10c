#include "base/log.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "base/utf8.h"

namespace mq {
namespace {

// C1 control characters (U+0080 to U+009F): some terminals take them for escape sequences.
bool is_c1(std::string_view text, size_t at) {
  return text[at] == '\xC2' && at + 1 < text.size() && static_cast<uint8_t>(text[at + 1]) < 0xA0;
}

bool is_plain(std::string_view text) {
  if (text.empty() || !is_utf8(text)) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const auto byte = static_cast<uint8_t>(c);
    if (byte <= ' ' || byte == 0x7F || c == '"' || c == '\\' || c == '=' || is_c1(text, i)) {
      return false;
    }
  }
  return true;
}

void append_value(std::string& line, std::string_view text) {
  if (is_plain(text)) {
    line += text;
    return;
  }
  const bool utf8 = is_utf8(text);
  line += '"';
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const auto byte = static_cast<uint8_t>(c);
    if (c == '"' || c == '\\') {
      line += '\\';
      line += c;
    } else if (c == '\n') {
      line += "\\n";
    } else if (byte < ' ' || byte == 0x7F || (byte >= 0x80 && !utf8)) {
      fmt::format_to(std::back_inserter(line), "\\x{:02x}", byte);
    } else if (is_c1(text, i)) {
      fmt::format_to(std::back_inserter(line), "\\u{:04x}", static_cast<uint8_t>(text[++i]));
    } else {
      line += c;
    }
  }
  line += '"';
}

void append_json(std::string& line, std::string_view text) {
  line += '"';
  for (size_t i = 0; i < text.size();) {
    const auto byte = static_cast<uint8_t>(text[i]);
    if (byte < ' ' || byte == 0x7F || is_c1(text, i)) {
      const bool two = byte >= 0x80;
      fmt::format_to(std::back_inserter(line), "\\u{:04x}",
                     static_cast<uint8_t>(text[two ? i + 1 : i]));
      i += two ? 2 : 1;
    } else if (byte < 0x80) {
      if (byte == '"' || byte == '\\') line += '\\';
      line += text[i++];
    } else {
      size_t size = std::min<size_t>(byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : 2, text.size() - i);
      if (is_utf8(text.substr(i, size))) {
        line += text.substr(i, size);
      } else {
        size = 1;
        line += "\xEF\xBF\xBD";
      }
      i += size;
    }
  }
  line += '"';
}

std::atomic<LogLevel> current_level = LogLevel::kNotice;
std::atomic<LogFormat> current_format = LogFormat::kText;
LogSink current_sink;

}  // namespace

std::string_view name(LogLevel level) {
  switch (level) {
    case LogLevel::kError: return "error";
    case LogLevel::kWarning: return "warning";
    case LogLevel::kNotice: return "notice";
    case LogLevel::kInfo: return "info";
    case LogLevel::kDebug: return "debug";
  }
  return "unknown";
}

void log(LogLevel level, std::string_view event, LogFields fields) {
  if (!log_enabled(level) || !current_sink) return;
  current_sink(level, event,
               current_format.load(std::memory_order_relaxed) == LogFormat::kJson
                   ? format_log_json(event, fields)
                   : format_log_line(event, fields));
}

void set_log_level(LogLevel level) {
  current_level.store(level, std::memory_order_relaxed);
}

bool log_enabled(LogLevel level) {
  return level <= current_level.load(std::memory_order_relaxed);
}

void set_log_format(LogFormat format) {
  current_format.store(format, std::memory_order_relaxed);
}

LogSink set_log_sink(LogSink sink) {
  return std::exchange(current_sink, std::move(sink));
}

std::string format_log_line(std::string_view event, LogFields fields) {
  std::string line(event);
  for (const LogField& field : fields) {
    line += ' ';
    line += field.key;
    line += '=';
    std::visit(
        [&](auto value) {
          if constexpr (std::is_same_v<decltype(value), std::string_view>) {
            append_value(line, value);
          } else {
            fmt::format_to(std::back_inserter(line), "{}", value);
          }
        },
        field.value);
  }
  return line;
}

std::string format_log_json(std::string_view event, LogFields fields) {
  std::string line = "\"event\":";
  append_json(line, event);
  for (const LogField& field : fields) {
    line += ',';
    append_json(line, field.key);
    line += ':';
    std::visit(
        [&](auto value) {
          using V = decltype(value);
          if constexpr (std::is_same_v<V, std::string_view>) {
            append_json(line, value);
          } else if constexpr (std::is_same_v<V, double>) {
            if (std::isfinite(value)) {
              fmt::format_to(std::back_inserter(line), "{}", value);
            } else {
              line += "null";
            }
          } else {
            fmt::format_to(std::back_inserter(line), "{}", value);
          }
        },
        field.value);
  }
  return line;
}

LogLimiter::Verdict LogLimiter::admit(std::string_view event, Time now) {
  auto found = events_.find(event);
  if (found == events_.end()) found = events_.emplace(event, State{now}).first;
  State& state = found->second;
  if (now - state.window_start >= kLogWindow) {
    state.window_start = now;
    state.lines = 0;
  }
  if (state.lines >= kLogBurst) {
    ++state.left_out;
    return {false, state.left_out};
  }
  ++state.lines;
  return {true, std::exchange(state.left_out, 0)};
}

}  // namespace mq
