#include "io/filter_module.h"

#include "base/module.h"

namespace mq {

Result<const FilterModule*> filter_module() {
  static const Result<const FilterModule*> module = load_module<FilterModule>(
      "mqkit-filters.so", "mqkit_filter_module", "TLS and WebSocket", MQKIT_VERSION);
  return module;
}

}  // namespace mq
