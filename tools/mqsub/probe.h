// mqsub --probe: what a broker says of itself, and whether it does what it says.
#pragma once

#include <optional>

#include "common/connect_args.h"

namespace mq {

struct ProbeOptions {
  ConnectOptions connection;
  std::optional<Duration> timeout;  // for all of it, exit code 27
  bool json = false;
};

// Prints the answer to CONNECT, a round trip at each QoS, and whether retained messages, wildcards
// and shared subscriptions work, on topics below mqkit/probe/ that nobody else uses. The exit code
// is 1 when something does not work that the broker offers.
int probe(ProbeOptions options);

}  // namespace mq
