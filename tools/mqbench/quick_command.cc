#include "mqbench/quick_command.h"

#include <algorithm>
#include <optional>
#include <thread>

#include <fmt/format.h>

#include "base/units.h"
#include "common/console.h"
#include "common/exit_code.h"
#include "common/options.h"
#include "mqbench/exit_code.h"
#include "mqbench/output_file.h"
#include "mqbench/politeness.h"
#include "mqbench/probe.h"
#include "mqbench/rate_finder.h"
#include "mqbench/search_command.h"

namespace mq {
namespace {

using namespace std::chrono_literals;

// How the ten seconds are spent.
constexpr double kLatencyRate = 1000, kPoliteRate = 100;
constexpr Duration kLatencyTime = 1200ms, kLatencyWarmUp = 100ms;
constexpr std::string_view kSlo = "p99<10ms";
constexpr Duration kFanOutTime = 800ms;
constexpr uint32_t kFanOut = 50;
constexpr uint32_t kBurst = 500;
constexpr Duration kDrain = 500ms;

std::string duration(int64_t ns) {
  return format_duration(Duration(ns));
}

// One short look at a broker. Each part prints its line as it ends, so that whoever interrupts has
// seen what there is.
class Quick {
 public:
  explicit Quick(RunOptions options) : options_(std::move(options)) {
    options_.load.payloads = {};
    options_.load.payload_size = 256;
    options_.load.drain = kDrain;
  }

  Result<int> run(bool everything) {
    polite_ = !everything;
    MQ_CHECK(greet());
    MQ_CHECK(latencies());
    if (everything && signal_ == 0) MQ_CHECK(throughput());
    if (everything && signal_ == 0) MQ_CHECK(fan_out());
    if (everything && signal_ == 0) MQ_CHECK(connections());
    conclude(everything);
    if (unprinted_) return tl::unexpected(*unprinted_);
    if (signal_ != 0) return kExitSignal + signal_;
    return violations_.empty() ? int{kExitOk} : int{kExitViolation};
  }

 private:
  void print(std::string_view text) {
    if (const auto printed = print_text(text); !printed && !unprinted_) {
      unprinted_ = printed.error();
    }
  }

  Result<void> greet() {
    MQ_TRY(const ProbeResult found, probe(options_.load));
    print(fmt::format("mqbench {} -> {}  {} (MQTT {})   connected in {}, round trip {}{}\n",
                      MQKIT_VERSION, options_.target,
                      found.server.empty() ? "a broker that does not say its name" : found.server,
                      options_.load.client.version == Version::kV5 ? "5.0" : "3.1.1",
                      format_duration(found.connect), format_duration(found.round_trip),
                      is_here() ? fmt::format("   broker and client share this {}-CPU host",
                                              std::thread::hardware_concurrency())
                                : ""));
    return {};
  }

  bool is_here() const {
    const Address& address = options_.load.runner.address;
    return address.kind == TransportKind::kUnix || is_loopback(address.host);
  }

  // Runs a part of the load and keeps what everything is judged by.
  Result<Record> measure(LoadOptions load) {
    MQ_TRY(Record record, run_part(std::move(load)));
    keep(record);
    return record;
  }

  // The same, unless nothing arrives.
  Result<Record> latency(LoadOptions load) {
    MQ_TRY(Record record, run_part(std::move(load)));
    if (record.counts.received == 0 && signal_ == 0) {
      return fail(ErrorCode::kIo,
                  fmt::format("{} delivered no message{}", options_.target, why_nothing(record)));
    }
    keep(record);
    return record;
  }

  Result<Record> run_part(LoadOptions load) {
    RunOptions part = options_;
    part.load = std::move(load);
    MQ_TRY(const LoadResult result, LoadRun(part.load).run());
    if (result.signal != 0) signal_ = result.signal;
    connecting_ = result.connecting;
    return make_record(part, result);
  }

  void keep(const Record& record) {
    const Accounting& a = record.counts;
    lost_ += a.lost.all();
    duplicates_ += a.duplicates();
    reordered_ += a.reordered;
    disconnects_ += a.disconnects;
    refused_ += a.refused;
    violations_.insert(violations_.end(), a.violations.begin(), a.violations.end());
    for (const double busy : record.threads_busy) busiest_ = std::max(busiest_, busy);
  }

  Result<void> latencies() {
    const double rate = polite_ ? kPoliteRate : kLatencyRate;
    print(fmt::format("latency, 1 pub -> 1 sub, {}, 256 B, from planned send time\n{:>8}",
                      format_rate(rate), ""));
    for (const char* column : {"p50", "p90", "p99", "p99.9", "max"}) {
      print(fmt::format("{:>10}", column));
    }
    print(fmt::format("{:>16}\n", "received"));
    for (const Qos qos : {Qos::kAtMostOnce, Qos::kAtLeastOnce, Qos::kExactlyOnce}) {
      LoadOptions load = options_.load;
      load.rate = rate;
      load.qos = load.sub_qos = qos;
      load.duration = kLatencyTime;
      load.warm_up = kLatencyWarmUp;
      // MQTT 3 has no Receive Maximum, and Debian's mosquitto ends a connection with more than this
      // unacknowledged: a host that stalls for 20 ms must not look like a broker that loses.
      constexpr uint32_t kInflightUntold = 20;
      if (load.client.version != Version::kV5) {
        load.client.inflight_max = kInflightUntold;
      }
      const Result<Record> measured = latency(std::move(load));
      if (signal_ != 0) return {};
      if (!measured) {
        // Not every broker knows more than QoS 0, and that may be all that is wrong.
        if (qos == Qos::kAtMostOnce) return tl::unexpected(measured.error());
        print(fmt::format("  QoS {}  does not work here: {}\n", static_cast<int>(qos),
                          measured.error().text));
        continue;
      }
      const Record& record = *measured;
      const Histogram& response = record.tally.response;
      print(fmt::format("  QoS {} ", static_cast<int>(qos)));
      for (const double percent : {50.0, 90.0, 99.0, 99.9, 100.0}) {
        print(fmt::format("{:>10}", duration(response.percentile(percent))));
      }
      const Downgraded& granted = record.counts.downgraded;
      print(fmt::format("{:>16}{}\n",
                        fmt::format("{}/{}", format_count(record.counts.received),
                                    format_count(record.counts.expected)),
                        granted.all() == 0
                            ? ""
                            : fmt::format("   (subscribed with QoS {}: the broker grants no more)",
                                          granted.to_qos0 > 0 ? 0 : 1)));
      lag_p99_ = std::max(lag_p99_, record.tally.send_lag.percentile(99));
      lagged_ = lagged_ || !record.verdict.valid;
    }
    return {};
  }

  Result<void> throughput() {
    FindOptions find;
    MQ_TRY(Condition slo, Condition::parse(kSlo));
    find.slo.push_back(std::move(slo));
    find.rate_min = 10'000;
    find.growth = 3;
    find.precision = 0.2;
    find.settle = 150ms;
    find.step = 500ms;
    find.drain = kDrain;
    find.confirm = 0s;
    find.steps_max = 6;
    print(fmt::format("throughput, 1 -> 1, QoS 0, {}: ", kSlo));
    MQ_TRY(const Found found, find_rate(options_, find, [](const FindStep&) {}));
    signal_ = found.signal;
    std::string failed;
    for (const FindStep& step : found.steps) {
      keep_step(step);
      if (step.outcome != FindStep::Outcome::kPassed) {
        failed = fmt::format("   ({} {}: p99 {})", format_rate(step.rate), name(step.outcome),
                             duration(step.record.tally.response.percentile(99)));
      }
    }
    sustained_ = found.rate;
    print(fmt::format("{}{}\n", found_text(found), failed));
    return {};
  }

  // A step over the limit loses and delays what it will; that says nothing about the broker.
  void keep_step(const FindStep& step) {
    if (step.outcome == FindStep::Outcome::kPassed) keep(step.record);
  }

  Result<void> fan_out() {
    LoadOptions load = options_.load;
    MQ_TRY(load.plan, LoadPlan::make({.pattern = Pattern::kFanOut,
                                      .publishers = 1,
                                      .subscribers = kFanOut,
                                      .topic = "mqbench/{run}/fan"},
                                     load.plan.names()));
    load.threads = 1;
    load.rate = std::max(sustained_.value_or(2000) / 2 / kFanOut, 10.0);
    load.duration = kFanOutTime;
    load.warm_up = kLatencyWarmUp;
    MQ_TRY(const Record record, measure(std::move(load)));
    print(fmt::format("fan-out, 1 -> {}, QoS 0: {} delivered at p99 {}\n", kFanOut,
                      format_rate(received_per_s(record)),
                      duration(record.tally.response.percentile(99))));
    return {};
  }

  Result<void> connections() {
    LoadOptions load = options_.load;
    MQ_TRY(load.plan,
           LoadPlan::make({.pattern = Pattern::kNone, .subscribers = kBurst, .topic = ""},
                          load.plan.names()));
    load.threads = 1;
    load.duration = 1ms;
    load.warm_up = 0s;
    MQ_TRY(const Record record, measure(std::move(load)));
    print(fmt::format("connections: {} of {} in {}, CONNACK p99 {}\n",
                      format_count(record.tally.connect.count()), kBurst,
                      format_duration(connecting_), duration(record.tally.connect.percentile(99))));
    return {};
  }

  void conclude(bool everything) {
    print(
        fmt::format("checks    lost {}   duplicates {}   reordered {}   refused {}   "
                    "disconnects {}\n",
                    lost_, duplicates_, reordered_, refused_, disconnects_));
    for (const std::string& violation : violations_) print("VIOLATION " + violation + "\n");
    print(fmt::format("verdict   {}: mqbench's busiest thread {:.0f} %, send lag p99 {} at {}\n",
                      lagged_ ? "NOT VALID, this host was too busy for the latencies to be the "
                                "broker's"
                              : "VALID",
                      busiest_ * 100, duration(lag_p99_),
                      format_rate(polite_ ? kPoliteRate : kLatencyRate)));
    if (!everything) {
      print(
          "          Not on this machine or in a private network: only a light load without "
          "--yes.\n");
    } else if (sustained_) {
      print(
          fmt::format("next      mqbench run --rate {:.0f} -d 60s --html report.html     "
                      "mqbench search --slo 'p99<5ms' -q 1\n",
                      *sustained_ / 2));
    }
  }

  RunOptions options_;
  bool polite_ = false;
  int signal_ = 0;
  uint64_t lost_ = 0, duplicates_ = 0, reordered_ = 0, disconnects_ = 0, refused_ = 0;
  std::vector<std::string> violations_;
  double busiest_ = 0;
  int64_t lag_p99_ = 0;
  bool lagged_ = false;
  Duration connecting_{0};
  std::optional<double> sustained_;
  std::optional<Error> unprinted_;  // the first line that standard output did not take
};

}  // namespace

void declare(CLI::App& app, QuickArgs& args) {
  declare_permissions(app, args.run);
  declare_connection(app, args.run);
}

Result<int> run_quick(const QuickArgs& args) {
  RunArgs run = args.run;
  run.rate.per_second = "10";  // of what is checked here; the parts have their own
  MQ_TRY(RunOptions options, resolve(run));
  const bool everything = args.run.yes || is_private(options.load);
  const Result<int> code = Quick(std::move(options)).run(everything);
  if (code) return *code;
  Console().error(code.error().text);
  return kExitFailure;
}

}  // namespace mq
