// Gates against earlier results: what may become how much worse.
#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"
#include "mqbench/record.h"
#include "mqbench/regress_limit.h"
#include "mqbench/threshold.h"

namespace mq {

// Why results of the two say nothing about each other; null when they are of one load.
const char* load_difference(const Record& a, const Record& b);

// A threshold for each limit, which is hit when the median of `records` is worse than that of
// `baseline` by more than the share. With enough runs on both sides (kComparableMin) the difference
// has to be one that chance does not explain, too. An error for what was not measured.
// REQUIRES: neither is empty
Result<std::vector<Threshold>> check_regress(const std::vector<MaxRegress>& limits,
                                             const std::vector<Record>& baseline,
                                             const std::vector<Record>& records);

}  // namespace mq
