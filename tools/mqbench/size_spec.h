// How large payloads are: all the same, or drawn for each message.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "codec/limits.h"

namespace mq {

// "256"; "64,1k,16k", each as often as the others; "100..2000", each size between as often;
// "exp:512", exponential with that mean: many small ones and few large ones.
class SizeSpec {
 public:
  static constexpr uint32_t kSizeMax = kVarintMax / 2;
  static constexpr size_t kListMax = 1000;
  // Exponential sizes are never below the first, which a stamp and something to verify have room
  // in, nor above that many times the mean.
  static constexpr uint32_t kExponentialMin = 40, kExponentialTimesMax = 16;

  // An error says what is wrong with it, without repeating it.
  static Result<SizeSpec> parse(std::string_view text);
  SizeSpec(uint32_t size = 256) : text_(std::to_string(size)), sizes_{size} {}

  // As it was written.
  const std::string& text() const { return text_; }
  bool varies() const { return sizes_.size() > 1 || kind_ == Kind::kExponential; }
  uint32_t min() const;
  uint32_t max() const;
  double mean() const;
  // The one that 64 random bits stand for.
  uint32_t at(uint64_t random) const;

  // Whether fits(size) is true of all sizes there may be. REQUIRES: it is of all from 64 on, or of
  // none
  template <class Fits>
  bool all(Fits&& fits) const {
    if (kind_ == Kind::kList) return std::ranges::all_of(sizes_, fits);
    for (uint32_t size = min(); size <= std::min(max(), std::max(min(), 64u)); ++size) {
      if (!fits(size)) return false;
    }
    return true;
  }

 private:
  enum class Kind : uint8_t { kList, kRange, kExponential };

  Kind kind_ = Kind::kList;
  std::string text_;
  std::vector<uint32_t> sizes_;  // the list; smallest and largest; the mean
};

}  // namespace mq
