// Another program, with bytes for its standard input.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "io/loop.h"

namespace mq {

struct ChildOptions {
  std::vector<std::string> words;        // the program, looked for in $PATH, and its arguments
  std::vector<std::string> environment;  // NAME=VALUE, beside ours
  std::string input;
};

// Shares our standard output and error. One that does not read its input to the end is no error.
class ChildProcess {
 public:
  // How it ended: its exit status, or 128 plus the signal that killed it; an error when it could
  // not be started. Called once, from the loop, and may destroy the object. Destroyed before that,
  // nobody is called; the program goes on alone.
  using Done = std::function<void(Result<int> status)>;
  ChildProcess(Loop& loop, ChildOptions options, Done done);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

 private:
  struct Running;
  std::unique_ptr<Running> running_;
};

}  // namespace mq
