// What a fuzz target believes: a finding when it is not so, in every build.
#pragma once

#include <cstdlib>

#define FUZZ_CHECK(condition)  \
  do {                         \
    if (!(condition)) abort(); \
  } while (false)
