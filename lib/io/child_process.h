// Another program, with bytes for its standard input, and those of its standard output.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "io/loop.h"

namespace mq {

struct ChildOptions {
  std::vector<std::string> words;        // the program, looked for in $PATH, and its arguments
  std::vector<std::string> environment;  // NAME=VALUE, beside ours
  std::string input;
  // Its standard output is gathered, up to so many bytes; without, it is ours.
  std::optional<size_t> output_max = {};
};

// Shares our standard error. One that does not read its input to the end is no error.
class ChildProcess {
 public:
  // How it ended: its exit status, or 128 plus the signal that killed it; an error when it could
  // not be started, or wrote more than output_max (kTooLarge). Its output has ended, too. Called
  // once, from the loop, and may destroy the object. Destroyed before that, nobody is called; the
  // program goes on alone.
  using Done = std::function<void(Result<int> status)>;
  ChildProcess(Loop& loop, ChildOptions options, Done done);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  // What was gathered.
  std::string take_output();

 private:
  struct Running;
  std::unique_ptr<Running> running_;
};

}  // namespace mq
