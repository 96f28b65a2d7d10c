// UvPtr<H>: owns a libuv handle, which outlives its owner.
#pragma once

#include <cstdlib>
#include <memory>

struct uv_stream_s;

namespace mq {

// Closing a handle takes until a later loop turn. `data` is cleared at once, so a callback that
// still comes finds a null owner; the memory goes when libuv has let go of it.
struct UvClose {
  void operator()(void* handle) const;
};

template <class H>
using UvPtr = std::unique_ptr<H, UvClose>;

// A connected socket: uv_tcp_t or uv_pipe_t.
using UvStream = UvPtr<uv_stream_s>;

// Allocates a handle and initialises it with `init(handle)`, which returns libuv's code. Null with
// that code in `error` when it failed.
template <class H, class Init>
UvPtr<H> make_uv(Init&& init, int& error) {
  // calloc and not new: the closing callback does not know the type any more.
  auto* handle = static_cast<H*>(std::calloc(1, sizeof(H)));
  if (handle == nullptr) std::abort();
  error = init(handle);
  if (error == 0) return UvPtr<H>(handle);
  std::free(handle);
  return nullptr;
}

template <class H>
UvStream as_stream(UvPtr<H> handle) {
  return UvStream(reinterpret_cast<uv_stream_s*>(handle.release()));
}

}  // namespace mq
