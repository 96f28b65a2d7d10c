#include "mqsub/watch_sink.h"

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <utility>

#include <fmt/core.h>

#include "screen/terminal.h"

namespace mq {
namespace {

// Between the two a terminal cuts lines off and does not go on in the next one, which is another
// topic's. Said for each line, so that nothing is left of it however we end.
constexpr std::string_view kCut = "\x1B[?7l", kWrap = "\x1B[?7h";
constexpr std::string_view kClearRest = "\x1B[K";

}  // namespace

WatchSink::WatchSink(Loop& loop, Printing printing, std::string_view broker, Owner& owner)
    : printing_(std::move(printing)),
      broker_(broker),
      to_(loop, Printing{}, owner),
      is_terminal_(isatty(STDOUT_FILENO) == 1) {
  printing_.newline = false;
  clear();
  if (is_terminal_)
    resized_.emplace(loop, std::initializer_list{SIGWINCH}, [this](int) { draw_all(); });
}

Result<void> WatchSink::put(const Publish& publish, Now now) {
  if (lines_.size() >= kLinesMax && !lines_.contains(publish.topic)) return {};
  const auto [found, is_new] =
      lines_.try_emplace(std::string(publish.topic), Line{lines_.size() + 2});
  Line& line = found->second;
  text_.clear();
  MQ_CHECK(print(printing_, publish, now.wall, text_));
  if (is_terminal_) {
    // What a format or --pretty puts into several lines stays in this one.
    std::replace(text_.data(), text_.data() + text_.size(), uint8_t{'\n'}, uint8_t{' '});
    line.kept = to_string_view(text_.bytes()).substr(0, kKeptMax);
  }
  draw(line.row, to_string_view(text_.bytes()));
  to_.flush();
  return {};
}

void WatchSink::clear() {
  to_.output().buffer().append(fmt::format("\x1B[2J\x1B[1;1HBroker: {}", broker_));
}

void WatchSink::draw(size_t row, std::string_view text) {
  if (is_terminal_ && row > Terminal::size().rows) return;
  Buffer& out = to_.output().buffer();
  out.append(fmt::format("\x1B[{};1H", row));
  // What is left of a longer value goes. Behind a line that was cut off it would take the last
  // character, too.
  if (is_terminal_) {
    out.append(kClearRest);
    out.append(kCut);
    out.append(text);
    out.append(kWrap);
  } else {
    out.append(text);
    out.append(kClearRest);
  }
}

void WatchSink::draw_all() {
  clear();
  for (const auto& [topic, line] : lines_) draw(line.row, line.kept);
  to_.flush();
}

// What the shell says next comes below.
Result<void> WatchSink::finish(Now) {
  if (!is_terminal_) return {};
  const size_t last = std::min<size_t>(lines_.size() + 1, Terminal::size().rows);
  to_.output().buffer().append(fmt::format("\x1B[{};1H\n", last));
  to_.flush();
  return {};
}

}  // namespace mq
