// What the programs end with. mqpub and mqsub keep to mosquitto's numbers, so that scripts go on
// working; each man page lists those its program can return.
#pragma once

#include "base/result.h"
#include "client/client_event.h"
#include "codec/reason_code.h"

namespace mq {

enum ExitCode : int {
  kExitOk = 0,
  kExitFailure = 1,  // usage, a file, a name that is not found, a connection that is not made
  kExitUsage = 2,    // of mqbench: a command line that makes no sense
  kExitProtocol = 2,
  kExitConnectionLost = 7,
  kExitTls = 8,
  kExitTooLarge = 9,
  kExitSystem = 14,
  kExitKeepAlive = 19,
  kExitTimedOut = 27,
  kExitKept = 75,  // as EX_TEMPFAIL of sysexits.h: messages are kept for the next run
  kExitSignal = 128,  // plus the number of the signal
};

// What the server refuses ends the program with its Reason Code, 128 to 162; a connection of MQTT
// 3.x with the return code, 1 to 5.
inline int exit_code(ReasonCode code) {
  return static_cast<int>(code);
}
inline int exit_code(const ConnectRefused& refused) {
  return refused.v3_return_code != 0 ? refused.v3_return_code : exit_code(refused.reason);
}

// Of an error that ended a connection once there was one.
int exit_code(const Error& error);

}  // namespace mq
