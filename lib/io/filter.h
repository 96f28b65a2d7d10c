// A layer between the wire and MQTT: TLS, WebSocket. Pure; tested back to back in memory.
#pragma once

#include <memory>

#include "base/buffer.h"
#include "base/bytes.h"
#include "base/result.h"

namespace mq {

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
};

// Two filters as one: `lower` is next to the wire (wire | TLS | WebSocket | MQTT).
std::unique_ptr<Filter> stack(std::unique_ptr<Filter> lower, std::unique_ptr<Filter> upper);

}  // namespace mq
