#include "support/allocations.h"

#include <cstdlib>
#include <new>

namespace {
size_t count = 0;
}

size_t mq::test::allocations() {
  return count;
}

// In a file of their own: where they are inlined, g++ 12 takes new and free for a mismatch.
// Sanitizers still see the memory through malloc.
void* operator new(size_t size) {
  ++count;
  void* memory = std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, size_t) noexcept {
  std::free(memory);
}
