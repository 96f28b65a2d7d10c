// A seeded generator for identifiers, jitter, masks and simulations.
#pragma once

#include <cstdint>
#include <string>

namespace mq {

// xoshiro256** (Blackman and Vigna, "Scrambled linear pseudorandom number generators", 2018),
// seeded through splitmix64. The same seed gives the same sequence on every machine. Not for
// secrets: what a peer must not guess comes from the operating system.
class Random {
 public:
  explicit Random(uint64_t seed);

  uint64_t next();
  // Uniform in [0, n). REQUIRES: n > 0
  uint64_t below(uint64_t n);
  // Uniform in [0, 1).
  double unit() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }
  bool chance(double probability) { return unit() < probability; }
  // `n` characters of 0-9 a-z A-Z: what every server accepts as a client identifier
  // [MQTT-3.1.3-5].
  std::string alphanumeric(size_t n);
  // A version 4 UUID (RFC 4122), lower case with hyphens.
  std::string uuid();

 private:
  uint64_t state_[4];
};

}  // namespace mq
