// The filters that a simulation can put between its ends.
#pragma once

#include <string_view>

#include "sim/world.h"

namespace mq::sim {

// "ws", "tls", "wss" or "proxy"; null for anything else. What they put on the wire has the same
// size every time, so that a seed decides what happens with them, too.
MakeFilters filters_of(std::string_view layers);

}  // namespace mq::sim
