// Each topic on a line of its own on the terminal, kept up to date.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/string_map.h"
#include "io/signals.h"
#include "mqsub/print_sink.h"

namespace mq {

// Lines are given out in the order in which topics are first seen; what would lie beyond
// kLinesMax, or below the end of the terminal, is not shown. A line is cut off where the terminal
// ends, and drawn again when that changes.
class WatchSink final : public MessageSink {
 public:
  static constexpr size_t kLinesMax = 10'000;
  static constexpr size_t kKeptMax = 2000;  // bytes of a line, to be drawn again

  WatchSink(Loop& loop, Printing printing, std::string_view broker, Owner& owner);

  Result<void> put(const Publish& publish, Now now) override;
  Result<void> finish(Now now) override;
  void flush() override { to_.flush(); }
  bool full() const override { return to_.full(); }
  bool busy() const override { return to_.busy(); }

 private:
  struct Line {
    size_t row;
    std::string kept = {};
  };

  void clear();
  void draw(size_t row, std::string_view text);
  void draw_all();

  Printing printing_;
  std::string broker_;
  PrintSink to_;
  StringMap<Line> lines_;
  Buffer text_;
  const bool is_terminal_;
  std::optional<Signals> resized_;
};

}  // namespace mq
