// Scenarios that are built in, as files to use or to begin with.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace mq {

// "p2p, fanin, ...".
std::string preset_names();
// Its file; nothing when there is none of that name.
std::optional<std::string_view> find_preset(std::string_view name);

}  // namespace mq
