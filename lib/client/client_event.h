// What ClientSession::receive() reports. Views in an event are valid until the next call of the
// session that is not const.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>

#include "base/bytes.h"
#include "codec/packet.h"

namespace mq {

// The server accepted the connection; everything it said in CONNACK.
struct Connected {
  bool session_present = false;
  Properties properties;
};

// The server refused the connection. The session is closing.
struct ConnectRefused {
  ReasonCode reason;
  Properties properties;
  uint8_t v3_return_code = 0;  // as received, 3.x only
};

// A PUBLISH for us, topic alias resolved, QoS 2 duplicates removed. Its acknowledgement goes out
// with the next produce(), so a program that stops before that has not acknowledged it.
struct MessageArrived {
  Publish publish;
  uint32_t receipt = 0;  // with hold_acks: for acknowledge(), of QoS 1 and 2
};

// A QoS 1 or QoS 2 PUBLISH of ours is finished: PUBACK, PUBCOMP, or a PUBREC that refused it. QoS 0
// has no answer; queued() falls when its bytes are produced.
//
// Of any QoS, a message that the present server turned out not to take ends with Packet too large,
// QoS not supported or Retain not supported, without having been sent to it.
struct Acked {
  uint32_t token;      // from publish()
  uint16_t packet_id;  // 0 when it never had one
  Qos qos;
  ReasonCode reason;  // of PUBACK or PUBREC: Success and No matching subscribers are good
  Properties properties;
};

struct Subscribed {
  uint32_t token;
  uint16_t packet_id;
  Bytes codes;  // one ReasonCode a filter, as many as there were filters
  Properties properties;
};

struct Unsubscribed {
  uint32_t token;
  uint16_t packet_id;
  Bytes codes;  // one a filter; empty in 3.x
  Properties properties;
};

// Enhanced authentication: answer with auth() (section 4.12).
struct AuthChallenge {
  ReasonCode reason;  // Continue authentication, or Success at the end of a re-authentication
  Properties properties;
};

// The answer to a ping, the session's own for keep alive included.
struct PongReceived {
  uint32_t outstanding = 0;  // pings still to be answered: 0 is the answer to the last one sent
};

// The server sent DISCONNECT. The session is closing.
struct Disconnected {
  ReasonCode reason;
  Properties properties;
};

using ClientEvent = std::variant<Connected, ConnectRefused, MessageArrived, Acked, Subscribed,
                                 Unsubscribed, AuthChallenge, PongReceived, Disconnected>;

}  // namespace mq
