// What mqkit-yaml.so is made of.
#pragma once

#include <string_view>

#include "mqbench/yaml.h"

namespace mq {

Result<YamlNode> read_yaml(std::string_view text);

}  // namespace mq
