#include "mqsub/watch_sink.h"

#include <utility>

#include <fmt/core.h>

namespace mq {

WatchSink::WatchSink(Loop& loop, Printing printing, std::string_view broker, Owner& owner)
    : printing_(std::move(printing)), to_(loop, Printing{}, owner) {
  printing_.newline = false;
  to_.output().buffer().append(fmt::format("\x1B[2J\x1B[1;1HBroker: {}", broker));
}

Result<void> WatchSink::put(const Publish& publish, Now now) {
  if (lines_.size() >= kLinesMax && !lines_.contains(publish.topic)) return {};
  const auto [line, is_new] = lines_.try_emplace(std::string(publish.topic), lines_.size() + 2);
  Buffer& out = to_.output().buffer();
  const size_t start = out.size();
  out.append(fmt::format("\x1B[{};1H", line->second));
  if (auto printed = print(printing_, publish, now.wall, out); !printed) {
    out.truncate(start);
    return printed;
  }
  // What is left of a longer value goes.
  out.append("\x1B[K");
  to_.flush();
  return {};
}

}  // namespace mq
