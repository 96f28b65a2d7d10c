// Who answers at an address, and how fast.
#pragma once

#include <string>

#include "base/result.h"
#include "mqbench/load_options.h"

namespace mq {

struct ProbeResult {
  std::string server;      // what it says it is, empty when it does not
  Duration connect{0};     // from the start to CONNACK
  Duration round_trip{0};  // of a PINGREQ
};

// Connects, asks, disconnects: a fraction of a second. An error when nobody answers.
Result<ProbeResult> probe(const LoadOptions& options);

}  // namespace mq
