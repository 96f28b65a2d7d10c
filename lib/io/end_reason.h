// Why a server ended or refused a connection, and whether another try can help.
#pragma once

#include <optional>
#include <string_view>

#include "base/result.h"
#include "client/client_event.h"
#include "codec/version.h"

namespace mq {

struct EndReason {
  Error error;
  bool retry = true;
};

// Busy, shutting down, over a rate or a quota, keep alive missed: the same CONNECT may be accepted
// later. False for what the same client would meet again (credentials, rights, what it sends), and
// for Session taken over: two clients with one identifier would take it from each other for ever.
bool is_worth_retrying(ReasonCode reason);

// `where` is the server, for the text; `named`: the client said who it is;
// nothing: its user is not told of options of a command line.
EndReason end_reason(const ConnectRefused& refused, Version version, std::string_view where,
                     std::optional<bool> named);
EndReason end_reason(const Disconnected& disconnected, std::string_view where);

}  // namespace mq
