// One client of a storm: connects, and measures each step of it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/histogram.h"
#include "base/random.h"
#include "client/backoff.h"
#include "client/client_session.h"
#include "io/dialer.h"
#include "io/loop.h"
#include "io/transport.h"
#include "mqbench/connect_tally.h"
#include "mqbench/load_options.h"

namespace mq {

// What the clients of a storm measure. Times are of tries that got so far.
struct StormTally : ConnectTally {
  Histogram suback;  // from SUBSCRIBE
  Histogram ready;   // all of it and, where a try was due earlier than it could begin, the wait
  uint64_t tries = 0, succeeded = 0;
  uint64_t lost = 0;                         // connections that broke and were not cut by us
  std::map<std::string, uint64_t> failures;  // of tries: an errno or a reason code, in words
  uint64_t syn_retransmitted = 0;            // tries whose SYN was sent again
  uint64_t data_retransmitted = 0;           // tries in which something after it was

  void failed(const std::string& why) { ++failures[why]; }
  uint64_t failed_tries() const;
};

// The name under which a failure is counted: few of them, whatever servers make up.
std::string failure_name(const Error& error);
std::string failure_name(const ClientEvent& refusal);

// It does not come back by itself: its owner decides when it tries again.
class StormClient final : private Transport::Owner, private BeforeSleep {
 public:
  // A call to the owner may connect, cut or disconnect the client.
  struct Events {
    virtual void up(StormClient& client, Now now) = 0;      // subscribed, if that is asked for
    virtual void failed(StormClient& client, Now now) = 0;  // a try; the tally knows why
    virtual void lost(StormClient& client, Now now) = 0;    // the connection, after up()
    virtual void gone(StormClient& client, Now now) = 0;    // after disconnect()

   protected:
    ~Events() = default;
  };
  struct Context {
    Loop& loop;
    const LoadOptions& options;
    Address address;    // numeric, so that no try looks up a name
    StormTally* tally;  // may be another one later
    Events& events;
  };

  StormClient(Context& context, uint32_t number);

  // Begins a try. `due`: when it should have begun, at the latest now. REQUIRES: idle()
  void connect(Time due);
  // The connection breaks as if the network did it.
  void cut();
  // DISCONNECT, or the end of a try; gone() follows, never from within the call.
  void disconnect();

  bool idle() const { return state_ == State::kIdle; }
  bool is_up() const { return state_ == State::kUp; }
  // The delay before the next try, longer after each that failed.
  Duration next_delay(Random& random) { return backoff_.next(random); }

 private:
  enum class State : uint8_t {
    kIdle,
    kDialing,
    kHandshake,    // of TLS or WebSocket
    kConnecting,   // CONNACK is to come
    kSubscribing,  // SUBACK is to come
    kUp,
    kLeaving,
  };

  void received(Bytes bytes, Now now) override;
  void writable(Now now) override;
  void closed(const Error& error, Now now) override;
  void before_sleep(Now now) override;

  void dialed(Result<UvStream> stream);
  void opened(Now now);
  void on_event(const ClientEvent& event, Now now);
  void record(ConnectTimes::Step step, Now now);
  void subscribe(Now now);
  void became_up(Now now);
  void fail(const std::string& why, Now now);
  void due(Now now);
  void drop(Now now);
  void flush(Now now);

  Context& context_;
  const uint32_t number_;
  ClientSession session_;
  Backoff backoff_;
  Timer timer_;
  std::unique_ptr<Dialer> dialer_;
  TlsSession tls_session_;  // of the connection before
  std::unique_ptr<Transport> transport_;
  std::optional<std::string> why_;  // the server ended it
  Time due_{};                      // when the try was
  Time asked_at_{};                 // to subscribe
  ConnectTimes times_;
  uint32_t retransmits_ = 0;  // when the TCP connection was there: of the SYN
  State state_ = State::kIdle;
};

}  // namespace mq
