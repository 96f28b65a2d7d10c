// Signals as events of the loop.
#pragma once

#include <functional>
#include <initializer_list>
#include <vector>

#include "io/loop.h"
#include "io/uv_ptr.h"

struct uv_signal_s;

namespace mq {

// Calls back on the loop for each signal that arrives. That one could arrive keeps no loop running.
class Signals {
 public:
  Signals(Loop& loop, std::initializer_list<int> numbers, std::function<void(int)> on_signal);
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

 private:
  std::function<void(int)> on_signal_;
  std::vector<UvPtr<uv_signal_s>> handles_;
};

}  // namespace mq
