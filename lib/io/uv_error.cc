#include "io/uv_error.h"

#include <fmt/core.h>
#include <uv.h>

namespace mq {

ErrorCode uv_error_code(int code) {
  switch (code) {
    case UV_EAI_NONAME:
    case UV_EAI_NODATA:
    case UV_EAI_AGAIN:
    case UV_EAI_FAIL:
    case UV_ENOENT: return ErrorCode::kNotFound;
    case UV_ECONNREFUSED: return ErrorCode::kRefused;
    case UV_ENETUNREACH:
    case UV_EHOSTUNREACH:
    case UV_ENETDOWN:
    case UV_EADDRNOTAVAIL:
    case UV_EAFNOSUPPORT: return ErrorCode::kUnreachable;
    case UV_ETIMEDOUT: return ErrorCode::kTimedOut;
    case UV_EOF:
    case UV_EPIPE:
    case UV_ECONNRESET:
    case UV_ECONNABORTED:
    case UV_ECANCELED: return ErrorCode::kClosed;
    case UV_EADDRINUSE: return ErrorCode::kAddressInUse;
    case UV_EACCES:
    case UV_EPERM: return ErrorCode::kNotAuthorized;
    case UV_ENAMETOOLONG: return ErrorCode::kTooLarge;
    case UV_EMFILE:
    case UV_ENFILE: return ErrorCode::kFull;
    default: return ErrorCode::kIo;
  }
}

std::string uv_reason(int code) {
  switch (code) {
    case UV_EAI_NONAME:
    case UV_EAI_NODATA: return "host not found (is its name spelled right?)";
    case UV_EAI_AGAIN: return "host not found (the name server does not answer)";
    case UV_EOF: return "closed by the other side";
    default: return uv_strerror(code);
  }
}

Error uv_error(int code, std::string_view what) {
  return {uv_error_code(code), fmt::format("{}: {}", what, uv_reason(code)), code};
}

}  // namespace mq
