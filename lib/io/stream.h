// A connected TCP or unix socket: bytes in by callback, bytes out in batches.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "base/bytes.h"
#include "base/result.h"
#include "io/uv_ptr.h"
#include "session/out_batch.h"

struct uv_buf_t;

namespace mq {

class Loop;

// Two ends of a connection inside this program.
Result<std::pair<UvStream, UvStream>> stream_pair(Loop& loop);

// Is told just before the bytes that a socket has are read, while they are still there.
struct ReadWatch {
  virtual void about_to_read(int fd) = 0;

 protected:
  ~ReadWatch() = default;
};

// Holds no buffer: it reads into the loop's, and what the socket does not take at once becomes a
// write request of libuv's that owns it. An idle stream is this and its handle. Whoever derives
// from it gets the events.
class Stream {
 public:
  explicit Stream(UvStream handle);
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  void start_reading();
  void stop_reading();

  // A write is in flight.
  bool writing() const { return writes_ > 0; }
  // Bytes that the operating system has not taken yet.
  size_t unwritten() const;
  // Writes what the socket takes; the rest is copied (scratch bytes) or referenced (messages) by a
  // request, behind those that are still in flight. Empties the batch. Errors come through
  // stream_failed() in a later turn.
  void send(OutBatch& batch);
  void send(Bytes bytes);
  // Tells the peer that nothing more comes. REQUIRES: !writing()
  void shut_down();

  Loop& loop() const;
  // "127.0.0.1:54321", "[::1]:54321" or "unix socket".
  std::string peer() const;
  // Descriptor, for what has no call here.
  int fd() const;
  // Outlives the stream; null for none.
  void watch_reads(ReadWatch* watch) { read_watch_ = watch; }

 protected:
  ~Stream();

 private:
  // Each may destroy the stream.
  // At most once a loop turn, however much there is: what comes of it goes out before the next.
  virtual void stream_read(Bytes bytes) = 0;
  // Everything written is with the operating system, after it was not.
  virtual void stream_drained() = 0;
  // The peer closed (kClosed), or reading or writing failed. May come once for each.
  virtual void stream_failed(Error error) = 0;

  struct WriteRequest;
  void send_rest(WriteRequest* request, const uv_buf_t* rest, size_t count);

  UvStream handle_;  // its `data` is this
  ReadWatch* read_watch_ = nullptr;
  uint32_t writes_ = 0;     // requests in flight
  uint32_t read_turn_ = 0;  // the loop's turn in which it was read last
};

}  // namespace mq
