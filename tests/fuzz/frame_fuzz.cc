// A stream in any chunks gives the frames, and the error, that it gives in one piece.
#include <optional>
#include <vector>

#include "base/buffer.h"
#include "codec/frame_reader.h"
#include "fuzz/check.h"
#include "fuzz/chunked.h"

using namespace mq;
using namespace mq::test;

namespace {

struct Seen {
  Buffer bytes;  // first byte, header size, body of each frame
  size_t frames = 0;
  std::optional<ReasonCode> error;
};

// False after an error.
bool read(FrameReader& reader, Bytes in, Seen& seen) {
  for (;;) {
    const auto frame = reader.next(in);
    if (!frame) {
      seen.error = frame.error().reason;
      return false;
    }
    if (!*frame) break;
    FUZZ_CHECK(reader.pending() == 0);
    ++seen.frames;
    seen.bytes.put_u8((*frame)->first_byte);
    seen.bytes.put_u8((*frame)->header_size);
    seen.bytes.append((*frame)->body);
  }
  FUZZ_CHECK(in.empty());
  // Memory follows what has arrived.
  FUZZ_CHECK(reader.memory() <= 2 * reader.pending() + 64);
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  FuzzInput input(data, size);
  const uint32_t packet_max = 1u << (input.take_u8() % 29);
  FrameReader split, whole;
  split.set_packet_max(packet_max);
  whole.set_packet_max(packet_max);
  Seen parts, once;
  Buffer stream;
  bool going_on = true;
  for (Bytes chunk; input.next_chunk(chunk);) {
    stream.append(chunk);
    going_on = going_on && read(split, chunk, parts);
  }
  read(whole, stream.bytes(), once);
  FUZZ_CHECK(parts.frames == once.frames);
  FUZZ_CHECK(parts.error == once.error);
  FUZZ_CHECK(equal(parts.bytes.bytes(), once.bytes.bytes()));
  if (!once.error) FUZZ_CHECK(split.pending() == whole.pending());
  return 0;
}
