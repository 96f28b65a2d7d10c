// Hash maps keyed by strings and searched by views.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace mq {

struct StringHash {
  using is_transparent = void;
  size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};

template <class T>
using StringMap = std::unordered_map<std::string, T, StringHash, std::equal_to<>>;

}  // namespace mq
