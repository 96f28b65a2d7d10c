#include "mqbench/rate_curve.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

using namespace mq;
using namespace std::chrono_literals;

namespace {

RateCurve curve(std::string_view text) {
  return RateCurve(*parse_stages(text));
}

// How many messages are due before a time: the trapezoids under the curve.
long double messages_before(std::string_view text, Duration time) {
  long double sum = 0, rate = 0;
  const auto stages = *parse_stages(text);
  for (const RateStage& stage : stages) {
    const auto length = static_cast<long double>(stage.length.count()) / 1e9L;
    const long double t = std::min(static_cast<long double>(time.count()) / 1e9L, length);
    if (t > 0) sum += t * (rate + (stage.rate - rate) * t / length / 2);
    rate = stage.rate;
    time -= stage.length;
    if (time < 0ns) break;
  }
  return sum;
}

// When the numbers 0, 1, ... are due, as one goes through them.
std::vector<Duration> times(const RateCurve& c, uint64_t count) {
  std::vector<Duration> to;
  uint32_t piece = 0;
  for (uint64_t k = 0; k < count; ++k) to.push_back(c.when(static_cast<double>(k), piece));
  return to;
}

std::string error(std::string_view text) {
  const auto stages = parse_stages(text);
  return stages ? "" : stages.error().text;
}

}  // namespace

TEST_CASE("rate curve: the integral over each stage is how many messages it has") {
  CHECK(curve("10s:1k,30s:10k,10s:0").messages() == doctest::Approx(5000 + 165'000 + 50'000));
  CHECK(curve("0s:500,10s").messages() == doctest::Approx(5000));
  CHECK(curve("0s:500,10,0s:1k,20").messages() == doctest::Approx(25'000));
  CHECK(curve("4s:10,1m,4s:0").messages() == doctest::Approx(20 + 600 + 20));
}

TEST_CASE("rate curve: a number is due when the integral has reached it") {
  for (const char* text :
       {"10s:1k,30s:10k,10s:0", "3:100,1,2:0", "0s:50,2s", "1:0,1:10,1:10,1:1M"}) {
    const RateCurve c = curve(text);
    const auto count = static_cast<uint64_t>(std::min(c.messages(), 20'000.0));
    Duration last{0};
    const auto due = times(c, count);
    for (uint64_t k = 0; k < count; ++k) {
      REQUIRE(due[k] >= last);
      last = due[k];
      // A nanosecond either way.
      const auto number = static_cast<long double>(k);
      CHECK(messages_before(text, due[k] + 1ns) >= number - 1e-6L);
      CHECK(messages_before(text, due[k] - 1ns) <= number + 1e-6L);
    }
  }
}

TEST_CASE("rate curve: a ramp down ends at the end of its stage, and nothing is due in a silence") {
  uint32_t piece = 0;
  const RateCurve down = curve("0s:1k,10s:0");
  CHECK(down.messages() == doctest::Approx(5000));
  CHECK(down.when(4999, piece) < 10s);
  CHECK(down.when(4999, piece) > 9700ms);  // the last of all: sqrt(2 / slope) before
  const RateCurve silence = curve("0s:10,1s,0s:0,1h,0s:10,1s");
  const auto due = times(silence, 20);
  CHECK(due[9] == 900ms);
  CHECK(due[10] == 1h + 1s);
  CHECK(due[19] == 1h + 1s + 900ms);
}

TEST_CASE("rate curve: without an end, exact for months and good for years") {
  uint32_t piece = 0;
  const RateCurve c(3000);
  CHECK(c.when(1, piece) == 333'333ns);
  CHECK(c.when(3'000.0 * 2'000'000 + 2, piece) == 2'000'000s + 666'667ns);
  const Duration year = 24h * 365;
  const Duration after = c.when(3'000.0 * 365 * 24 * 3600, piece);
  CHECK(after - year < 10ns);
  CHECK(year - after < 10ns);
}

TEST_CASE("stages: what they are written as") {
  const auto stages = *parse_stages("10s:1k,30,0s:2.5k/s,500ms:0");
  REQUIRE(stages.size() == 4);
  CHECK(stages[0].length == 10s);
  CHECK(stages[0].rate == 1000);
  CHECK(stages[1].length == 30s);
  CHECK(stages[1].rate == 1000);
  CHECK(stages[2].length == 0s);
  CHECK(stages[2].rate == 2500);
  CHECK(stages[3].length == 500ms);
  CHECK(stages[3].rate == 0);
  CHECK(length_of(stages) == 40'500ms);
  CHECK(rate_max_of(stages) == 2500);
}

TEST_CASE("stages: what they are not") {
  CHECK(error("") ==
        "Invalid stages given: , '' must be LENGTH:RATE, like 10s:5k, or LENGTH alone, "
        "of at most a year.");
  CHECK(error("10s:1k,").find("'' must be LENGTH:RATE") != std::string::npos);
  CHECK(error("x:1k").find("'x:1k' must be") != std::string::npos);
  CHECK(error("10s:").find("'' is not a rate") != std::string::npos);
  CHECK(error("10s:-1").find("'-1' is not a rate") != std::string::npos);
  CHECK(error("10s:2G").find("'2G' is not a rate") != std::string::npos);
  CHECK(error("400d:1").find("at most a year") != std::string::npos);
  CHECK(error("10s").find("no message is due") != std::string::npos);
  CHECK(error("10s:0").find("no message is due") != std::string::npos);
  CHECK(error("0s:1k").find("no message is due") != std::string::npos);
  std::string most = "0s:1k";
  for (size_t i = 1; i < kRateStagesMax; ++i) most += ",1s";
  CHECK(error(most).empty());
  CHECK(error(most + ",1s").find("more than 500 stages") != std::string::npos);
}
