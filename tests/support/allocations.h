// Counts what a test program asks of operator new. Link allocations.cc to have it.
#pragma once

#include <cstddef>

namespace mq::test {

// Calls of operator new since the program started.
size_t allocations();

}  // namespace mq::test
