#include "clients/refusal.h"

#include <fmt/core.h>

namespace mq {
namespace {

std::string_view advice(ReasonCode reason) {
  switch (reason) {
    case ReasonCode::kNotAuthorized:
      return " (the broker's rules for topics do not let this client: is it the right user, -u?)";
    case ReasonCode::kPacketTooLarge: return " (the broker has a limit on the size of messages)";
    case ReasonCode::kQuotaExceeded:
      return " (the broker has a limit that is reached; later it may take more)";
    case ReasonCode::kQosNotSupported: return " (choose a lower one with -q)";
    case ReasonCode::kRetainNotSupported: return " (leave out -r)";
    case ReasonCode::kPayloadFormatInvalid:
      return " (the payload is not the UTF-8 that its payload-format-indicator says)";
    default: return "";
  }
}

}  // namespace

std::string refusal_text(std::string_view what, std::string_view where, ReasonCode reason,
                         const Properties& properties) {
  const auto more = properties.text(PropertyId::kReasonString);
  return fmt::format("{} was refused by {}: {} (0x{:02X}){}{}{}", what, where, text(reason),
                     static_cast<uint8_t>(reason), more ? ": " : "", more.value_or(""),
                     advice(reason));
}

}  // namespace mq
