#include "wire.h"

#include <doctest/doctest.h>

#include "codec/encode.h"
#include "codec/frame_reader.h"

namespace mq::test {

Decoded<Packet> decode_bytes(Bytes bytes, Version version, Side from) {
  FrameReader reader;
  const auto frame = reader.next(bytes);
  if (!frame) return tl::unexpected(frame.error());
  REQUIRE(frame->has_value());
  CHECK(bytes.empty());
  return decode(**frame, version, from);
}

const std::vector<WireVector>& vectors() {
  static const std::vector<WireVector> all = load_vectors();
  return all;
}

void check_vector(const WireVector& vector) {
  INFO(vector.name);
  const Decoded<Packet> packet = decode_bytes(vector.bytes, vector.version, vector.from);
  if (vector.fault) {
    REQUIRE(!packet.has_value());
    INFO(packet.error().what);
    CHECK(text(packet.error().reason) == text(vector.fault->reason));
    CHECK(packet.error().offset == vector.fault->offset);
    return;
  }
  if (!packet) FAIL(packet.error().what, " at ", packet.error().offset);
  CHECK(describe(*packet) == vector.fields);
  Buffer encoded;
  encode(*packet, vector.version, encoded);
  CHECK(equal(encoded.bytes(), Bytes(vector.canonical)));
}

}  // namespace mq::test
