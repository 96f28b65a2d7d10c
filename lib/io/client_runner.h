// A ClientSession over a real connection that is made again when it is lost.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "client/backoff.h"
#include "client/client_session.h"
#include "io/address.h"
#include "io/dialer.h"
#include "io/filter.h"
#include "io/loop.h"
#include "io/proxy.h"
#include "io/scram_login.h"
#include "io/stream.h"
#include "io/tls.h"

namespace mq {

// Reads along: sees every byte of each connection as MQTT has it, without TLS or WebSocket.
struct WireTap {
  virtual ~WireTap() = default;
  virtual void opened() = 0;  // a new connection
  virtual void received(Bytes bytes) = 0;
  virtual void sent(Bytes bytes) = 0;
};

struct RunnerOptions {
  Address address;
  // "_mqtt._tcp": each try looks up who offers it in the domain `address.host`, and goes through
  // them; the port comes from there. Empty: `address` is connected to.
  std::string service = {};
  std::string bind_address = {};  // numeric local address, empty for any (-A)
  bool no_delay = true;           // output is gathered a loop turn, so Nagle only adds delay
  Duration connect_timeout = std::chrono::seconds(30);  // from the name to the CONNACK
  BackoffOptions backoff = {};
  // A server that has accepted nothing yet and does not know MQTT 5.0, or says nothing to it for
  // half of `connect_timeout`, is tried with 3.1.1. What the options need 5.0 for is the caller's
  // to know.
  bool or_v311 = false;
  bool reconnect = true;                      // after a connection was lost that had been accepted
  bool retry_first = false;                   // also when the first try fails
  std::optional<uint32_t> failures_max = {};  // tries in a row that may fail; for ever without
  Family family = Family::kAny;
  std::optional<Proxy> proxy = {};
  uint64_t seed = 0;                // of the jitter; 0: from the system
  WireTap* tap = nullptr;           // outlives the runner
  ReadWatch* read_watch = nullptr;  // likewise
  // TLS, WebSocket or both for the next connection; without, MQTT goes plain.
  // What it is given is a TlsSession to take up, null for none.
  std::function<std::unique_ptr<Filter>(TlsSession*)> make_filter = {};
  bool resume_tls = false;  // the session of the connection before, where the server lets it
  // Where the connections come from if not from the network: `address` is only a name then.
  std::function<Result<UvStream>()> open = {};
  // Goes on whatever the server says: with it, only stop() ends the runner, and errors have no
  // advice for a command line.
  bool persistent = false;
  // Log in by SCRAM. The client's properties name its method, and it has no password.
  std::optional<ScramCredentials> scram = {};
};

// How far a try to connect has come.
enum class ConnectStep : uint8_t {
  kBegun,   // it looks up the name, if it has to
  kDialed,  // the TCP connection is there
  kOpened,  // and TLS, WebSocket, a proxy's consent: CONNECT goes out
};

// What is_worth_retrying() (io/end_reason.h) says no to ends the runner, unless it is persistent.
class ClientRunner {
 public:
  // Every call comes from the loop. The handler may call the session and the runner in all of
  // them, but destroys the runner in none but on_ended().
  struct Handler {
    virtual ~Handler() = default;
    // Everything the session reports, in order.
    virtual void on_event(const ClientEvent& event, Now now) = 0;
    // Output went out or was acknowledged: there may be room for more publish() calls, or
    // flushed() may have come true.
    virtual void on_progress(Now now) { static_cast<void>(now); }
    // For who measures it: from within the call, the runner can be asked and not told.
    virtual void on_step(ConnectStep step, Now now) {
      static_cast<void>(step);
      static_cast<void>(now);
    }
    // The connection was lost, or a try failed; the next one starts after `retry_in`.
    virtual void on_lost(const Error& error, Duration retry_in, Now now) = 0;
    // The last call. Orderly after stop() (`error` null), else why it ended.
    virtual void on_ended(const Error* error, Now now) = 0;
  };

  ClientRunner(Loop& loop, RunnerOptions options, ClientOptions client, Handler& handler);
  ~ClientRunner();
  ClientRunner(const ClientRunner&) = delete;
  ClientRunner& operator=(const ClientRunner&) = delete;

  // Begins to connect. Once, and again after on_ended(): the session is still the same.
  void start();
  // The session, for publish(), subscribe() and the rest. What they queue goes out before the
  // loop sleeps; call wake() after calling it from outside a handler call.
  ClientSession& session();
  void wake();
  // Orderly end: DISCONNECT with that reason behind what is queued, then on_ended(), which never
  // comes from within this call. Without a connection it ends at once; with one that does not
  // take the bytes, after `deadline`.
  void stop(ReasonCode reason = ReasonCode::kSuccess, Properties properties = {},
            Duration deadline = std::chrono::seconds(1));
  // Drops the connection as if the network had gone: the server sees no DISCONNECT, and the handler
  // is not told. It is made again after `down`, whatever the options say, and tried as after any
  // loss. False when connected() is. Not for calls from the handler.
  bool cut(Duration down);
  // Stops and goes on with reading from the network: the consumer cannot take more.
  void pause_reading();
  void resume_reading();
  // The server has accepted the connection, and neither side has ended it.
  bool connected() const;
  // Everything the session has produced is with the operating system.
  bool flushed() const;
  // Of the present connection, from kOpened on.
  TlsHandshake tls_handshake() const;
  // The socket's descriptor, for what has no call here; -1 when there is none.
  int fd() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace mq
