#include "base/random.h"

#include <bit>

namespace mq {

Random::Random(uint64_t seed) {
  for (uint64_t& word : state_) {
    seed += 0x9e3779b97f4a7c15;
    uint64_t z = seed;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    word = z ^ (z >> 31);
  }
}

uint64_t Random::next() {
  const uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
  const uint64_t t = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= t;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

uint64_t Random::below(uint64_t n) {
  // Rejection of the uneven rest at the bottom keeps it unbiased.
  const uint64_t threshold = -n % n;
  for (;;) {
    const uint64_t value = next();
    if (value >= threshold) return value % n;
  }
}

std::string Random::alphanumeric(size_t n) {
  static constexpr char kAlphabet[] =
      "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  std::string text(n, '\0');
  for (char& c : text) c = kAlphabet[below(sizeof kAlphabet - 1)];
  return text;
}

std::string Random::uuid() {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string text = "xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx";
  for (char& c : text) {
    if (c == 'x') c = kHex[below(16)];
    if (c == 'y') c = kHex[8 + below(4)];
  }
  return text;
}

}  // namespace mq
