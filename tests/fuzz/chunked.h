// Lets the fuzzer decide where a byte stream is split, and a few settings in front of it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>

#include "base/bytes.h"
#include "codec/version.h"

namespace mq::test {

// Input of a fuzz target: settings, one byte each, then a stream in chunks. A chunk is a byte n
// and n bytes; n = 0 stands for all that is left, so that a seed of any length is a byte 0 and the
// stream.
class FuzzInput {
 public:
  FuzzInput(const uint8_t* data, size_t size) : rest_(data, size) {}

  uint8_t take_u8() {
    if (rest_.empty()) return 0;
    const uint8_t byte = rest_[0];
    rest_ = rest_.subspan(1);
    return byte;
  }
  bool empty() const { return rest_.empty(); }
  // What is left, as it is.
  Bytes rest() const { return rest_; }

  // The next chunk, in memory of exactly its size so that a sanitizer sees any read beyond it;
  // false when there is none. The chunk is valid until the next call.
  bool next_chunk(Bytes& chunk) {
    if (rest_.empty()) return false;
    const size_t wanted = take_u8();
    const size_t size = wanted == 0 ? rest_.size() : std::min(wanted, rest_.size());
    memory_ = std::make_unique<uint8_t[]>(size);
    copy_to(memory_.get(), rest_.first(size));
    rest_ = rest_.subspan(size);
    chunk = {memory_.get(), size};
    return true;
  }

 private:
  Bytes rest_;
  std::unique_ptr<uint8_t[]> memory_;
};

// Who sends a stream, at which version: one byte of settings.
struct FuzzPeer {
  explicit FuzzPeer(uint8_t byte)
      : version(static_cast<Version>(3 + (byte & 0x7F) % 3)),
        side((byte & 0x80) != 0 ? Side::kServer : Side::kClient) {}
  static uint8_t byte_of(Version version, Side side) {
    return static_cast<uint8_t>((static_cast<uint8_t>(version) - 3) |
                                (side == Side::kServer ? 0x80 : 0));
  }
  Version version;
  Side side;
};

}  // namespace mq::test
