// Lines of a stream that may be anything.
#pragma once

#include <cstddef>
#include <istream>
#include <string>

#include "base/result.h"

namespace mq {

// The next line, without its line feed. False at the end of the stream; an error as soon as the
// line is longer than `max`, however much of it is still to come.
inline Result<bool> read_line(std::istream& in, size_t max, std::string& line) {
  constexpr int kEnd = std::char_traits<char>::eof();
  line.clear();
  std::streambuf& from = *in.rdbuf();
  for (int c = from.sbumpc(); c != kEnd; c = from.sbumpc()) {
    if (c == '\n') return true;
    if (line.size() == max) return fail(ErrorCode::kTooLarge, "has a line that is too long");
    line += static_cast<char>(c);
  }
  return !line.empty();
}

}  // namespace mq
