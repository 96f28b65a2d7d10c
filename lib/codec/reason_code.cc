#include "codec/reason_code.h"

#include <array>

namespace mq {
namespace {

constexpr uint16_t in(ReasonIn packet) {
  return static_cast<uint16_t>(1u << static_cast<unsigned>(packet));
}
template <class... More>
constexpr uint16_t in(ReasonIn packet, More... more) {
  return in(packet) | in(more...);
}

struct Row {
  ReasonCode code;
  std::string_view text;
  uint16_t packets;  // in() of each packet that may carry it
};

using enum ReasonCode;
using enum ReasonIn;

// Tables 2-6 and 3-1 to 3-11 of MQTT 5.0.
constexpr Row kRows[] = {
    {kSuccess, "Success",
     in(kConnack, kPuback, kPubrec, kPubrel, kPubcomp, kSuback, kUnsuback, kDisconnect, kAuth)},
    {kGrantedQos1, "Granted QoS 1", in(kSuback)},
    {kGrantedQos2, "Granted QoS 2", in(kSuback)},
    {kDisconnectWithWill, "Disconnect with Will Message", in(kDisconnect)},
    {kNoMatchingSubscribers, "No matching subscribers", in(kPuback, kPubrec)},
    {kNoSubscriptionExisted, "No subscription existed", in(kUnsuback)},
    {kContinueAuthentication, "Continue authentication", in(kAuth)},
    {kReAuthenticate, "Re-authenticate", in(kAuth)},
    {kUnspecifiedError, "Unspecified error",
     in(kConnack, kPuback, kPubrec, kSuback, kUnsuback, kDisconnect)},
    {kMalformedPacket, "Malformed Packet", in(kConnack, kDisconnect)},
    {kProtocolError, "Protocol Error", in(kConnack, kDisconnect)},
    {kImplementationSpecificError, "Implementation specific error",
     in(kConnack, kPuback, kPubrec, kSuback, kUnsuback, kDisconnect)},
    {kUnsupportedProtocolVersion, "Unsupported Protocol Version", in(kConnack)},
    {kClientIdentifierNotValid, "Client Identifier not valid", in(kConnack)},
    {kBadUserNameOrPassword, "Bad User Name or Password", in(kConnack)},
    {kNotAuthorized, "Not authorized",
     in(kConnack, kPuback, kPubrec, kSuback, kUnsuback, kDisconnect)},
    {kServerUnavailable, "Server unavailable", in(kConnack)},
    {kServerBusy, "Server busy", in(kConnack, kDisconnect)},
    {kBanned, "Banned", in(kConnack)},
    {kServerShuttingDown, "Server shutting down", in(kDisconnect)},
    {kBadAuthenticationMethod, "Bad authentication method", in(kConnack, kDisconnect)},
    {kKeepAliveTimeout, "Keep Alive timeout", in(kDisconnect)},
    {kSessionTakenOver, "Session taken over", in(kDisconnect)},
    {kTopicFilterInvalid, "Topic Filter invalid", in(kSuback, kUnsuback, kDisconnect)},
    {kTopicNameInvalid, "Topic Name invalid", in(kConnack, kPuback, kPubrec, kDisconnect)},
    {kPacketIdentifierInUse, "Packet Identifier in use", in(kPuback, kPubrec, kSuback, kUnsuback)},
    {kPacketIdentifierNotFound, "Packet Identifier not found", in(kPubrel, kPubcomp)},
    {kReceiveMaximumExceeded, "Receive Maximum exceeded", in(kDisconnect)},
    {kTopicAliasInvalid, "Topic Alias invalid", in(kDisconnect)},
    {kPacketTooLarge, "Packet too large", in(kConnack, kDisconnect)},
    {kMessageRateTooHigh, "Message rate too high", in(kDisconnect)},
    {kQuotaExceeded, "Quota exceeded", in(kConnack, kPuback, kPubrec, kSuback, kDisconnect)},
    {kAdministrativeAction, "Administrative action", in(kDisconnect)},
    {kPayloadFormatInvalid, "Payload format invalid", in(kConnack, kPuback, kPubrec, kDisconnect)},
    {kRetainNotSupported, "Retain not supported", in(kConnack, kDisconnect)},
    {kQosNotSupported, "QoS not supported", in(kConnack, kDisconnect)},
    {kUseAnotherServer, "Use another server", in(kConnack, kDisconnect)},
    {kServerMoved, "Server moved", in(kConnack, kDisconnect)},
    {kSharedSubscriptionsNotSupported, "Shared Subscriptions not supported",
     in(kSuback, kDisconnect)},
    {kConnectionRateExceeded, "Connection rate exceeded", in(kConnack, kDisconnect)},
    {kMaximumConnectTime, "Maximum connect time", in(kDisconnect)},
    {kSubscriptionIdentifiersNotSupported, "Subscription Identifiers not supported",
     in(kSuback, kDisconnect)},
    {kWildcardSubscriptionsNotSupported, "Wildcard Subscriptions not supported",
     in(kSuback, kDisconnect)},
};

constexpr auto kPackets = [] {
  std::array<uint16_t, 256> packets{};
  for (const Row& row : kRows) packets[static_cast<uint8_t>(row.code)] = row.packets;
  return packets;
}();

}  // namespace

std::string_view text(ReasonCode code) {
  for (const Row& row : kRows) {
    if (row.code == code) return row.text;
  }
  return "Unknown reason code";
}

bool is_allowed(ReasonCode code, ReasonIn packet) {
  return (kPackets[static_cast<uint8_t>(code)] & in(packet)) != 0;
}

uint8_t to_v3_connack(ReasonCode code) {
  switch (code) {
    case kSuccess: return 0;
    case kUnsupportedProtocolVersion: return 1;
    case kClientIdentifierNotValid: return 2;
    case kBadUserNameOrPassword: return 4;
    // Worth another try later or elsewhere.
    case kUnspecifiedError:
    case kServerUnavailable:
    case kServerBusy:
    case kServerShuttingDown:
    case kQuotaExceeded:
    case kUseAnotherServer:
    case kServerMoved:
    case kConnectionRateExceeded: return 3;
    // The same CONNECT will not be accepted tomorrow either.
    default: return 5;
  }
}

ReasonCode from_v3_connack(uint8_t return_code) {
  switch (return_code) {
    case 0: return kSuccess;
    case 1: return kUnsupportedProtocolVersion;
    case 2: return kClientIdentifierNotValid;
    case 3: return kServerUnavailable;
    case 4: return kBadUserNameOrPassword;
    case 5: return kNotAuthorized;
    default: return kUnspecifiedError;
  }
}

}  // namespace mq
