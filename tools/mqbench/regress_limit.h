// How much worse a figure may become.
#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"
#include "mqbench/metric.h"

namespace mq {

struct MaxRegress {
  Metric metric;
  double share = 0;  // of the earlier value
};

// "p99=20%,recv_rate=2%"
Result<std::vector<MaxRegress>> parse_max_regress(std::string_view list);

}  // namespace mq
