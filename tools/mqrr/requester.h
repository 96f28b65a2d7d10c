// Sends a request and prints the response to it (section 4.10).
#pragma once

#include <optional>
#include <string>

#include "client/client_options.h"
#include "clients/printing.h"
#include "codec/packet.h"
#include "common/connect_args.h"

namespace mq {

struct RequesterOptions {
  Connection connection;
  std::string topic;
  std::string payload;
  Qos qos = Qos::kAtMostOnce;
  PropertyList properties;  // of the PUBLISH, Response Topic and Correlation Data among them
  std::string response_topic;
  SubscribeOptions subscribe_options;
  PropertyList subscribe_properties;
  PropertyList disconnect_properties;
  bool no_retained = false;
  bool latency = false;  // print how long the answer took
  std::optional<Duration> timeout;
  Printing printing;
};

// The exit code: 0 once a response was printed. With MQTT 5 a response that carries other
// Correlation Data is somebody else's and passed over; one that carries none is taken, as many
// responders do not know of it.
int request(RequesterOptions options);

}  // namespace mq
