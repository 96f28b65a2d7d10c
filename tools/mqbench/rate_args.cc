#include "mqbench/rate_args.h"

#include <fmt/core.h>

#include "base/units.h"
#include "common/invalid.h"
#include "common/options.h"

namespace mq {
namespace {

constexpr double kRateMax = 1e9;
constexpr Duration kDurationDefault = std::chrono::seconds(10);

Result<void> resolve_stages(const RateArgs& args, LoadOptions& to) {
  if (args.per_second || args.duration || args.messages) {
    return invalid("--stages has rates and durations of its own: no --rate, -d or --messages.");
  }
  MQ_TRY(to.stages, parse_stages(*args.stages));
  to.duration = length_of(to.stages);
  to.rate = static_cast<double>(RateCurve(to.stages).messages()) / seconds(to.duration);
  to.set_intervals();
  return {};
}

Result<void> resolve_rate(const RateArgs& args, LoadOptions& to) {
  if (args.stages) return resolve_stages(args, to);
  const std::string text = args.per_second.value_or("1000");
  if (text == "max") {
    to.rate.reset();
  } else {
    const Result<double> rate = parse_rate(text);
    if (!rate || *rate <= 0 || *rate > kRateMax) {
      return invalid(
          fmt::format("Invalid rate given: {}, it must be like 500, 10k or 1.5M/s, or "
                      "max.",
                      text));
    }
    to.rate = *rate;
  }
  if (args.duration && args.messages) {
    return invalid("--duration and --messages cannot be used together.");
  }
  to.messages = args.messages.value_or(0);
  if (!args.messages) {
    to.duration = args.duration.value_or(kDurationDefault);
  } else if (to.rate) {
    to.duration = Duration(static_cast<int64_t>(static_cast<double>(to.messages) / *to.rate * 1e9));
  }
  if (to.rate && !args.messages && seconds(to.duration) * *to.rate < 0.5) {
    return invalid("At this rate no message is due within the duration.");
  }
  return {};
}

Result<void> resolve_arrival(const RateArgs& args, LoadOptions& to) {
  to.arrival.arrival = args.arrival;
  to.arrival.phase = args.phase;
  if (!to.open_loop() && (args.arrival != Arrival::kUniform || args.phase != Phase::kEven)) {
    return invalid("At --rate max messages have no times: neither --arrival nor --phase.");
  }
  if (args.arrival == Arrival::kPoisson && args.phase != Phase::kEven) {
    return invalid("--phase is for evenly spaced messages, and not for --arrival poisson.");
  }
  return {};
}

}  // namespace

void declare_arrival(CLI::App& app, RateArgs& args) {
  Options(app, "Load")
      .choice("--arrival", args.arrival,
              {{"uniform", Arrival::kUniform}, {"poisson", Arrival::kPoisson}},
              "The messages of a publisher are evenly spaced, or come at random as a Poisson "
              "process; with that and -d, also their number is chance.")
      .choice("--phase", args.phase,
              {{"even", Phase::kEven}, {"random", Phase::kRandom}, {"sync", Phase::kSync}},
              "How evenly spaced messages of the publishers lie to each other: in turn, at random, "
              "or all at the same time.");
}

void declare(CLI::App& app, RateArgs& args) {
  Options(app, "Load")
      .text("--rate", args.per_second, "RATE|max",
            "Messages a second of all publishers together, as 500 or 10k. With max, as many as "
            "--inflight allows; the latency is then that of the service alone. Default: 1000.")
      .text("--stages", args.stages, "LIST",
            "Instead of --rate and -d, a rate that changes: LENGTH:RATE with commas between, as "
            "10s:1k,30s,0s:5k,1m. In each the rate goes evenly from what it was, 0 at first, to "
            "RATE; without RATE it stays.")
      .seconds("-d,--duration", args.duration, "SECONDS", "Length of the measured part; 10.",
               std::chrono::milliseconds(1))
      .number("--messages", args.messages, "COUNT", "Messages of the measured part, instead.", {1})
      .seconds("--warmup", args.warm_up, "SECONDS",
               "Load before the measured part, which counts for nothing.")
      .seconds("--drain", args.drain, "SECONDS",
               "Longest wait for the last deliveries, after the measured part. Of QoS 1 and 2, for "
               "the next one: what still comes is not lost. Ten times that in all.");
}

Result<void> resolve(const RateArgs& args, LoadOptions& to) {
  MQ_CHECK(resolve_rate(args, to));
  MQ_CHECK(resolve_arrival(args, to));
  to.warm_up = args.warm_up;
  to.drain = args.drain;
  return {};
}

}  // namespace mq
