#include "mqbench/size_spec.h"

#include <cmath>
#include <numeric>
#include <optional>
#include <utility>

#include <fmt/core.h>

#include "base/units.h"
#include "common/invalid.h"

namespace mq {
namespace {

std::optional<uint32_t> parse_one(std::string_view text) {
  const Result<uint64_t> size = parse_size(text);
  if (!size || *size > SizeSpec::kSizeMax) return std::nullopt;
  return static_cast<uint32_t>(*size);
}

// Uniform below n, which has 32 bits at most: the high half of a product.
uint64_t below(uint64_t random, uint64_t n) {
  return (random >> 32) * n >> 32;
}

}  // namespace

Result<SizeSpec> SizeSpec::parse(std::string_view text) {
  SizeSpec to;
  to.text_ = text;
  to.sizes_.clear();
  const std::string range = fmt::format("sizes go from 0 to {}", format_size(kSizeMax));
  if (text.starts_with("exp:")) {
    const auto mean = parse_one(text.substr(4));
    if (!mean || *mean <= kExponentialMin || *mean > kSizeMax / kExponentialTimesMax) {
      return invalid(fmt::format("the mean must be over {} B and at most {}", kExponentialMin,
                                 format_size(kSizeMax / kExponentialTimesMax)));
    }
    to.kind_ = Kind::kExponential;
    to.sizes_ = {*mean};
    return to;
  }
  if (const size_t dots = text.find(".."); dots != std::string_view::npos) {
    const auto from = parse_one(text.substr(0, dots)), until = parse_one(text.substr(dots + 2));
    if (!from || !until) return invalid(range);
    if (*from > *until) return invalid("the smaller one comes first");
    to.kind_ = Kind::kRange;
    to.sizes_ = {*from, *until};
    return to;
  }
  for (std::string_view rest = text;;) {
    const size_t comma = std::min(rest.find(','), rest.size());
    const auto size = parse_one(rest.substr(0, comma));
    if (!size) {
      return invalid(range + ": write 256, 64,1k,16k, 100..2000 or exp:512");
    }
    to.sizes_.push_back(*size);
    if (to.sizes_.size() > kListMax) {
      return invalid(fmt::format("more than {} sizes", kListMax));
    }
    if (comma == rest.size()) return to;
    rest.remove_prefix(comma + 1);
  }
}

uint32_t SizeSpec::min() const {
  return kind_ == Kind::kExponential ? kExponentialMin : std::ranges::min(sizes_);
}

uint32_t SizeSpec::max() const {
  return kind_ == Kind::kExponential ? sizes_[0] * kExponentialTimesMax : std::ranges::max(sizes_);
}

double SizeSpec::mean() const {
  // Of a range, too: the middle between its ends.
  return std::accumulate(sizes_.begin(), sizes_.end(), 0.0) / static_cast<double>(sizes_.size());
}

uint32_t SizeSpec::at(uint64_t random) const {
  switch (kind_) {
    case Kind::kList: return sizes_[sizes_.size() == 1 ? 0 : below(random, sizes_.size())];
    case Kind::kRange:
      return sizes_[0] + static_cast<uint32_t>(below(random, uint64_t{sizes_[1]} - sizes_[0] + 1));
    case Kind::kExponential: break;
  }
  const double unit = (static_cast<double>(random >> 11) + 1) * 0x1.0p-53;  // in (0, 1]
  const double above = -std::log(unit) * (sizes_[0] - double{kExponentialMin});
  return kExponentialMin +
         static_cast<uint32_t>(std::min(above, static_cast<double>(max() - kExponentialMin)));
}

}  // namespace mq
