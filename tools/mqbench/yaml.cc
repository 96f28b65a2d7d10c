#include "mqbench/yaml.h"

#include "base/module.h"

namespace mq {

Result<YamlNode> parse_yaml(std::string_view text) {
  static const Result<const YamlModule*> module =
      load_module<YamlModule>("mqkit-yaml.so", "mqkit_yaml_module", "reading YAML", MQKIT_VERSION);
  if (!module) return tl::unexpected(module.error());
  return (*module)->parse(text);
}

}  // namespace mq
