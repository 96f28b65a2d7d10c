// Why bytes are not a packet.
#pragma once

#include <cstdint>

#include <tl/expected.hpp>

#include "codec/reason_code.h"

namespace mq {

struct DecodeError {
  ReasonCode reason;   // what the peer must be told
  uint32_t offset;     // of the first byte at fault, from the start of the packet's body
  const char* what;    // a constant, for logs and reason strings: "topic alias is 0"
};

template <class T>
using Decoded = tl::expected<T, DecodeError>;

}  // namespace mq
