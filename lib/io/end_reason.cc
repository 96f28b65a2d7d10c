#include "io/end_reason.h"

#include <fmt/core.h>

namespace mq {
namespace {

ErrorCode error_code(ReasonCode reason) {
  switch (reason) {
    case ReasonCode::kBadUserNameOrPassword:
    case ReasonCode::kNotAuthorized:
    case ReasonCode::kBanned:
    case ReasonCode::kBadAuthenticationMethod: return ErrorCode::kNotAuthorized;
    default: return ErrorCode::kRefused;
  }
}

// "Not authorized (0x87)", with what the server adds.
std::string in_words(ReasonCode reason, const Properties& properties) {
  std::string words = fmt::format("{} (0x{:02X})", text(reason), static_cast<uint8_t>(reason));
  if (const auto more = properties.text(PropertyId::kReasonString)) {
    words += fmt::format(": {}", *more);
  }
  if (const auto other = properties.text(PropertyId::kServerReference)) {
    words += fmt::format("; the server to use is {}", *other);
  }
  return words;
}

// What the user of a client can do.
std::string_view advice(ReasonCode reason, std::optional<bool> named) {
  if (!named) return "";
  switch (reason) {
    case ReasonCode::kNotAuthorized:
    case ReasonCode::kBadUserNameOrPassword:
      return *named ? "; is this the right user (-u) with the right password (-P)?"
                    : "; it may want a user name (-u) and a password (-P)";
    case ReasonCode::kUnsupportedProtocolVersion: return "; choose another one with -V";
    case ReasonCode::kClientIdentifierNotValid: return "; choose another one with -i";
    case ReasonCode::kBadAuthenticationMethod: return "; choose another one with --auth-method";
    default: return "";
  }
}

std::string v3_words(uint8_t return_code) {
  switch (return_code) {
    case 1: return "it does not accept this protocol version (return code 1)";
    case 2: return "it does not accept this client identifier (return code 2)";
    case 3: return "the server is unavailable (return code 3)";
    case 4: return "bad user name or password (return code 4)";
    case 5: return "not authorized (return code 5)";
    default: return fmt::format("return code {}", return_code);
  }
}

}  // namespace

bool is_worth_retrying(ReasonCode reason) {
  switch (reason) {
    case ReasonCode::kSuccess:  // Normal disconnection
    case ReasonCode::kUnspecifiedError:
    case ReasonCode::kServerUnavailable:
    case ReasonCode::kServerBusy:
    case ReasonCode::kServerShuttingDown:
    case ReasonCode::kKeepAliveTimeout:
    case ReasonCode::kMessageRateTooHigh:
    case ReasonCode::kQuotaExceeded:
    case ReasonCode::kAdministrativeAction:
    case ReasonCode::kConnectionRateExceeded:
    case ReasonCode::kMaximumConnectTime: return true;
    default: return false;
  }
}

EndReason end_reason(const ConnectRefused& refused, Version version, std::string_view where,
                     std::optional<bool> named) {
  const std::string why = version == Version::kV5 ? in_words(refused.reason, refused.properties)
                                                  : v3_words(refused.v3_return_code);
  return {{error_code(refused.reason), fmt::format("{} refused the connection: {}{}", where, why,
                                                   advice(refused.reason, named))},
          is_worth_retrying(refused.reason)};
}

EndReason end_reason(const Disconnected& disconnected, std::string_view where) {
  return {{error_code(disconnected.reason),
           fmt::format("{} ended the connection: {}", where,
                       in_words(disconnected.reason, disconnected.properties))},
          is_worth_retrying(disconnected.reason)};
}

}  // namespace mq
