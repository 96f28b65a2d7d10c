// From bytes to one packet, and checks of vectors that several tests share.
#pragma once

#include <string_view>
#include <vector>

#include "codec/decode.h"
#include "support/vectors.h"

namespace mq::test {

// Cuts the one frame out of `bytes` and decodes it. The views are into `bytes`.
// REQUIRES: the frame is complete
Decoded<Packet> decode_bytes(Bytes bytes, Version version, Side from);

// The vectors, read once.
const std::vector<WireVector>& vectors();

// Decodes and encodes one vector and compares everything it says.
void check_vector(const WireVector& vector);

}  // namespace mq::test
