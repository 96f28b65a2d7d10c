// The name of a network connection inside the broker.
#pragma once

#include <cstdint>

namespace mq {

// Slot and generation: a late event for a connection that is gone names a generation that is
// gone too, and is dropped.
struct ConnId {
  uint32_t slot = 0;
  uint32_t generation = 0;  // 0 names no connection
  friend bool operator==(const ConnId&, const ConnId&) = default;
};

}  // namespace mq
