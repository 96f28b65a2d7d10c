// Topics and filters as they are typed.
#pragma once

#include <string_view>

#include "base/result.h"

namespace mq {

// Whether messages can be published to `topic`; `which` one it is ("publish"), for the text.
Result<void> check_topic(std::string_view which, std::string_view topic);

// Whether a filter, one of a shared subscription included, can be asked for.
Result<void> check_filter(std::string_view which, std::string_view filter);
// Whether a filter can be compared with topics here.
Result<void> check_own_filter(std::string_view which, std::string_view filter);

}  // namespace mq
