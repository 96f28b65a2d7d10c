#include "mqbroker/limit_options.h"

#include <string>
#include <utility>

#include <fmt/core.h>

#include "base/units.h"
#include "codec/limits.h"
#include "common/invalid.h"
#include "common/option_values.h"

namespace mq {
namespace {

constexpr uint64_t kRateMax = 1'000'000'000;

void rate_limit(Options& options, std::string_view names, uint64_t& to,
                Result<uint64_t> (*parse)(std::string_view), std::string_view help) {
  options.parsed(names, "RATE", "", help, [&to, parse](std::string_view text) -> Result<void> {
    MQ_TRY(const uint64_t rate, parse(text));
    if (rate > kRateMax) return invalid(fmt::format("it must be at most {}", kRateMax));
    to = rate;
    return {};
  });
}

Result<uint64_t> parse_rate_number(std::string_view text) {
  const auto number = parse_number(text);
  if (!number) return invalid("it must be a number");
  return *number;
}

}  // namespace

void limit(Options& options, std::string_view names, uint32_t& to, std::string_view help) {
  options.parsed(names, "COUNT", to == UINT32_MAX ? "" : std::to_string(to), help,
                 [&to](std::string_view text) -> Result<void> {
                   const auto number = text == "-1" ? 0 : parse_number(text);
                   if (!number || *number > UINT32_MAX) return invalid("it must be a number");
                   to = *number == 0 ? UINT32_MAX : static_cast<uint32_t>(*number);
                   return {};
                 });
}

void size_limit(Options& options, std::string_view names, uint64_t& to, uint64_t min,
                std::string_view help) {
  options.parsed(names, "SIZE", to == UINT64_MAX ? "" : size_text(to), help,
                 [&to, min, by_default = to](std::string_view text) -> Result<void> {
                   MQ_TRY(const uint64_t size, parse_size(text));
                   if (size != 0 && size < min) {
                     return invalid(fmt::format("it must be at least {} bytes", min));
                   }
                   to = size == 0 ? by_default : size;
                   return {};
                 });
}

void window_limit(Options& options, std::string_view names, uint32_t& to, std::string_view help) {
  const bool shown = to != kReceiveMaximumDefault || !names.starts_with("--listener");
  options.parsed(names, "COUNT", shown ? std::to_string(to) : "", help,
                 [&to](std::string_view text) -> Result<void> {
                   const auto number = parse_number(text);
                   if (!number || *number > kReceiveMaximumDefault) {
                     return invalid("it must be between 1 and 65535 inclusive");
                   }
                   to = *number == 0 ? kReceiveMaximumDefault : static_cast<uint32_t>(*number);
                   return {};
                 });
}

void message_rate(Options& options, std::string_view names, uint64_t& to, std::string_view help) {
  rate_limit(options, names, to, parse_rate_number, help);
}

void byte_rate(Options& options, std::string_view names, uint64_t& to, std::string_view help) {
  rate_limit(options, names, to, parse_size, help);
}

}  // namespace mq
