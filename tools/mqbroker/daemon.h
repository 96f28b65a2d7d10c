// Going to the background without hiding what went wrong on the way.
#pragma once

#include <optional>

namespace mq {

// Forks. The parent waits until the child is ready or has ended, and is given the exit code to end
// with. The child goes on and still writes its errors where the parent did.
class Daemon {
 public:
  // The exit code in the parent, nothing in the child. Called before there are threads or a loop,
  // whose descriptors would not survive it.
  std::optional<int> fork();
  // In the child: lets the parent end with 0, and lets go of the terminal. Does nothing when
  // fork() was not called.
  void ready();

 private:
  int report_ = -1;  // the pipe's end to write to, in the child
};

}  // namespace mq
