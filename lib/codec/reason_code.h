// Reason Codes of MQTT 5.0 (section 2.4) and the return codes of 3.x they correspond to.
#pragma once

#include <cstdint>
#include <string_view>

namespace mq {

enum class ReasonCode : uint8_t {
  kSuccess = 0x00,  // also Normal disconnection and Granted QoS 0
  kGrantedQos1 = 0x01,
  kGrantedQos2 = 0x02,
  kDisconnectWithWill = 0x04,
  kNoMatchingSubscribers = 0x10,
  kNoSubscriptionExisted = 0x11,
  kContinueAuthentication = 0x18,
  kReAuthenticate = 0x19,
  kUnspecifiedError = 0x80,
  kMalformedPacket = 0x81,
  kProtocolError = 0x82,
  kImplementationSpecificError = 0x83,
  kUnsupportedProtocolVersion = 0x84,
  kClientIdentifierNotValid = 0x85,
  kBadUserNameOrPassword = 0x86,
  kNotAuthorized = 0x87,
  kServerUnavailable = 0x88,
  kServerBusy = 0x89,
  kBanned = 0x8A,
  kServerShuttingDown = 0x8B,
  kBadAuthenticationMethod = 0x8C,
  kKeepAliveTimeout = 0x8D,
  kSessionTakenOver = 0x8E,
  kTopicFilterInvalid = 0x8F,
  kTopicNameInvalid = 0x90,
  kPacketIdentifierInUse = 0x91,
  kPacketIdentifierNotFound = 0x92,
  kReceiveMaximumExceeded = 0x93,
  kTopicAliasInvalid = 0x94,
  kPacketTooLarge = 0x95,
  kMessageRateTooHigh = 0x96,
  kQuotaExceeded = 0x97,
  kAdministrativeAction = 0x98,
  kPayloadFormatInvalid = 0x99,
  kRetainNotSupported = 0x9A,
  kQosNotSupported = 0x9B,
  kUseAnotherServer = 0x9C,
  kServerMoved = 0x9D,
  kSharedSubscriptionsNotSupported = 0x9E,
  kConnectionRateExceeded = 0x9F,
  kMaximumConnectTime = 0xA0,
  kSubscriptionIdentifiersNotSupported = 0xA1,
  kWildcardSubscriptionsNotSupported = 0xA2,
};

inline bool is_error(ReasonCode code) { return static_cast<uint8_t>(code) >= 0x80; }

// The standard's name in plain words, as "Not authorized"; "Unknown reason code" for others.
std::string_view text(ReasonCode code);

// Which packet a Reason Code stands in: the same value is allowed in some and not in others.
enum class ReasonIn : uint8_t {
  kConnack, kPuback, kPubrec, kPubrel, kPubcomp, kSuback, kUnsuback, kDisconnect, kAuth
};
// Whether the standard lists `code` for that packet.
bool is_allowed(ReasonCode code, ReasonIn packet);

// CONNACK return code of 3.1 and 3.1.1, 0 to 5. What has no counterpart is Server unavailable (3)
// or Not authorized (5), whichever says more to the client.
uint8_t to_v3_connack(ReasonCode code);
ReasonCode from_v3_connack(uint8_t return_code);

}  // namespace mq
