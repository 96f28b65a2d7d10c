#include "io/signals.h"

#include <cassert>
#include <utility>

#include <uv.h>

namespace mq {

Signals::Signals(Loop& loop, std::initializer_list<int> numbers, std::function<void(int)> on_signal)
    : on_signal_(std::move(on_signal)) {
  for (const int number : numbers) {
    int error = 0;
    UvPtr<uv_signal_t> handle = make_uv<uv_signal_t>(
        [&loop](uv_signal_t* h) { return uv_signal_init(loop.uv(), h); }, error);
    assert(handle);
    handle->data = this;
    error = uv_signal_start(
        handle.get(),
        [](uv_signal_t* h, int signal) {
          if (auto* signals = static_cast<Signals*>(h->data)) signals->on_signal_(signal);
        },
        number);
    assert(error == 0);
    uv_unref(reinterpret_cast<uv_handle_t*>(handle.get()));
    handles_.push_back(std::move(handle));
  }
}

}  // namespace mq
