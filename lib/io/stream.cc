#include "io/stream.h"

#include <sys/socket.h>

#include <array>
#include <cassert>
#include <memory>
#include <vector>

#include <uv.h>

#include "base/buffer.h"
#include "io/loop.h"
#include "io/socket_address.h"
#include "io/uv_error.h"

namespace mq {
namespace {

Stream* stream_of(const uv_stream_t* handle) {
  return static_cast<Stream*>(handle->data);
}

uv_buf_t to_uv(Bytes bytes) {
  // libuv's buffers are for reading and for writing and therefore not const.
  return uv_buf_init(const_cast<char*>(reinterpret_cast<const char*>(bytes.data())),
                     static_cast<unsigned>(bytes.size()));
}

}  // namespace

Result<std::pair<UvStream, UvStream>> stream_pair(Loop& loop) {
  uv_os_sock_t fds[2];
  if (const int error = uv_socketpair(SOCK_STREAM, 0, fds, UV_NONBLOCK_PIPE, UV_NONBLOCK_PIPE)) {
    return fail(ErrorCode::kIo, uv_strerror(error), error);
  }
  UvStream ends[2];
  for (size_t i = 0; i < 2; ++i) {
    int error = 0;
    auto pipe =
        make_uv<uv_pipe_t>([&](uv_pipe_t* h) { return uv_pipe_init(loop.uv(), h, 0); }, error);
    if (error == 0) error = uv_pipe_open(pipe.get(), fds[i]);
    assert(error == 0);  // both descriptors are ours and as they should be
    ends[i] = as_stream(std::move(pipe));
  }
  return std::pair(std::move(ends[0]), std::move(ends[1]));
}

// What the socket did not take. Lives until libuv calls back, also when the stream has gone.
struct Stream::WriteRequest {
  uv_write_t uv;
  Buffer copied;
  std::vector<Ref<const Message>> owners;  // of the bytes that are not copied
};

Stream::Stream(UvStream handle) : handle_(std::move(handle)) {
  handle_->data = this;
}

// The handle forgets us; requests in flight are cancelled by closing it and free themselves.
Stream::~Stream() = default;

void Stream::start_reading() {
  uv_read_start(
      handle_.get(),
      [](uv_handle_t* handle, size_t, uv_buf_t* buffer) {
        auto* const stream = static_cast<Stream*>(handle->data);
        Loop& loop = Loop::of(handle->loop);
        // libuv would go on for up to 32 full buffers, which is megabytes of input of each
        // connection before the first byte of output. Without a buffer it leaves the stream to
        // the next turn (and calls back with UV_ENOBUFS).
        const bool again = std::exchange(stream->read_turn_, loop.turn()) == loop.turn();
        if (stream->read_watch_ != nullptr && !again) {
          stream->read_watch_->about_to_read(stream->fd());
        }
        const std::span<uint8_t> room = again ? std::span<uint8_t>() : loop.read_buffer();
        *buffer =
            uv_buf_init(reinterpret_cast<char*>(room.data()), static_cast<unsigned>(room.size()));
      },
      [](uv_stream_t* handle, ssize_t count, const uv_buf_t* buffer) {
        Stream* stream = stream_of(handle);
        if (stream == nullptr || count == 0 || count == UV_ENOBUFS) return;
        if (count > 0) {
          stream->stream_read(
              {reinterpret_cast<const uint8_t*>(buffer->base), static_cast<size_t>(count)});
          return;
        }
        uv_read_stop(handle);
        const int code = static_cast<int>(count);
        stream->stream_failed({uv_error_code(code), uv_reason(code), code});
      });
}

void Stream::stop_reading() {
  uv_read_stop(handle_.get());
}

void Stream::send(OutBatch& batch) {
  if (batch.empty()) return;
  std::array<uv_buf_t, OutBatch::kPiecesMax> buffers;
  const auto pieces = batch.pieces();
  assert(pieces.size() <= buffers.size());
  for (size_t i = 0; i < pieces.size(); ++i) buffers[i] = to_uv(pieces[i].bytes);

  // An error of this call is not looked at: the request that follows meets it again and reports
  // it from the loop, where the owner expects it.
  const int result =
      writing() ? 0
             : uv_try_write(handle_.get(), buffers.data(), static_cast<unsigned>(pieces.size()));
  size_t taken = result > 0 ? static_cast<size_t>(result) : 0;
  if (taken < batch.size()) {
    size_t first = 0;
    while (taken >= pieces[first].bytes.size()) taken -= pieces[first++].bytes.size();
    auto request = std::make_unique<WriteRequest>();
    size_t copied = 0;
    for (size_t i = first; i < pieces.size(); ++i) {
      if (!pieces[i].owner) copied += pieces[i].bytes.size();
    }
    request->copied.reserve(copied);  // its bytes must not move once they are pointed at
    for (size_t i = first; i < pieces.size(); ++i) {
      const Bytes left = pieces[i].bytes.subspan(i == first ? taken : 0);
      if (pieces[i].owner) {
        request->owners.push_back(pieces[i].owner);
        buffers[i] = to_uv(left);
      } else {
        uint8_t* to = request->copied.grow(left.size());
        copy_to(to, left);
        buffers[i] = to_uv({to, left.size()});
      }
    }
    send_rest(request.release(), buffers.data() + first, pieces.size() - first);
  }
  batch.clear();
}

void Stream::send(Bytes bytes) {
  if (bytes.empty()) return;
  uv_buf_t buffer = to_uv(bytes);
  const int result = writing() ? 0 : uv_try_write(handle_.get(), &buffer, 1);
  const size_t taken = result > 0 ? static_cast<size_t>(result) : 0;
  if (taken == bytes.size()) return;
  auto request = std::make_unique<WriteRequest>();
  request->copied.append(bytes.subspan(taken));
  buffer = to_uv(request->copied.bytes());
  send_rest(request.release(), &buffer, 1);
}

void Stream::send_rest(WriteRequest* request, const uv_buf_t* rest, size_t count) {
  request->uv.data = request;
  ++writes_;
  const int error =
      uv_write(&request->uv, handle_.get(), rest, static_cast<unsigned>(count),
      [](uv_write_t* done, int status) {
        Stream* stream = stream_of(done->handle);
        delete static_cast<WriteRequest*>(done->data);
        if (stream == nullptr) return;
        --stream->writes_;
        if (status < 0) {
          stream->stream_failed({uv_error_code(status), uv_reason(status), status});
        } else if (!stream->writing()) {
          stream->stream_drained();
        }
      });
  // Fails for handles that are closed or cannot be written to, and ours can.
  assert(error == 0);
  static_cast<void>(error);
}

void Stream::shut_down() {
  assert(!writing());
  shutdown(fd(), SHUT_WR);  // an error means that the peer knows already
}

size_t Stream::unwritten() const {
  return uv_stream_get_write_queue_size(handle_.get());
}

Loop& Stream::loop() const {
  return Loop::of(handle_->loop);
}

int Stream::fd() const {
  uv_os_fd_t fd = -1;
  uv_fileno(reinterpret_cast<const uv_handle_t*>(handle_.get()), &fd);
  return fd;
}

std::string Stream::peer() const {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (getpeername(fd(), reinterpret_cast<sockaddr*>(&address), &size) != 0) return "gone";
  return text(reinterpret_cast<const sockaddr&>(address));
}

}  // namespace mq
