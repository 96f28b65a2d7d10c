#include "mqsub/live_sink.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include <fmt/core.h>

namespace mq {

Result<std::unique_ptr<MessageSink>> LiveSink::open(Loop& loop, std::unique_ptr<Picture> picture,
                                                    std::string_view broker, bool color,
                                                    MessageSink::Owner& owner) {
  std::unique_ptr<LiveSink> sink(new LiveSink(std::move(picture), broker, owner));
  if (isatty(STDOUT_FILENO) == 1) {
    MQ_TRY(sink->screen_, LiveScreen::open(loop, color, *sink));
    divert_console(sink.get());
  }
  return sink;
}

LiveSink::LiveSink(std::unique_ptr<Picture> picture, std::string_view broker,
                   MessageSink::Owner& owner)
    : picture_(std::move(picture)), owner_(owner) {
  state_.broker = broker;
}

LiveSink::~LiveSink() {
  close_screen();
}

Result<void> LiveSink::put(const Publish& publish, Now now) {
  if (screen_) screen_->changed();
  return picture_->put(publish, now);
}

void LiveSink::connected() {
  state_.link = RunState::Link::kConnected;
  state_.note.clear();
  notes_.clear();  // why it was not connected is of no use any more
  if (screen_) screen_->changed();
}

void LiveSink::connection_lost() {
  state_.link = RunState::Link::kReconnecting;
  picture_->interrupted();
  if (screen_) screen_->changed();
}

Result<void> LiveSink::finish(Now now) {
  if (screen_) {
    close_screen();
    return {};
  }
  Buffer text;
  picture_->print(text, state_, now);
  if (write_all(STDOUT_FILENO, to_string_view(text.bytes())) || errno == EPIPE) return {};
  return fail(ErrorCode::kIo, fmt::format("cannot write the output: {}", std::strerror(errno)),
              errno);
}

void LiveSink::close_screen() {
  if (!screen_) return;
  screen_.reset();
  divert_console(nullptr);
  for (const std::string& note : notes_) write_all(STDERR_FILENO, note);
}

void LiveSink::key_pressed(const Key& key, Now now) {
  state_.note.clear();
  if (!picture_->key_pressed(key, now)) {
    owner_.sink_failed({ErrorCode::kClosed, "the user has seen enough"});
  }
}

void LiveSink::screen_gone() {
  owner_.sink_failed({ErrorCode::kClosed, "the terminal has gone away"});
}

void LiveSink::said(std::string_view line) {
  state_.note = line.substr(0, line.find('\n'));
  if (isatty(STDERR_FILENO) != 1) {
    write_all(STDERR_FILENO, line);
  } else {
    notes_.emplace_back(line);
    if (notes_.size() > kNotesMax) notes_.pop_front();
  }
  if (screen_) screen_->changed();
}

}  // namespace mq
