#include "screen/live_screen.h"

#include <poll.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <utility>

namespace mq {
namespace {

// The bytes of one key come together; over a bad line they may not.
constexpr Duration kKeyTime = std::chrono::milliseconds(50);
constexpr Duration kPatience =
    std::chrono::milliseconds(500);  // with a terminal that takes nothing

}  // namespace

Result<std::unique_ptr<LiveScreen>> LiveScreen::open(Loop& loop, bool color, Owner& owner) {
  MQ_TRY(auto writer, open_screen({.size = {}, .color = color}));
  return std::unique_ptr<LiveScreen>(new LiveScreen(loop, std::move(writer), owner));
}

LiveScreen::LiveScreen(Loop& loop, std::unique_ptr<ScreenWriter> writer, Owner& owner)
    : loop_(loop),
      owner_(owner),
      writer_(std::move(writer)),
      output_(loop, STDOUT_FILENO, *this),
      keys_([this](const Key& key) { owner_.key_pressed(key, loop_.now()); }),
      redraw_(loop, [this](Now now) { draw(now); }),
      settle_(loop,
              [this](Now now) {
                keys_.settle();
                draw(now);
              }),
      signals_(loop, {SIGWINCH, SIGTSTP, SIGCONT, SIGHUP},
               [this](int signal) { signalled(signal); }) {
  // What it takes to leave is known once the screen was entered; nothing of it is written.
  writer_->show(Canvas(terminal_.size()));
  Terminal::set_last_words(writer_->leave());
  terminal_.take();
  if (terminal_.keys() >= 0) {
    Input::Owner& reader = *this;
    input_.emplace(loop, terminal_.keys(), reader);
    input_->resume();
  }
  redraw_.set(loop.now().mono);
}

LiveScreen::~LiveScreen() {
  input_.reset();
  leave();
}

void LiveScreen::draw(Now now) {
  soonest_ = now.mono + kShortest;
  redraw_.set(now.mono + kLongest);
  if (gone_) return;
  missed_ = output_.blocked();
  if (missed_) return;
  Canvas canvas(terminal_.size());
  owner_.draw(canvas, now);
  output_.buffer().append(writer_->show(canvas));
  output_.flush();
}

void LiveScreen::output_drained() {
  if (missed_) redraw_.set(soonest_);
}

void LiveScreen::input_read(Bytes block) {
  keys_.read(block);
  if (keys_.undecided()) {
    settle_.set(loop_.now().mono + kKeyTime);
  } else {
    settle_.cancel();
  }
  draw(loop_.now());
}

void LiveScreen::signalled(int signal) {
  switch (signal) {
    case SIGTSTP: return suspend();
    case SIGHUP: return gone();
    case SIGCONT:  // somebody else may have used the terminal meanwhile
      terminal_.take();
      writer_->forget();
      break;
    default: break;
  }
  draw(loop_.read_clock());
}

void LiveScreen::suspend() {
  leave();
  std::raise(SIGSTOP);
  // SIGCONT has come; its handler goes on.
}

void LiveScreen::leave() {
  if (!gone_) write_now(writer_->leave());
  terminal_.give_back();
}

void LiveScreen::gone() {
  if (std::exchange(gone_, true)) return;
  owner_.screen_gone();
}

void LiveScreen::write_now(std::string_view bytes) {
  output_.buffer().append(bytes);
  output_.flush();
  const auto until = std::chrono::steady_clock::now() + kPatience;
  while (!output_.empty() && std::chrono::steady_clock::now() < until) {
    pollfd writable{STDOUT_FILENO, POLLOUT, 0};
    poll(&writable, 1, 10);
    output_.flush();
  }
}

}  // namespace mq
