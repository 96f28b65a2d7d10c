// Ring<T>: a growable queue in one piece of memory.
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <utility>

namespace mq {

// 24 bytes and no memory while it has never held anything, which std::deque cannot offer (it
// takes 576 bytes at once). Capacity is a power of two; an emptied ring gives large memory back.
template <class T>
class Ring {
 public:
  Ring() = default;
  Ring(Ring&& other) noexcept { swap(other); }
  Ring& operator=(Ring&& other) noexcept {
    Ring(std::move(other)).swap(*this);
    return *this;
  }
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;
  ~Ring() { clear(); }

  bool empty() const { return size_ == 0; }
  uint32_t size() const { return size_; }
  T& operator[](uint32_t i) { return *slot(i); }
  const T& operator[](uint32_t i) const { return *slot(i); }
  // REQUIRES: !empty()
  T& front() { return *slot(0); }
  T& back() { return *slot(size_ - 1); }

  T& push_back(T value) {
    if (size_ == capacity_) grow();
    T* at = new (slot(size_)) T(std::move(value));
    ++size_;
    return *at;
  }

  // REQUIRES: !empty()
  void pop_front() {
    slot(0)->~T();
    begin_ = (begin_ + 1) & (capacity_ - 1);
    if (--size_ == 0 && capacity_ > kKeep) give_back();
  }

  // REQUIRES: n <= size()
  void pop_front(uint32_t n) {
    for (; n > 0; --n) pop_front();
  }

  // REQUIRES: !empty()
  void pop_back() {
    slot(size_ - 1)->~T();
    if (--size_ == 0 && capacity_ > kKeep) give_back();
  }

  // Drops everything and gives the memory back.
  void clear() {
    for (uint32_t i = 0; i < size_; ++i) slot(i)->~T();
    ::operator delete(slots_);
    slots_ = nullptr;
    begin_ = size_ = capacity_ = 0;
  }

  void swap(Ring& other) noexcept {
    std::swap(slots_, other.slots_);
    std::swap(begin_, other.begin_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
    std::swap(was_large_, other.was_large_);
  }

 private:
  static constexpr uint32_t kKeep = 256;  // slots that an emptied ring may keep

  T* slot(uint32_t i) const { return slots_ + ((begin_ + i) & (capacity_ - 1)); }

  // One that is filled and emptied again and again does not begin with the smallest step each time.
  void give_back() {
    clear();
    was_large_ = true;
  }

  void grow() {
    const uint32_t first = was_large_ ? kKeep : 4;
    const uint32_t wanted = capacity_ == 0 ? first : capacity_ * 2;
    assert(wanted > capacity_);
    T* fresh = static_cast<T*>(::operator new(size_t{wanted} * sizeof(T)));
    for (uint32_t i = 0; i < size_; ++i) {
      new (fresh + i) T(std::move(*slot(i)));
      slot(i)->~T();
    }
    ::operator delete(slots_);
    slots_ = fresh;
    begin_ = 0;
    capacity_ = wanted;
  }

  T* slots_ = nullptr;
  uint32_t begin_ = 0, size_ = 0, capacity_ = 0;
  bool was_large_ = false;
};

}  // namespace mq
