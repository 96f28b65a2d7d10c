// MQTT over WebSocket (RFC 6455; MQTT 5.0 section 6) as a byte filter.
#pragma once

#include <memory>
#include <string>

#include <wslay/wslay.h>

#include "io/filter.h"
#include "io/web_socket.h"
#include "io/web_socket_handshake.h"

namespace mq {

std::unique_ptr<Filter> make_web_socket_client(const WebSocketClientOptions& options);
std::unique_ptr<Filter> make_web_socket_server(
    std::shared_ptr<const WebSocketServerOptions> options);

// What both ends share once they are upgraded: frames. MQTT's bytes do not care where a frame ends
// [MQTT-6.0.0-2], so payloads are passed on as they arrive and none is ever gathered.
class WebSocketFilter : public Filter {
 public:
  Result<void> from_wire(Bytes in, Buffer& plain, Buffer& wire) final;
  Result<void> to_wire(Bytes plain, Buffer& wire) final;
  void finish(Buffer& wire) final;
  bool open() const final { return state_ == State::kOpen; }
  std::string_view limit() const final { return limit_; }

 protected:
  WebSocketFilter(bool is_client, size_t head_max, uint64_t frame_max)
      : is_client_(is_client), head_max_(head_max), frame_max_(frame_max) {}

  // Says what this side says first, if anything.
  virtual void greet(Buffer& wire) = 0;
  // Looks at the whole head that the other side sent.
  virtual Result<void> take_head(std::string_view head, Buffer& wire) = 0;
  virtual Result<void> refuse_long_head(Buffer& wire) = 0;

 private:
  enum class State : uint8_t { kNew, kHandshake, kOpen, kClosed };
  struct FreeFrames {
    void operator()(wslay_frame_context* context) const { wslay_frame_context_free(context); }
  };

  static wslay_frame_callbacks callbacks();

  Result<void> read_head(Buffer& wire);
  Result<void> read_frames(Buffer& plain, Buffer& wire);
  Result<void> begin_frame(const wslay_frame_iocb& frame, Buffer& wire);
  Result<void> on_control(uint8_t opcode, Buffer& wire);
  void send(uint8_t opcode, Bytes payload, Buffer& wire);
  // Tells the peer with that status and gives the error.
  Result<void> broken(uint16_t status, std::string_view why, Buffer& wire);

  const bool is_client_;
  const size_t head_max_;
  const uint64_t frame_max_;
  State state_ = State::kNew;
  bool in_message_ = false;  // a fragmented message has begun and not ended
  std::string_view limit_;   // of a server: the setting that the client was over
  uint64_t frame_left_ = 0;  // bytes of the current frame's payload that are to come
  Buffer head_, control_;    // as far as they have arrived
  std::unique_ptr<wslay_frame_context, FreeFrames> frames_;
  Bytes in_;                // of the call that is going on
  Buffer* wire_ = nullptr;  // the same
};

}  // namespace mq
