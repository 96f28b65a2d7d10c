// Options kept under a name, in a folder that all clients look into: --profile, --save-profile.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace mq {

// Where the profile of that name is or would be.
Result<std::string> profile_path(std::string_view name);

// Writes it for its owner's eyes alone: passwords that were given are in it. Takes the place of one
// that is there at once or not at all.
Result<void> write_profile(const std::string& path, std::string_view text);

}  // namespace mq
