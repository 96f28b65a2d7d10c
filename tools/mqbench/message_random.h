// Numbers that are random and known to both ends.
#pragma once

#include <cstdint>

namespace mq {

inline uint64_t mixed_bits(uint64_t z) {
  z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
  z = (z ^ z >> 27) * 0x94D049BB133111EB;
  return z ^ z >> 31;
}

// Of a message, from what its stamp says of it (SplitMix64). The shorter stamp has the low 32 bits
// of the sequence number only.
class MessageRandom {
 public:
  explicit MessageRandom(uint64_t seed) : state_(seed) {}
  MessageRandom(uint64_t seed, uint32_t stream, uint64_t sequence)
      : state_(mixed_bits(uint64_t{stream} << 32 | static_cast<uint32_t>(sequence)) ^ seed) {}

  uint64_t next() { return mixed_bits(state_ += 0x9E3779B97F4A7C15); }

 private:
  uint64_t state_;
};

}  // namespace mq
