// Root's rights are for opening ports and files, not for serving clients.
#pragma once

#include <string>

#include "base/result.h"

namespace mq {

// Becomes that user, with its groups, for good. Whoever is not root already has nothing to drop.
Result<void> drop_privileges(const std::string& user);

}  // namespace mq
