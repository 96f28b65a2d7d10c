// A layer between the wire and MQTT: TLS, WebSocket. Pure; tested back to back in memory.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/buffer.h"
#include "base/bytes.h"
#include "base/result.h"

namespace mq {

// Who the peer has proved to be.
struct PeerIdentity {
  std::string common_name;  // of its certificate, or the identity of its pre-shared key
  std::string subject;      // the whole name in the certificate, or that identity
};

// How TLS began.
enum class TlsHandshake : uint8_t {
  kNone,     // there is no TLS, or it is not there yet
  kFull,     // with certificates or a pre-shared key
  kResumed,  // with what was left of an earlier connection
};

class Filter {
 public:
  virtual ~Filter() = default;
  // Takes all of `in`; appends what it holds for the layer above to `plain`, and what the layer
  // has to say itself (handshake, pong) to `wire`. Called with nothing at the start, so that the
  // side that speaks first can. After an error `wire` may hold a last word for the peer.
  virtual Result<void> from_wire(Bytes in, Buffer& plain, Buffer& wire) = 0;
  // Appends what carries `plain` to `wire`. REQUIRES: open()
  virtual Result<void> to_wire(Bytes plain, Buffer& wire) = 0;
  // Appends the orderly end, if the layer has one.
  virtual void finish(Buffer& wire) = 0;
  // False while the handshake lasts.
  virtual bool open() const = 0;
  // Null when it has proved nothing, or not yet. Stays when from_wire() has failed behind what it
  // has handed on.
  virtual const PeerIdentity* peer_identity() const { return nullptr; }
  // Of a client, once open() is true.
  virtual TlsHandshake tls_handshake() const { return TlsHandshake::kNone; }
  // Whose connection it is, "192.0.2.1:54321", where a proxy stands between; "": the other end's.
  virtual std::string_view peer() const { return {}; }
  // After an error: the setting that was in the way of what the peer has sent, if one was.
  virtual std::string_view limit() const { return {}; }
};

// Two filters as one: `lower` is next to the wire (wire | TLS | WebSocket | MQTT).
std::unique_ptr<Filter> stack(std::unique_ptr<Filter> lower, std::unique_ptr<Filter> upper);

}  // namespace mq
