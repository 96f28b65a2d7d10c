// A growable run of bytes: appended at the back, consumed from the front.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string_view>
#include <utility>

#include "base/bytes.h"

namespace mq {

// Owns its memory; grows by doubling; new bytes are not zeroed. Spans into it are valid until the
// next call that is not const.
class Buffer {
 public:
  Buffer() = default;
  Buffer(Buffer&& other) noexcept { swap(other); }
  Buffer& operator=(Buffer&& other) noexcept {
    Buffer(std::move(other)).swap(*this);
    return *this;
  }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer() = default;

  const uint8_t* data() const { return memory_.get() + begin_; }
  uint8_t* data() { return memory_.get() + begin_; }
  size_t size() const { return end_ - begin_; }
  size_t capacity() const { return capacity_; }
  bool empty() const { return begin_ == end_; }
  Bytes bytes() const { return {data(), size()}; }

  // Forgets the contents and keeps the memory.
  void clear() { begin_ = end_ = 0; }
  // Forgets the contents and gives the memory back.
  void release() { Buffer().swap(*this); }
  // Makes room for `more` further bytes.
  void reserve(size_t more) {
    if (capacity_ - end_ < more) make_room(more);
  }
  // Appends `n` bytes that the caller fills in.
  uint8_t* grow(size_t n) {
    reserve(n);
    uint8_t* at = memory_.get() + end_;
    end_ += n;
    return at;
  }
  // Keeps only the first `n` bytes. REQUIRES: n <= size()
  void truncate(size_t n) { end_ = begin_ + n; }
  // Drops the first `n` bytes. REQUIRES: n <= size()
  void consume(size_t n) {
    begin_ += n;
    if (begin_ == end_) clear();
  }

  void append(Bytes bytes) { copy_to(grow(bytes.size()), bytes); }
  void append(std::string_view text) { append(to_bytes(text)); }
  void put_u8(uint8_t value) { *grow(1) = value; }
  void put_be16(uint16_t value) { store_be16(grow(2), value); }
  void put_be32(uint32_t value) { store_be32(grow(4), value); }

  void swap(Buffer& other) noexcept {
    std::swap(memory_, other.memory_);
    std::swap(begin_, other.begin_);
    std::swap(end_, other.end_);
    std::swap(capacity_, other.capacity_);
  }

 private:
  void make_room(size_t more);

  struct Free {
    void operator()(uint8_t* p) const { std::free(p); }
  };
  std::unique_ptr<uint8_t, Free> memory_;
  size_t begin_ = 0, end_ = 0, capacity_ = 0;
};

}  // namespace mq
