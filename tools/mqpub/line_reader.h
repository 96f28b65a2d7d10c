// Lines out of blocks of bytes.
#pragma once

#include <cstddef>
#include <optional>

#include "base/buffer.h"
#include "base/bytes.h"

namespace mq {

// A line ends with '\n' and may hold any other byte. One that lies whole in a block is returned in
// place; one that is split is gathered.
class LineReader {
 public:
  struct Line {
    Bytes text;        // without the '\n'; valid until the next call
    bool cut = false;  // it was longer than allowed, and `text` is only its start
  };

  explicit LineReader(size_t line_max) : line_max_(line_max) {}

  // REQUIRES: next() has returned nothing since the block before. The bytes stay where they are
  // until it does so again.
  void feed(Bytes block) { block_ = block; }
  // The next line; nothing when more input is needed.
  std::optional<Line> next();
  // What follows the last '\n' once the input has ended, if there is anything.
  // REQUIRES: next() has returned nothing
  std::optional<Line> rest();

 private:
  void gather(Bytes bytes);
  Line gathered();

  size_t line_max_;
  Bytes block_;
  Buffer partial_;  // the start of a line that is not complete
  bool has_partial_ = false;
  bool cut_ = false;       // some of it was dropped
  bool returned_ = false;  // partial_ is the line that was returned last
};

}  // namespace mq
