// What a run is to do, once the command line is understood.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "client/client_options.h"
#include "io/client_runner.h"
#include "mqbench/group_storm.h"
#include "mqbench/load_plan.h"
#include "mqbench/payloads.h"
#include "mqbench/rate_curve.h"
#include "mqbench/schedule.h"

namespace mq {

// The duration of what goes on until it is interrupted.
inline constexpr Duration kEndless = std::chrono::hours(24 * 365 * 100);

// What is found out about each message that arrives.
enum class Verify : uint8_t {
  kOff,     // nothing but its latency
  kCount,   // how many each subscriber gets: loss as long as nothing comes twice
  kSeq,     // which ones of each publisher: loss, duplicates and order, exactly
  kStrict,  // and that every byte is the one that was sent
};
std::string_view name(Verify verify);

// What one flow of the plan carries, and when.
struct FlowLoad {
  Qos qos = Qos::kAtMostOnce;
  uint32_t payload_size = 256;
  std::optional<double> rate;  // on average; none: as fast as the window allows
  std::vector<RateStage> stages;
  ArrivalOptions arrival;

  double first_rate() const;  // REQUIRES: rate
};

struct LoadOptions {
  // A connection of each client. `client_id` is what they begin with.
  RunnerOptions runner;
  ClientOptions client;
  PropertyList publish_properties, subscribe_properties;

  LoadPlan plan;
  std::string run_name;            // six hexadecimal digits if nobody gave it another name
  uint32_t run = 0;                // a number for it, for the stamps
  uint32_t shard = 0, shards = 1;  // of several processes that carry out the plan
  Qos qos = Qos::kAtMostOnce;
  Qos sub_qos = Qos::kAtMostOnce;
  uint32_t payload_size = 256;  // on average
  Payloads payloads;
  std::vector<Payloads> flow_payloads;  // of a scenario, by flow, in their place
  StampPlace stamp = StampPlace::kPayload;
  Verify verify = Verify::kSeq;
  // Whether it is known of each publisher what a subscriber got of it.
  bool tracks() const { return verify >= Verify::kSeq && stamp != StampPlace::kNone; }

  // Messages a second in all. Nothing: as fast as `inflight` allows, and then `inflight` also
  // bounds what each publisher has on the way to the subscribers.
  std::optional<double> rate = 1000;
  std::vector<RateStage> stages;  // where it changes; `rate` is then the mean
  ArrivalOptions arrival;
  std::vector<GroupStorm> storms;    // of a scenario, in the order of their times
  std::vector<FlowLoad> flow_loads;  // of each flow of a scenario; `rate` is then the sum
  uint64_t messages = 0;  // how many in the measured part; at rate max 0 is until `duration` ends
  Duration duration{};    // of the measured part; zero at rate max with `messages`
  Duration warm_up{};
  Duration drain{};        // after the last message was sent; the next one, if acknowledged
  Duration backlog_max{};  // a message that is later than that is given up

  uint32_t inflight = 1000;
  uint32_t connecting_max = 100;  // connections that are being made at a time
  double connect_rate = 0;        // connections a second, 0 without a limit
  uint32_t threads = 1;
  bool pin = false;        // each thread to a processor of its own
  bool busy_poll = false;  // no thread sleeps while messages are due or under way
  Duration hold{};         // connections are kept for that long after the last delivery
  // Clients take turns with these; all from where the system likes and to the same server without.
  std::vector<std::string> local_addresses;
  std::vector<Address> hosts;
  bool shows_progress = false;  // where standard error is a terminal

  // Where shards that are ready wait for each other; they do not without.
  struct Sync {
    RunnerOptions runner;
    ClientOptions client;
    Duration timeout{};  // how long they wait
  };
  std::optional<Sync> sync;

  // Whether this process has publisher or subscriber `number`: pairs stay together.
  bool is_own(uint32_t number) const { return number % plan.groups() % shards == shard; }
  // How many of the first `count` it has.
  uint32_t own(uint32_t count) const {
    if (shards == 1) return count;
    uint32_t sum = 0;
    for (uint32_t i = 0; i < count; ++i) sum += is_own(i) ? 1 : 0;
    return sum;
  }
  bool open_loop() const { return rate.has_value(); }
  bool is_acknowledged(const LoadPlan::Flow& flow) const {
    return flow.qos.value_or(qos) != Qos::kAtMostOnce;
  }
  // Whether the broker acknowledges what some flow publishes, or what each does.
  bool some_acknowledged() const {
    return std::ranges::any_of(plan.flows(), [this](auto& flow) { return is_acknowledged(flow); });
  }
  bool all_acknowledged() const {
    return std::ranges::all_of(plan.flows(), [this](auto& flow) { return is_acknowledged(flow); });
  }
  // Of the user's own, in all messages.
  bool has_correlation_data() const {
    return publish_properties.view().has(PropertyId::kCorrelationData);
  }
  bool is_scenario() const { return !flow_loads.empty(); }
  FlowLoad flow(uint32_t flow) const;
  const Payloads& payloads_of(uint32_t flow) const {
    return flow_payloads.empty() ? payloads : flow_payloads[flow];
  }
  // Its rate in the measured part, of all publishers and shards. REQUIRES: open_loop()
  RateCurve curve(uint32_t flow = 0) const;
  // How many messages that makes; nothing where chance has it.
  std::optional<uint64_t> planned(uint32_t flow = 0) const;

  // Where the intervals begin that are reported: with each second, less often in a run of hours,
  // and with each stage.
  Duration interval_start(size_t i) const;
  // Before the run, when `duration` and `stages` are known.
  void set_intervals();

 private:
  std::vector<Duration> interval_starts_;  // with stages
};

// How many messages a rate makes in a time, rounded.
uint64_t messages_in(Duration time, double rate);

}  // namespace mq
