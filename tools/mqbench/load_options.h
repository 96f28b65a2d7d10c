// What a run is to do, once the command line is understood.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "client/client_options.h"
#include "io/client_runner.h"
#include "mqbench/load_plan.h"

namespace mq {

struct LoadOptions {
  // A connection of each client. `client_id` is what they begin with.
  RunnerOptions runner;
  ClientOptions client;
  PropertyList publish_properties, subscribe_properties;

  LoadPlan plan;
  std::string run_name;     // six hexadecimal digits
  uint32_t run = 0;         // the same as a number, for the stamps
  Qos qos = Qos::kAtMostOnce;
  Qos sub_qos = Qos::kAtMostOnce;
  uint32_t payload_size = 256;  // at least kCompactStampSize

  // Messages a second in all. Nothing: as fast as `inflight` allows, and then `inflight` also
  // bounds what each publisher has on the way to the subscribers.
  std::optional<double> rate = 1000;
  uint64_t messages = 0;  // how many in the measured part; at rate max 0 is until `duration` ends
  Duration duration{};    // of the measured part; zero at rate max with `messages`
  Duration warm_up{};
  Duration drain{};       // at most, after the last message was sent
  Duration backlog_max{}; // a message that is later than that is given up

  uint32_t inflight = 1000;
  uint32_t connecting_max = 100;  // connections that are being made at a time
  uint32_t threads = 1;

  bool open_loop() const { return rate.has_value(); }
};

}  // namespace mq
