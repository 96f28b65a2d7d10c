// Not everybody's broker is there to be loaded.
#pragma once

#include "base/result.h"
#include "mqbench/load_options.h"

namespace mq {

// A broker that is neither on this machine nor in a private network gets little, unless `allowed`.
Result<void> check_polite(const LoadOptions& options, bool allowed);

// Looks a name up. True for one that is not found: to connect fails and says why.
bool is_private(const Address& address);
// All that a load goes to.
bool is_private(const LoadOptions& options);

}  // namespace mq
