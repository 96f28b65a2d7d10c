// Payloads that say of themselves whether they are what was sent.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>

#include "base/bytes.h"
#include "mqbench/message_random.h"

namespace mq {

// Every byte behind a stamp is a function of all bits of the stamp (SplitMix64): whatever of the
// two is changed on the way, they no longer agree.
class PayloadPattern {
 public:
  static constexpr size_t kSizeMin = 8;  // of what follows a stamp: less hardly says anything

  explicit PayloadPattern(Bytes stamp) {
    for (; stamp.size() >= 8; stamp = stamp.subspan(8)) {
      uint64_t word = 0;
      std::memcpy(&word, stamp.data(), 8);
      seed_ = mixed_bits(seed_ ^ word);
    }
  }

  void fill(std::span<uint8_t> rest) const {
    uint64_t state = seed_;
    for (; rest.size() >= 8; rest = rest.subspan(8)) {
      const uint64_t word = next(state);
      std::memcpy(rest.data(), &word, 8);
    }
    const uint64_t word = next(state);
    if (!rest.empty()) std::memcpy(rest.data(), &word, rest.size());
  }

  bool matches(Bytes rest) const {
    uint64_t state = seed_, differences = 0;
    for (; rest.size() >= 8; rest = rest.subspan(8)) {
      uint64_t word = 0;
      std::memcpy(&word, rest.data(), 8);
      differences |= word ^ next(state);
    }
    const uint64_t word = next(state);
    if (!rest.empty() && std::memcmp(rest.data(), &word, rest.size()) != 0) return false;
    return differences == 0;
  }

 private:
  static uint64_t next(uint64_t& state) { return mixed_bits(state += 0x9E3779B97F4A7C15); }

  uint64_t seed_ = 0x6D7162656E636821;
};

}  // namespace mq
