// A regular expression for payloads.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace mq {

// POSIX extended, by the C library: it looks at payloads of strangers, and must not take a stack
// frame for each of their bytes as std::regex does.
class TextPattern {
 public:
  static Result<TextPattern> compile(const std::string& text);

  // Whether it is found anywhere in `bytes`, which may hold NUL.
  bool found_in(std::string_view bytes) const;

 private:
  struct Compiled;
  explicit TextPattern(std::shared_ptr<const Compiled> compiled) : compiled_(std::move(compiled)) {}

  std::shared_ptr<const Compiled> compiled_;
};

}  // namespace mq
