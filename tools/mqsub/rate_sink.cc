#include "mqsub/rate_sink.h"

#include <chrono>
#include <utility>

#include <fmt/core.h>

namespace mq {

RateSink::RateSink(Loop& loop, Owner& owner)
    : to_(loop, Printing{}, owner), timer_(loop, [this](Now now) { tell(now); }) {
  timer_.set(loop.now().mono + std::chrono::seconds(1));
}

void RateSink::tell(Now now) {
  to_.output().buffer().append(fmt::format("{} msgs/s\n", std::exchange(count_, 0)));
  to_.flush();
  timer_.set(now.mono + std::chrono::seconds(1));
}

}  // namespace mq
