// YAML as a tree of texts with places. yaml-cpp reads it, in a shared object that is loaded when a
// file is read: no other command pays for it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace mq {

struct YamlNode {
  enum class Kind : uint8_t { kScalar, kList, kMap };

  Kind kind = Kind::kScalar;
  std::string text = {};  // of a scalar
  std::string key = {};   // of one in a map
  std::vector<YamlNode> items = {};
  uint32_t line = 0;  // from 1

  // Null when there is none. REQUIRES: a map
  const YamlNode* find(std::string_view name) const {
    for (const YamlNode& item : items) {
      if (item.key == name) return &item;
    }
    return nullptr;
  }
};

inline constexpr size_t kYamlSizeMax = 1 << 20;
inline constexpr size_t kYamlNodesMax = 100'000;
inline constexpr size_t kYamlDepthMax = 32;

// What is not one document of maps, lists and scalars. Keys of a map differ; anchors and tags are
// refused. JSON is YAML, too. Errors begin with the line: "7: ...".
struct YamlModule {
  Result<YamlNode> (*parse)(std::string_view text);
};

// Loads the module.
Result<YamlNode> parse_yaml(std::string_view text);

}  // namespace mq
