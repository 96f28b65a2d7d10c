// How long the steps of connections take: the one way in which runs and storms measure them.
#pragma once

#include <cstdint>
#include <utility>

#include "base/histogram.h"
#include "base/time.h"
#include "io/client_runner.h"
#include "io/filter.h"

namespace mq {

// Of every connection that got so far, the first of a client and those after it.
struct ConnectTally {
  ConnectTally() : ConnectTally(Histogram::kDigits) {}
  explicit ConnectTally(int digits)
      : tcp(digits), tls_full(digits), tls_resumed(digits), upgrade(digits), connack(digits) {}

  Histogram tcp;  // from the start of a try, with the look-up of the name if there is one
  // From the end of that until CONNECT can go out; with WebSocket over TLS, its upgrade is in it.
  Histogram tls_full, tls_resumed;
  Histogram upgrade;  // the same without TLS: of WebSocket or a proxy
  Histogram connack;  // from CONNECT

  // Both kinds of TLS together.
  Histogram tls() const;
  // REQUIRES: the same configuration
  void merge(const ConnectTally& other);
};

// What one client measures with: each step begins where the one before it ended.
class ConnectTimes {
 public:
  using Step = Histogram ConnectTally::*;

  void begin(Time now) { since_ = now; }
  // How long the step took that is over now.
  int64_t end(Time now) { return (now - std::exchange(since_, now)).count(); }

 private:
  Time since_{};
};

// Where the time goes between TCP and CONNECT; null when nothing lies there.
ConnectTimes::Step handshake_step(const RunnerOptions& options, TlsHandshake tls);

}  // namespace mq
