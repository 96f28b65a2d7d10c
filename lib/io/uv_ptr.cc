#include "io/uv_ptr.h"

#include <uv.h>

namespace mq {

void UvClose::operator()(void* handle) const {
  auto* const closing = static_cast<uv_handle_t*>(handle);
  closing->data = nullptr;
  uv_close(closing, [](uv_handle_t* closed) { std::free(closed); });
}

}  // namespace mq
