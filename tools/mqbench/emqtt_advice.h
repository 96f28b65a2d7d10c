// What to do about options of emqtt-bench that `mqbench conn`, `pub` and `sub` do not have.
#pragma once

#include <string_view>

namespace mq {

// Empty for a command or an option that it knows nothing about. An OptionAdvice.
std::string_view emqtt_advice(std::string_view command, std::string_view option);

}  // namespace mq
