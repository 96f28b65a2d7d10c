// Each topic on a line of its own on the terminal, kept up to date.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "base/string_map.h"
#include "mqsub/print_sink.h"

namespace mq {

// Lines are given out in the order in which topics are first seen; what would lie beyond
// kLinesMax is not shown.
class WatchSink final : public MessageSink {
 public:
  static constexpr size_t kLinesMax = 10'000;

  WatchSink(Loop& loop, Printing printing, std::string_view broker, Owner& owner);

  Result<void> put(const Publish& publish, Now now) override;
  void flush() override { to_.flush(); }
  bool full() const override { return to_.full(); }
  bool busy() const override { return to_.busy(); }

 private:
  Printing printing_;
  PrintSink to_;
  StringMap<size_t> lines_;
};

}  // namespace mq
