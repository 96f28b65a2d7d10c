// Results in files.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace mq {

// On standard output. That nobody reads it any more is no error.
Result<void> print_text(std::string_view text);

// "-" is standard output.
Result<void> write_file(const std::string& path, std::string_view text);

// Whether that looks possible; nothing is made or changed.
Result<void> check_writable(const std::string& path);

}  // namespace mq
