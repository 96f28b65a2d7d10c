#include "common/exit_code.h"

namespace mq {

int exit_code(const Error& error) {
  switch (error.code) {
    case ErrorCode::kProtocol:
    case ErrorCode::kMalformed: return kExitProtocol;
    case ErrorCode::kClosed: return kExitConnectionLost;
    case ErrorCode::kTooLarge: return kExitTooLarge;
    case ErrorCode::kTls: return kExitTls;
    case ErrorCode::kTimedOut: return kExitKeepAlive;
    case ErrorCode::kIo: return kExitSystem;
    case ErrorCode::kInvalidArgument:
    case ErrorCode::kNotFound:
    case ErrorCode::kRefused:
    case ErrorCode::kUnreachable:
    case ErrorCode::kAddressInUse:
    case ErrorCode::kNotAuthorized:
    case ErrorCode::kFull: return kExitFailure;
  }
  return kExitFailure;
}

}  // namespace mq
