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
  // realloc moves pages instead of bytes where it can: half the time to gather a 200 MB packet.
  // It would keep what is before begin_, so that is worth a copy.
  const bool in_place = begin_ == 0;
  auto* fresh =
      static_cast<uint8_t*>(in_place ? std::realloc(memory_.get(), wanted) : std::malloc(wanted));
  if (fresh == nullptr) throw std::bad_alloc();
  if (in_place) {
    static_cast<void>(memory_.release());  // realloc has freed it
  } else {
    copy_to(fresh, bytes());
    end_ -= begin_;
    begin_ = 0;
  }
  memory_.reset(fresh);
  capacity_ = wanted;
}

}  // namespace mq
