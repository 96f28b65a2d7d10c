// Whether two packets have the same contents.
#pragma once

#include "codec/packet.h"

namespace mq::test {

// Compares what the views show, and what decode() picked out of the properties, too.
bool equal(const Packet& a, const Packet& b);

}  // namespace mq::test
