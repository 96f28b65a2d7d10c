// Lines out of blocks of bytes.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>

#include "base/buffer.h"
#include "base/bytes.h"

namespace mq {

// A line ends with a delimiter, '\n' unless another is given, and may hold any byte. One that lies
// whole in a block is returned in place; one that is split is gathered.
class LineReader {
 public:
  struct Line {
    Bytes text;        // without the delimiter; valid until the next call
    bool cut = false;  // it was longer than allowed, and `text` is only its start
  };

  // REQUIRES: the delimiter is not empty
  explicit LineReader(size_t line_max, std::string delimiter = "\n")
      : line_max_(line_max), delimiter_(std::move(delimiter)) {}

  // The block up to where its last line ends; all of it when no line does.
  Bytes whole_lines(Bytes block) const;
  // REQUIRES: next() has returned nothing since the block before. The bytes stay where they are
  // until it does so again.
  void feed(Bytes block) { block_ = block; }
  // The next line; nothing when more input is needed.
  std::optional<Line> next();
  // What follows the last delimiter once the input has ended, if there is anything.
  // REQUIRES: next() has returned nothing
  std::optional<Line> rest();

 private:
  // Where the delimiter ends that ends the present line, 0 when that is not in the block.
  size_t find_end() const;
  void gather(Bytes bytes);
  Line gathered();

  size_t line_max_;
  std::string delimiter_;
  Bytes block_;
  Buffer partial_;    // the start of a line that is not complete
  std::string tail_;  // its last bytes, cut or not: the delimiter may have begun there
  bool has_partial_ = false;
  bool cut_ = false;       // some of it was dropped
  bool returned_ = false;  // partial_ is the line that was returned last
};

}  // namespace mq
