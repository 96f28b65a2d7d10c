// What the broker knows of one network connection.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/buffer.h"
#include "base/rate_limit.h"
#include "base/time.h"
#include "base/timer_heap.h"
#include "broker/conn_id.h"
#include "broker/options.h"
#include "codec/frame_reader.h"
#include "codec/version.h"
#include "session/out_queue.h"
#include "session/topic_alias.h"

namespace mq {

struct Session;
class AuthExchange;

// What the broker knows of one of the places that connections come from.
struct ListenerState {
  ListenerOptions options;
  ListenerId id = 0;
  uint32_t connections = 0;
};

// A CONNECT that is waiting to be let in.
struct PendingConnect {
  uint8_t first_byte = 0;
  std::vector<uint8_t> body;
  std::string client_id;
  bool assigned = false;  // the client brought none
};

// What holds back the packets of a connection that has, or had, to wait with them.
struct Intake {
  Buffer behind;                 // what has come and waits; no more than one read
  Session* waits_for = nullptr;  // a slow consumer that this one feeds
  uint32_t place = 0;            // in its `feeders`
  RateLimit messages, bytes;
  Time resume_at{};              // when the rates let it go on
  bool limited = false;          // `resume_at` has still to come
  bool at_end = false;           // the connection has gone: nothing is waited for any more
};

// Enhanced authentication, for as long as the connection is there (section 4.12).
struct EnhancedAuth {
  std::string method;  // of the CONNECT
  bool running = false;  // the client has begun and has no answer yet
  std::unique_ptr<AuthExchange> exchange;  // set: it is the client's turn
};

struct Connection {
  Connection();
  ~Connection();

  enum class State : uint8_t {
    kAwaitConnect,
    kAuthenticating,  // `pending` is set, AccessControl has the word
    kAwaitAuth,       // `pending` is set, the client has
    kConnected,  // `session` is set
    kClosing,    // what is queued is still sent, nothing more is read
  };

  ConnId id;
  State state = State::kAwaitConnect;
  Version version = Version::kV311;
  bool dirty = false;             // in the broker's dirty list
  bool bridge = false;            // 3.x level byte with the bridge bit
  bool inside = false;              // comes from this program and not from outside
  bool problem_information = true;  // the client wants Reason Strings
  uint16_t keep_alive_s = 0;      // 0 is off
  uint16_t pings = 0;             // PINGRESPs to send ahead of `out`
  uint32_t send_quota = 0;        // PUBLISH packets that may be in flight towards the client
  // The client's QoS 2 messages that count against our Receive Maximum. What is left of earlier
  // connections does not: the quota starts anew with each (section 4.9).
  uint32_t received_qos2 = 0;
  uint32_t packet_max = kPacketMax;  // largest packet the client takes
  TimerNode timer;                // CONNECT time-out, then keep alive
  Time last_seen{};
  Time until = kNever;            // end of the time for which AccessControl let it in
  ListenerState* listener = nullptr;
  Session* session = nullptr;
  FrameReader reader;
  OutQueue out;
  std::unique_ptr<PendingConnect> pending;
  std::unique_ptr<Intake> intake;
  // The user name that the transport has proved, "" when it had to and could not; null: what
  // CONNECT says.
  std::unique_ptr<const std::string> proven_name;
  std::unique_ptr<EnhancedAuth> auth;  // null: the CONNECT had no Authentication Method
  uint64_t barrier = 0;           // the last batch of the store that `out` waits for
  std::unique_ptr<InboundAliases> aliases_in;
  std::unique_ptr<OutboundAliases> aliases_out;  // null: the client takes none
};

}  // namespace mq
