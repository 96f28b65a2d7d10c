#include "base/units.h"

#include <charconv>
#include <cmath>
#include <limits>
#include <span>

#include <fmt/format.h>

namespace mq {
namespace {

struct Unit {
  std::string_view suffix;
  long double factor;
};

constexpr Unit kSizeUnits[] = {
    {"", 1}, {"k", 0x1p10L}, {"K", 0x1p10L}, {"m", 0x1p20L}, {"M", 0x1p20L},
    {"g", 0x1p30L}, {"G", 0x1p30L}, {"t", 0x1p40L}, {"T", 0x1p40L},
};
constexpr Unit kRateUnits[] = {
    {"", 1}, {"k", 1e3L}, {"K", 1e3L}, {"m", 1e6L}, {"M", 1e6L}, {"g", 1e9L}, {"G", 1e9L},
};
constexpr Unit kTimeUnits[] = {
    {"", 1e9L}, {"ns", 1}, {"us", 1e3L}, {"ms", 1e6L}, {"s", 1e9L},
    {"m", 60e9L}, {"h", 3600e9L}, {"d", 86400e9L},
};

tl::unexpected<Error> invalid(std::string_view text, std::string_view expected) {
  return fail(ErrorCode::kInvalidArgument, fmt::format("'{}' is not {}", text, expected));
}

// The number in front of `text`, which is left with what follows; NaN when there is none. A long
// double has 64 bits before the rounding starts, so every whole uint64_t is exact.
long double take_number(std::string_view& text) {
  // from_chars would also take a sign, "inf" and "nan".
  if (text.empty() || (text[0] != '.' && (text[0] < '0' || text[0] > '9'))) return NAN;
  long double value = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  if (error != std::errc()) return NAN;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  return value;
}

// NaN when `text` is not a number with one of these units.
long double parse(std::string_view text, std::span<const Unit> units) {
  const long double number = take_number(text);
  for (const Unit& unit : units) {
    if (text == unit.suffix) return number * unit.factor;
  }
  return NAN;
}

// Three significant digits of a number from 1 to 9999.
std::string three_digits(double value) {
  if (value < 9.995) return fmt::format("{:.2f}", value);
  if (value < 99.95) return fmt::format("{:.1f}", value);
  return fmt::format("{:.0f}", value);
}

}  // namespace

Result<uint64_t> parse_size(std::string_view text) {
  std::string_view rest = text;
  if (rest.ends_with("iB")) {
    rest.remove_suffix(2);
  } else if (rest.ends_with('B') || rest.ends_with('b')) {
    rest.remove_suffix(1);
  }
  const long double bytes = parse(rest, kSizeUnits);
  if (!(bytes >= 0)) return invalid(text, "a size like 512, 64k or 1.5M");
  if (bytes >= 0x1p64L) return invalid(text, "a size below 16 EiB");
  if (bytes != std::floor(bytes)) return invalid(text, "a whole number of bytes");
  return static_cast<uint64_t>(bytes);
}

Result<double> parse_rate(std::string_view text) {
  std::string_view rest = text;
  if (rest.ends_with("/s")) rest.remove_suffix(2);
  const long double rate = parse(rest, kRateUnits);
  if (!(rate >= 0) || rate > std::numeric_limits<double>::max()) {
    return invalid(text, "a rate like 500, 10k or 1.5M/s");
  }
  return static_cast<double>(rate);
}

Result<Duration> parse_duration(std::string_view text) {
  const long double nanoseconds = parse(text, kTimeUnits);
  if (!(nanoseconds >= 0)) return invalid(text, "a duration like 200ms, 1.5s, 2m or 1h");
  if (nanoseconds >= static_cast<long double>(Duration::max().count())) {
    return invalid(text, "a duration below 292 years");
  }
  return Duration(static_cast<int64_t>(std::round(nanoseconds)));
}

std::string format_size(uint64_t bytes) {
  if (bytes < 1024) return fmt::format("{} B", bytes);
  static constexpr const char* kUnits[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  double value = static_cast<double>(bytes) / 1024;
  size_t unit = 0;
  for (; value >= 1023.5 && unit + 1 < std::size(kUnits); ++unit) value /= 1024;
  return fmt::format("{} {}", three_digits(value), kUnits[unit]);
}

std::string format_rate(double per_second) {
  if (per_second < 999.5) return fmt::format("{:.3g}/s", per_second);
  static constexpr char kUnits[] = {'k', 'M', 'G'};
  double value = per_second / 1000;
  size_t unit = 0;
  for (; value >= 999.5 && unit + 1 < std::size(kUnits); ++unit) value /= 1000;
  return fmt::format("{}{}/s", three_digits(value), kUnits[unit]);
}

std::string format_duration(Duration duration) {
  const auto ns = static_cast<double>(duration.count());
  const double size = std::abs(ns);
  const char* sign = ns < 0 ? "-" : "";
  if (size < 999.5) return fmt::format("{}{:.0f} ns", sign, size);
  if (size < 999.5e3) return fmt::format("{}{} us", sign, three_digits(size / 1e3));
  if (size < 999.5e6) return fmt::format("{}{} ms", sign, three_digits(size / 1e6));
  if (size < 99.95e9) return fmt::format("{}{} s", sign, three_digits(size / 1e9));
  const auto s = static_cast<int64_t>(std::round(size / 1e9));
  if (s < 3600) return fmt::format("{}{}m {}s", sign, s / 60, s % 60);
  return fmt::format("{}{}h {}m", sign, s / 3600, s % 3600 / 60);
}

std::string format_count(uint64_t count) {
  const std::string digits = fmt::format("{}", count);
  std::string grouped;
  for (size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) grouped += ' ';
    grouped += digits[i];
  }
  return grouped;
}

}  // namespace mq
