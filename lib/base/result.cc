#include "base/result.h"

namespace mq {

std::string_view name(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument: return "invalid-argument";
    case ErrorCode::kNotFound: return "not-found";
    case ErrorCode::kRefused: return "refused";
    case ErrorCode::kUnreachable: return "unreachable";
    case ErrorCode::kTimedOut: return "timed-out";
    case ErrorCode::kClosed: return "closed";
    case ErrorCode::kAddressInUse: return "address-in-use";
    case ErrorCode::kMalformed: return "malformed";
    case ErrorCode::kProtocol: return "protocol";
    case ErrorCode::kNotAuthorized: return "not-authorized";
    case ErrorCode::kTooLarge: return "too-large";
    case ErrorCode::kFull: return "full";
    case ErrorCode::kIo: return "io";
    case ErrorCode::kTls: return "tls";
  }
  return "unknown";
}

}  // namespace mq
