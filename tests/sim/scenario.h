// Who takes part in a simulation and under which conditions: random choices, no behaviour.
#pragma once

#include <optional>
#include <string>

#include "base/random.h"
#include "broker/options.h"
#include "client/client_options.h"
#include "sim/ledger.h"
#include "support/sim_net.h"

namespace mq::sim {

BrokerOptions random_broker(Random& random);
Weather random_weather(Random& random);
// No delays to speak of, no cuts.
Weather calm_weather();

// Asks for nothing that a server with these options refuses. The will's message goes to the ledger.
ClientOptions random_client(Random& random, size_t index, const BrokerOptions& broker,
                            Ledger& ledger);

std::string random_topic(Random& random);
std::string random_filter(Random& random);
SubscribeOptions random_subscribe_options(Random& random, Version version, bool shared);

enum class Weight : uint8_t {
  kAny,
  kEmpty,
  kLarge,  // many times what a connection here has on its way
};

// A message that this client may send to a server with these options, added to the ledger. Where a
// 3.x client could not be told that it is too large, it is not.
Publication& random_publication(Random& random, size_t peer, Version version,
                                const BrokerOptions& broker, Ledger& ledger,
                                Weight weight = Weight::kAny);

// Small numbers more often than large ones.
inline uint64_t small_below(Random& random, uint64_t n) {
  return random.below(1 + random.below(n));
}

}  // namespace mq::sim
