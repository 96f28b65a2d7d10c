// Sends requests and prints the responses to them (section 4.10).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "client/client_options.h"
#include "clients/printing.h"
#include "codec/packet.h"
#include "common/connect_args.h"

namespace mq {

struct RequesterOptions {
  ConnectOptions connection;
  std::string topic;
  std::string payload;
  bool lines = false;   // each line of standard input is a request, not `payload`
  uint64_t repeat = 1;  // how often `payload` is sent
  Duration repeat_delay{};
  Qos qos = Qos::kAtMostOnce;
  PropertyList properties;  // of the PUBLISH, but for Correlation Data
  // With MQTT 5; empty: a random one for each request.
  std::optional<std::string> correlation_data;
  std::string response_topic;
  SubscribeOptions subscribe_options;
  PropertyList subscribe_properties;
  PropertyList disconnect_properties;
  bool no_retained = false;
  bool latency = false;             // print how long each answer took
  bool json_latency = false;        // and what is said of all of them, as JSON
  std::optional<Duration> timeout;  // of each request, connecting included
  Printing printing;
};

// The exit code: 0 once every request has its response. They go out one after the other. With MQTT
// 5 a response that carries other Correlation Data is somebody else's and passed over; one that
// carries none is taken, as many responders do not know of it.
int request(RequesterOptions options);

}  // namespace mq
