// The error for what a user has given and what cannot be used.
#pragma once

#include <string>
#include <utility>

#include "base/result.h"

namespace mq {

inline tl::unexpected<Error> invalid(std::string text) {
  return fail(ErrorCode::kInvalidArgument, std::move(text));
}

}  // namespace mq
