// Sizes, rates and durations as people write and read them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace mq {

// Bytes: a decimal number with k, M, G or T for powers of 1024, in either case, and an optional
// B or iB: "512", "64k", "1.5MiB". What is not a whole number of bytes is an error.
Result<uint64_t> parse_size(std::string_view text);

// A number a second: decimal, with k, M or G for powers of 1000 and an optional "/s": "10k",
// "2.5M/s". Never negative.
Result<double> parse_rate(std::string_view text);

// A decimal number with ns, us, ms, s, m, h or d, or without for seconds: "1.5s", "200ms", "90".
// Never negative.
Result<Duration> parse_duration(std::string_view text);

// "17 B", "1.5 KiB", "200 MiB": three digits that mean something.
std::string format_size(uint64_t bytes);
// "98/s", "1.50k/s", "212k/s".
std::string format_rate(double per_second);
// "85 ns", "71.2 us", "1.31 ms", "2.50 s", "4m 10s", "3h 25m".
std::string format_duration(Duration duration);
// "1 200 000": groups of three.
std::string format_count(uint64_t count);

}  // namespace mq
