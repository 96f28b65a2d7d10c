#include "base/buffer.h"

#include <algorithm>
#include <new>

namespace mq {

void Buffer::make_room(size_t more) {
  // A buffer that is drained as it is filled moves its bytes down instead of growing for ever.
  if (begin_ >= capacity_ / 2 && capacity_ - size() >= more) {
    std::memmove(memory_.get(), memory_.get() + begin_, size());
    end_ -= begin_;
    begin_ = 0;
    return;
  }
  const size_t wanted = std::max<size_t>({64, 2 * size(), size() + more});
  auto* fresh = static_cast<uint8_t*>(std::malloc(wanted));
  if (fresh == nullptr) throw std::bad_alloc();
  copy_to(fresh, bytes());
  end_ -= begin_;
  begin_ = 0;
  memory_.reset(fresh);
  capacity_ = wanted;
}

}  // namespace mq
