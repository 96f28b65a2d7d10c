#include "io/end_reason.h"

#include <doctest/doctest.h>

#include "client/client_options.h"

namespace mq {
namespace {

using enum ReasonCode;

TEST_CASE("what another try can mend") {
  for (const ReasonCode code :
       {kSuccess, kUnspecifiedError, kServerUnavailable, kServerBusy, kServerShuttingDown,
        kKeepAliveTimeout, kMessageRateTooHigh, kQuotaExceeded, kAdministrativeAction,
        kConnectionRateExceeded, kMaximumConnectTime}) {
    CAPTURE(text(code));
    CHECK(is_worth_retrying(code));
  }
  for (const ReasonCode code : {kMalformedPacket,
                                kProtocolError,
                                kImplementationSpecificError,
                                kUnsupportedProtocolVersion,
                                kClientIdentifierNotValid,
                                kBadUserNameOrPassword,
                                kNotAuthorized,
                                kBanned,
                                kBadAuthenticationMethod,
                                kSessionTakenOver,
                                kTopicFilterInvalid,
                                kTopicNameInvalid,
                                kReceiveMaximumExceeded,
                                kTopicAliasInvalid,
                                kPacketTooLarge,
                                kPayloadFormatInvalid,
                                kRetainNotSupported,
                                kQosNotSupported,
                                kUseAnotherServer,
                                kServerMoved,
                                kSharedSubscriptionsNotSupported,
                                kSubscriptionIdentifiersNotSupported,
                                kWildcardSubscriptionsNotSupported}) {
    CAPTURE(text(code));
    CHECK_FALSE(is_worth_retrying(code));
  }
}

TEST_CASE("a refusal in words") {
  const EndReason v3 =
      end_reason(ConnectRefused{kBadUserNameOrPassword, {}, 4}, Version::kV311, "h:1883", true);
  CHECK(v3.error.text ==
        "h:1883 refused the connection: bad user name or password (return code 4); "
        "is this the right user (-u) with the right password (-P)?");
  CHECK(v3.error.code == ErrorCode::kNotAuthorized);
  CHECK_FALSE(v3.retry);
  CHECK(end_reason(ConnectRefused{kServerUnavailable, {}, 3}, Version::kV31, "h", true).retry);

  PropertyList properties;
  properties.add(PropertyId::kReasonString, "no such tenant");
  properties.add(PropertyId::kServerReference, "other:1883");
  const EndReason v5 = end_reason(ConnectRefused{kUseAnotherServer, properties.view(), 0},
                                  Version::kV5, "h:1883", false);
  CHECK(v5.error.text ==
        "h:1883 refused the connection: Use another server (0x9C): no such tenant; "
        "the server to use is other:1883");
  CHECK(v5.error.code == ErrorCode::kRefused);
}

TEST_CASE("what can be done about a refusal") {
  const auto words = [](ReasonCode reason, bool named) {
    return end_reason(ConnectRefused{reason, {}, 0}, Version::kV5, "h", named).error.text;
  };
  CHECK(words(kNotAuthorized, false).ends_with("it may want a user name (-u) and a password (-P)"));
  CHECK(words(kNotAuthorized, true).ends_with("with the right password (-P)?"));
  CHECK(words(kUnsupportedProtocolVersion, true).ends_with("choose another one with -V"));
  CHECK(words(kClientIdentifierNotValid, true).ends_with("choose another one with -i"));
  CHECK(words(kServerBusy, true) == "h refused the connection: Server busy (0x89)");
}

TEST_CASE("a DISCONNECT in words") {
  const EndReason ended = end_reason(Disconnected{kSessionTakenOver, {}}, "h:1883");
  CHECK(ended.error.text == "h:1883 ended the connection: Session taken over (0x8E)");
  CHECK_FALSE(ended.retry);
}

}  // namespace
}  // namespace mq
