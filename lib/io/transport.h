// What sessions are pumped over: a Stream and, for TLS and WebSocket, a filter.
#pragma once

#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"
#include "io/filter.h"
#include "io/stream.h"
#include "session/out_batch.h"

namespace mq {

class Loop;

// Without a filter nothing is copied: the bytes that the loop read are the bytes that received()
// sees, and a batch goes to the socket as it is.
class Transport final : private Stream {
 public:
  // One per connection: the broker server's or the client runner's.
  struct Owner {
    virtual void received(Bytes bytes, Now now) = 0;
    // busy() has come to an end: produce again.
    virtual void writable(Now now) = 0;
    // The last call: the peer closed, or something failed (`error` says what), or close() is done.
    // The only one that may destroy the transport.
    virtual void closed(const Error& error, Now now) = 0;

   protected:
    ~Owner() = default;
  };

  explicit Transport(UvStream handle, std::unique_ptr<Filter> filter = nullptr);
  ~Transport();  // closes without a word to the owner
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  // Begins to read, and with a filter the handshake.
  void start(Owner& owner);

  // False during the handshake of a filter.
  bool open() const;
  // Who the peer has proved to be; null when it has not, or not yet.
  const PeerIdentity* peer_identity() const;
  // Of a client, once open() is true.
  TlsHandshake tls_handshake() const;
  // Puts a filter between the owner and what there is, and hands it `bytes`, which were received
  // before anybody knew that they are for it. For a call from received(), as its last act.
  void put_filter(std::unique_ptr<Filter> filter, Bytes bytes);

  // A write is in flight, or the handshake of a filter: do not produce yet.
  bool busy() const;
  // Writes what it can at once; the rest is kept and busy() until it is gone. Empties the batch.
  // REQUIRES: !busy(), close() was not called
  void write(OutBatch& batch);
  // Stops and goes on with reading: back-pressure on the peer.
  void pause();
  void resume();
  bool paused() const { return paused_; }
  // Sends what was written and the end of the stream, then waits for the peer's, so that the last
  // packet is not lost to a reset; closed() comes after that, or when nothing moved for a second.
  void close();
  bool closing() const { return closing_ != nullptr; }

  using Stream::loop;
  // "127.0.0.1:54321" or "unix socket": for logs. With a filter also when the peer has gone.
  std::string peer() const;
  // As Filter::limit().
  std::string_view limit() const;
  using Stream::fd;
  using Stream::watch_reads;

 private:
  struct Filtered;
  struct Closing;

  void stream_read(Bytes bytes) override;
  void stream_drained() override;
  void stream_failed(Error error) override;

  void read_filtered(Bytes bytes);
  Result<void> write_filtered();
  void close_with(Error error);
  size_t left_to_send() const;
  void still_closing(Now now);
  void finish();
  void end(const Error& error);

  Owner* owner_ = nullptr;
  std::unique_ptr<Filtered> filtered_;
  std::unique_ptr<Closing> closing_;
  bool paused_ = false;
  bool ended_ = false;
};

}  // namespace mq
