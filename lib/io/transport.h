// A connected byte stream that sessions are pumped over.
#pragma once

#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"
#include "session/out_batch.h"

struct uv_stream_s;

namespace mq {

class Loop;
class Stream;

// A Stream (TCP or unix socket) and, once TLS and WebSocket exist, up to two filters in the order
// wire | TLS | WebSocket | MQTT. Without filters nothing is copied: the bytes that the loop read
// are the bytes that received() sees.
class Transport {
 public:
  // One per connection: the broker server's or the client runner's.
  struct Owner {
    virtual ~Owner() = default;
    virtual void received(Bytes bytes, Now now) = 0;
    // A write that could not be taken at once has completed: produce again.
    virtual void writable(Now now) = 0;
    // The last call: the peer closed, or something failed (then `error` says what).
    virtual void closed(const Error& error, Now now) = 0;
  };

  Transport(Loop& loop, std::unique_ptr<Stream> stream);
  ~Transport();  // closes without a word to the owner
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  void start(Owner& owner);

  // A write is in flight: do not produce yet.
  bool busy() const;
  // Writes what it can at once; the rest is kept and busy() until it is gone. Empties the batch.
  void write(OutBatch& batch);
  // Stops and goes on with reading: back-pressure on the peer.
  void pause();
  void resume();
  // Sends what was written, then closes; closed() still comes, at the latest after a second.
  void close();
  // "127.0.0.1:54321" or "unix:/path": for logs.
  const std::string& peer() const;

 private:
  std::unique_ptr<Stream> stream_;
};

}  // namespace mq
