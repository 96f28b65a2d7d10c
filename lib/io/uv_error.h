// libuv's error codes in our terms.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace mq {

ErrorCode uv_error_code(int code);
// "WHAT: reason", as "cannot connect to localhost:1883: connection refused".
Error uv_error(int code, std::string_view what);
// The reason alone, "connection refused".
std::string uv_reason(int code);

}  // namespace mq
