// A packet that can be decoded is the same after encode and decode, and no longer than it was.
#include "codec/decode.h"
#include "codec/encode.h"
#include "codec/frame_reader.h"
#include "fuzz/check.h"
#include "fuzz/chunked.h"
#include "support/packet_equal.h"

using namespace mq;
using namespace mq::test;

namespace {

void check(const Frame& frame, const FuzzPeer& peer) {
  const auto packet = decode(frame, peer.version, peer.side);
  if (!packet) return;
  // A CONNECT says itself which version it is.
  Buffer encoded;
  encode(*packet, peer.version, encoded);
  FUZZ_CHECK(encoded.size() <= frame.size());

  FrameReader reader;
  Bytes in = encoded.bytes();
  const auto again_frame = reader.next(in);
  FUZZ_CHECK(again_frame && *again_frame && in.empty());
  const auto again = decode(**again_frame, peer.version, peer.side);
  FUZZ_CHECK(again.has_value());
  FUZZ_CHECK(equal(*packet, *again));

  Buffer twice;
  encode(*again, peer.version, twice);
  FUZZ_CHECK(equal(encoded.bytes(), twice.bytes()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  FuzzInput input(data, size);
  const FuzzPeer peer(input.take_u8());
  FrameReader reader;
  for (Bytes chunk; input.next_chunk(chunk);) {
    for (;;) {
      const auto frame = reader.next(chunk);
      if (!frame) return 0;
      if (!*frame) break;
      check(**frame, peer);
    }
  }
  return 0;
}
