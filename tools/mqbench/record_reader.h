// Reads records that were written as JSON, by this or another version, or by anybody.
#pragma once

#include <string_view>

#include "base/result.h"
#include "mqbench/record.h"

namespace mq {

Result<Record> from_json(std::string_view json);

}  // namespace mq
