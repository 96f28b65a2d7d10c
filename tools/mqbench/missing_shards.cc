#include "mqbench/missing_shards.h"

#include <fmt/core.h>

namespace mq {
namespace {

constexpr size_t kTextMax = 60;  // bytes from which on the rest is only counted

}  // namespace

std::string missing_shards(const std::set<uint32_t>& there, uint32_t of) {
  std::string text;
  size_t left = of - there.size();
  for (uint32_t i = 0; left > 0; ++i) {
    if (there.contains(i)) continue;
    if (text.size() > kTextMax) return text + fmt::format(" and {} more", left);
    text += fmt::format("{}{}", text.empty() ? "" : ", ", i);
    --left;
  }
  return text;
}

}  // namespace mq
