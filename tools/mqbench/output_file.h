// Results in files.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace mq {

// "-" is standard output.
Result<void> write_file(const std::string& path, std::string_view text);

}  // namespace mq
