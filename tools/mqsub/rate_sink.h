// How many messages come in a second, in place of the messages.
#pragma once

#include <cstdint>

#include "mqsub/print_sink.h"

namespace mq {

class RateSink final : public MessageSink {
 public:
  RateSink(Loop& loop, Owner& owner);

  Result<void> put(const Publish&, Now) override {
    ++count_;
    return {};
  }
  void flush() override { to_.flush(); }
  bool full() const override { return to_.full(); }
  bool busy() const override { return to_.busy(); }

 private:
  void tell(Now now);

  PrintSink to_;
  Timer timer_;
  uint64_t count_ = 0;
};

}  // namespace mq
