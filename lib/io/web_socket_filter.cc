#include "io/web_socket_filter.h"

#include <algorithm>
#include <cassert>
#include <new>

#include <openssl/rand.h>

#include <fmt/core.h>

namespace mq {
namespace {

constexpr size_t kControlMax = 125;  // section 5.5
// Of the answer to our own request.
constexpr size_t kResponseMax = 64 * 1024;

class WebSocketClient final : public WebSocketFilter {
 public:
  explicit WebSocketClient(const WebSocketClientOptions& options)
      : WebSocketFilter(true, kResponseMax, UINT64_MAX), options_(options) {}

 private:
  void greet(Buffer& wire) override { wire.append(upgrade_request(options_, key_)); }
  Result<void> take_head(std::string_view head, Buffer&) override {
    return check_upgrade_response(head, key_, options_);
  }
  Result<void> refuse_long_head(Buffer&) override {
    return fail(ErrorCode::kProtocol, "the answer to the WebSocket request does not end");
  }

  const WebSocketClientOptions options_;
  const std::string key_ = web_socket_key();
};

class WebSocketServer final : public WebSocketFilter {
 public:
  explicit WebSocketServer(std::shared_ptr<const WebSocketServerOptions> options)
      : WebSocketFilter(false, options->header_bytes_max, options->frame_max),
        options_(std::move(options)) {}

 private:
  void greet(Buffer&) override {}
  Result<void> take_head(std::string_view head, Buffer& wire) override {
    return answer(answer_upgrade(head, *options_), wire);
  }
  Result<void> refuse_long_head(Buffer& wire) override {
    return answer(refuse_long_upgrade(*options_), wire);
  }
  static Result<void> answer(UpgradeAnswer answer, Buffer& wire) {
    wire.append(answer.response);
    if (answer.fault.empty()) return {};
    return fail(ErrorCode::kProtocol, fmt::format("WebSocket request refused: {}", answer.fault));
  }

  const std::shared_ptr<const WebSocketServerOptions> options_;
};

}  // namespace

std::unique_ptr<Filter> make_web_socket_client(const WebSocketClientOptions& options) {
  return std::make_unique<WebSocketClient>(options);
}

std::unique_ptr<Filter> make_web_socket_server(
    std::shared_ptr<const WebSocketServerOptions> options) {
  return std::make_unique<WebSocketServer>(std::move(options));
}

wslay_frame_callbacks WebSocketFilter::callbacks() {
  return {
      .send_callback = [](const uint8_t* data, size_t size, int, void* self) -> ssize_t {
        static_cast<WebSocketFilter*>(self)->wire_->append({data, size});
        return static_cast<ssize_t>(size);
      },
      .recv_callback = [](uint8_t* to, size_t size, int, void* self) -> ssize_t {
        Bytes& in = static_cast<WebSocketFilter*>(self)->in_;
        const size_t count = std::min(size, in.size());
        if (count == 0) return -1;
        copy_to(to, in.first(count));
        in = in.subspan(count);
        return static_cast<ssize_t>(count);
      },
      // Unpredictable, whatever the application sends (section 10.3).
      .genmask_callback = [](uint8_t* to, size_t size, void*) {
        return RAND_bytes(to, static_cast<int>(size)) == 1 ? 0 : -1;
      },
  };
}

Result<void> WebSocketFilter::from_wire(Bytes in, Buffer& plain, Buffer& wire) {
  if (state_ == State::kNew) {
    state_ = State::kHandshake;
    greet(wire);
  }
  in_ = in;
  Result<void> result;
  if (state_ == State::kHandshake) result = read_head(wire);
  if (result && state_ == State::kOpen) result = read_frames(plain, wire);
  in_ = {};
  return result;
}

Result<void> WebSocketFilter::read_head(Buffer& wire) {
  // The end may lie across what came before and what comes now.
  const size_t seen = head_.size();
  const size_t taken = std::min(in_.size(), head_max_ + 1 - std::min(head_max_ + 1, seen));
  head_.append(in_.first(taken));
  const std::string_view head = to_string_view(head_.bytes());
  // No HTTP, but perhaps MQTT, whose sender would wait for its answer.
  if (!is_client_ && !head.empty() && (head[0] < 'A' || head[0] > 'Z')) {
    state_ = State::kClosed;
    return take_head(head.substr(0, 1), wire);
  }
  const size_t end = head.find("\r\n\r\n", seen > 3 ? seen - 3 : 0);
  if (end == std::string_view::npos || end + 4 > head_max_) {
    if (head.size() <= head_max_) {
      in_ = {};
      return {};
    }
    state_ = State::kClosed;
    if (!is_client_) limit_ = "websockets_headers_size";
    return refuse_long_head(wire);
  }
  in_ = in_.subspan(end + 4 - seen);
  state_ = State::kClosed;
  MQ_CHECK(take_head(head.substr(0, end + 4), wire));
  state_ = State::kOpen;
  head_.release();
  wslay_frame_context* frames = nullptr;
  const wslay_frame_callbacks calls = callbacks();
  if (wslay_frame_context_init(&frames, &calls, this) != 0) throw std::bad_alloc();
  frames_.reset(frames);
  return {};
}

Result<void> WebSocketFilter::read_frames(Buffer& plain, Buffer& wire) {
  for (;;) {
    wslay_frame_iocb frame{};
    const ssize_t result = wslay_frame_recv(frames_.get(), &frame);
    if (result == WSLAY_ERR_WANT_READ) return {};
    if (result < 0) return broken(WSLAY_CODE_PROTOCOL_ERROR, "a malformed frame", wire);
    if (frame_left_ == 0) {
      MQ_CHECK(begin_frame(frame, wire));
      frame_left_ = frame.payload_length;
    }
    const Bytes payload = {frame.data, frame.data_length};
    frame_left_ -= payload.size();
    if (!wslay_is_ctrl_frame(frame.opcode)) {
      plain.append(payload);
      continue;
    }
    control_.append(payload);
    if (frame_left_ == 0) MQ_CHECK(on_control(frame.opcode, wire));
  }
}

Result<void> WebSocketFilter::begin_frame(const wslay_frame_iocb& frame, Buffer& wire) {
  const auto protocol_error = [&](std::string_view why) {
    return broken(WSLAY_CODE_PROTOCOL_ERROR, why, wire);
  };
  if (frame.rsv != 0) return protocol_error("an extension that was not agreed on");
  // Section 5.1: a client masks and a server does not.
  if ((frame.mask != 0) == is_client_) {
    return protocol_error(is_client_ ? "a masked frame from a server"
                                     : "a frame from a client that is not masked");
  }
  switch (frame.opcode) {
    case WSLAY_TEXT_FRAME:  // [MQTT-6.0.0-1]
      return broken(WSLAY_CODE_UNSUPPORTED_DATA, "a text frame: MQTT is binary", wire);
    case WSLAY_BINARY_FRAME:
      if (in_message_) return protocol_error("a new message within a fragmented one");
      break;
    case WSLAY_CONTINUATION_FRAME:
      if (!in_message_) return protocol_error("a continuation of nothing");
      break;
    case WSLAY_CONNECTION_CLOSE:
    case WSLAY_PING:
    case WSLAY_PONG: control_.clear(); return {};
    default: return protocol_error("a reserved opcode");
  }
  in_message_ = frame.fin == 0;
  if (frame.payload_length > frame_max_) {
    if (!is_client_) limit_ = "max_websockets_frame";
    return broken(WSLAY_CODE_MESSAGE_TOO_BIG, "a frame over the limit", wire);
  }
  return {};
}

Result<void> WebSocketFilter::on_control(uint8_t opcode, Buffer& wire) {
  if (opcode == WSLAY_PING) send(WSLAY_PONG, control_.bytes(), wire);
  if (opcode != WSLAY_CONNECTION_CLOSE) return {};
  if (control_.size() == 1) {
    return broken(WSLAY_CODE_PROTOCOL_ERROR, "half a status in a Close frame", wire);
  }
  // Section 5.5.1: answered with the status that came.
  const Bytes status = control_.bytes().first(std::min<size_t>(control_.size(), 2));
  send(WSLAY_CONNECTION_CLOSE, status, wire);
  state_ = State::kClosed;
  if (status.empty() || load_be16(status.data()) == WSLAY_CODE_NORMAL_CLOSURE) {
    return fail(ErrorCode::kClosed, "connection closed by the other side");
  }
  return fail(ErrorCode::kClosed, fmt::format("connection closed by the other side (WebSocket "
                                              "status {})", load_be16(status.data())));
}

void WebSocketFilter::send(uint8_t opcode, Bytes payload, Buffer& wire) {
  wslay_frame_iocb frame{};
  frame.fin = 1;
  frame.opcode = opcode;
  frame.mask = is_client_ ? 1 : 0;
  frame.payload_length = payload.size();
  frame.data = payload.data();
  frame.data_length = payload.size();
  wire_ = &wire;
  const ssize_t sent = wslay_frame_send(frames_.get(), &frame);
  wire_ = nullptr;
  assert(sent == static_cast<ssize_t>(payload.size()));
  static_cast<void>(sent);
}

Result<void> WebSocketFilter::broken(uint16_t status, std::string_view why, Buffer& wire) {
  Buffer payload;
  payload.put_be16(status);
  payload.append(why.substr(0, kControlMax - 2));
  send(WSLAY_CONNECTION_CLOSE, payload.bytes(), wire);
  state_ = State::kClosed;
  return fail(ErrorCode::kProtocol, fmt::format("WebSocket: {} (status {})", why, status));
}

Result<void> WebSocketFilter::to_wire(Bytes plain, Buffer& wire) {
  assert(open());
  if (!plain.empty()) send(WSLAY_BINARY_FRAME, plain, wire);
  return {};
}

void WebSocketFilter::finish(Buffer& wire) {
  if (state_ != State::kOpen) return;
  Buffer status;
  status.put_be16(WSLAY_CODE_NORMAL_CLOSURE);
  send(WSLAY_CONNECTION_CLOSE, status.bytes(), wire);
  state_ = State::kClosed;
}

}  // namespace mq
