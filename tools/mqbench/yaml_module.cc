// What mqkit-yaml.so exports.
#include <cstring>

#include "mqbench/yaml_reader.h"

extern "C" __attribute__((visibility("default"))) const mq::YamlModule* mqkit_yaml_module(
    const char* version) {
  static constexpr mq::YamlModule kModule = {.parse = mq::read_yaml};
  return std::strcmp(version, MQKIT_VERSION) == 0 ? &kModule : nullptr;
}
