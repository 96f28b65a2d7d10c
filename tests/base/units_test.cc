#include "base/units.h"

#include <cstdint>

#include <doctest/doctest.h>

using namespace mq;
using namespace std::chrono_literals;

TEST_CASE("sizes are read") {
  struct Case { const char* text; uint64_t bytes; };
  for (const Case& c : {Case{"0", 0}, Case{"512", 512}, Case{"64k", 65536}, Case{"64K", 65536},
                        Case{"64KiB", 65536}, Case{"64kB", 65536}, Case{"17B", 17},
                        Case{"1.5M", 1572864}, Case{".5k", 512}, Case{"2G", uint64_t{2} << 30},
                        Case{"1T", uint64_t{1} << 40},
                        Case{"18446744073709551615", UINT64_MAX}}) {
    CAPTURE(c.text);
    CHECK(parse_size(c.text) == c.bytes);
  }
  for (const char* text : {"", "k", "B", "-1", "+1", "1 k", "1x", "1e3", "0x10", "inf", "nan", ".",
                           "0.3", "1.0001k", "18446744073709551616", "16777216T", "1kk", " 1"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_size(text));
  }
  CHECK(parse_size("lots").error().text == "'lots' is not a size like 512, 64k or 1.5M");
}

TEST_CASE("rates are read") {
  CHECK(parse_rate("500") == 500.0);
  CHECK(parse_rate("10k") == 10'000.0);
  CHECK(parse_rate("2.5M/s") == 2'500'000.0);
  CHECK(parse_rate("0.5/s") == 0.5);
  CHECK(parse_rate("1G") == 1e9);
  for (const char* text : {"", "/s", "max", "-1", "10 k", "1k/m", "1e3", "infinity"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_rate(text));
  }
}

TEST_CASE("durations are read") {
  CHECK(parse_duration("90") == 90s);
  CHECK(parse_duration("1.5s") == 1500ms);
  CHECK(parse_duration("0.25") == 250ms);
  CHECK(parse_duration("200ms") == 200ms);
  CHECK(parse_duration("7us") == 7us);
  CHECK(parse_duration("0.1us") == 100ns);
  CHECK(parse_duration("5ns") == 5ns);
  CHECK(parse_duration("2m") == 2min);
  CHECK(parse_duration("1h") == 1h);
  CHECK(parse_duration("2d") == 48h);
  CHECK(parse_duration("0") == 0s);
  for (const char* text : {"", "s", "-1s", "1 s", "1m30s", "1w", "nan", "300000000000000"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_duration(text));
  }
  CHECK(parse_duration("soon").error().text ==
        "'soon' is not a duration like 200ms, 1.5s, 2m or 1h");
}

TEST_CASE("sizes are printed") {
  CHECK(format_size(0) == "0 B");
  CHECK(format_size(1023) == "1023 B");
  CHECK(format_size(1024) == "1.00 KiB");
  CHECK(format_size(1536 * 1024) == "1.50 MiB");
  CHECK(format_size(200 << 20) == "200 MiB");
  CHECK(format_size((1 << 20) - 1) == "1.00 MiB");
  CHECK(format_size(UINT64_MAX) == "16.0 EiB");
}

TEST_CASE("rates are printed") {
  CHECK(format_rate(0) == "0/s");
  CHECK(format_rate(0.5) == "0.5/s");
  CHECK(format_rate(98) == "98/s");
  CHECK(format_rate(999.7) == "1.00k/s");
  CHECK(format_rate(1500) == "1.50k/s");
  CHECK(format_rate(212'345) == "212k/s");
  CHECK(format_rate(1.25e6) == "1.25M/s");
}

TEST_CASE("durations are printed") {
  CHECK(format_duration(85ns) == "85 ns");
  CHECK(format_duration(71'230ns) == "71.2 us");
  CHECK(format_duration(999'999ns) == "1.00 ms");
  CHECK(format_duration(1'310'000ns) == "1.31 ms");
  CHECK(format_duration(2500ms) == "2.50 s");
  CHECK(format_duration(-2500ms) == "-2.50 s");
  CHECK(format_duration(250s) == "4m 10s");
  CHECK(format_duration(3h + 25min + 10s) == "3h 25m");
}

TEST_CASE("counts are printed in groups of three") {
  CHECK(format_count(0) == "0");
  CHECK(format_count(999) == "999");
  CHECK(format_count(1000) == "1 000");
  CHECK(format_count(1'200'000) == "1 200 000");
}
