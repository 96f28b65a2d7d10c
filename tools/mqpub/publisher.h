// Publishes what it was given and ends when all of it is delivered.
#pragma once

#include <cstdint>
#include <string>

#include "client/client_options.h"
#include "codec/version.h"
#include "common/connect_args.h"

namespace mq {

struct PublisherOptions {
  Connection connection;
  std::string topic;
  Qos qos = Qos::kAtMostOnce;
  bool retain = false;
  PropertyList properties;             // of each PUBLISH
  PropertyList disconnect_properties;  // of DISCONNECT
  bool lines = false;                  // send the lines of standard input, not `payload`
  std::string payload;
  uint32_t repeat = 1;  // how often `payload` is sent
  Duration repeat_delay{};
  uint32_t queue_max = 1000;  // messages read and not delivered
  bool ignore_denied = false;
};

// The exit code: 0 when everything was delivered (QoS 1 and 2: acknowledged, QoS 0: handed to the
// operating system).
int publish(PublisherOptions options);

}  // namespace mq
