#include "mqbench/connect_tally.h"

#include <cassert>

namespace mq {

Histogram ConnectTally::tls() const {
  Histogram both = tls_full;
  // Of a file, they may be of different kinds.
  static_cast<void>(both.merge(tls_resumed));
  return both;
}

void ConnectTally::merge(const ConnectTally& other) {
  const bool merged = tcp.merge(other.tcp) && tls_full.merge(other.tls_full) &&
                      tls_resumed.merge(other.tls_resumed) && upgrade.merge(other.upgrade) &&
                      connack.merge(other.connack);
  assert(merged);
  static_cast<void>(merged);
}

ConnectTimes::Step handshake_step(const RunnerOptions& options, TlsHandshake tls) {
  switch (tls) {
    case TlsHandshake::kFull: return &ConnectTally::tls_full;
    case TlsHandshake::kResumed: return &ConnectTally::tls_resumed;
    case TlsHandshake::kNone: break;
  }
  return options.make_filter || options.proxy ? &ConnectTally::upgrade : nullptr;
}

}  // namespace mq
