// Answers requests with what a command prints.
#pragma once

#include <cstdint>
#include <string>

#include "client/client_options.h"
#include "codec/packet.h"
#include "common/connect_args.h"

namespace mq {

struct ResponderOptions {
  ConnectOptions connection;
  std::string filter;          // of the requests' topics
  std::string response_topic;  // of responses to requests that name none; empty: they get none
  std::string command;         // for /bin/sh
  uint32_t jobs_max = 1;
  uint64_t response_max = 0;  // bytes
  Qos qos = Qos::kAtMostOnce;
  bool no_retained = false;
  SubscribeOptions subscribe_options;
  PropertyList properties;  // of each response, beside Correlation Data
  PropertyList subscribe_properties;
  PropertyList disconnect_properties;
};

// The exit code. Runs until it is told to end.
int respond(ResponderOptions options);

}  // namespace mq
