// Publishes by way of a spool, so that what was read outlives an outage and the program.
#pragma once

#include "mqpub/publisher.h"

namespace mq {

// As publish(). kExitKept when the server is away at the end and messages stay in the spool.
// REQUIRES: options.spool
int publish_spooled(PublisherOptions options);

}  // namespace mq
