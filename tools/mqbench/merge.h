// Several results of one load as one.
#pragma once

#include <vector>

#include "base/result.h"
#include "mqbench/record.h"

namespace mq {

// Adds up shards: histograms bucket by bucket, so that the percentiles are those of one run that
// had measured everything, and counts. Percentiles are never averaged. An error when they are not
// parts of one load: another size, quality of service, pattern, or the same shard twice.
// REQUIRES: not empty
Result<Record> merge(const std::vector<Record>& records);

}  // namespace mq
