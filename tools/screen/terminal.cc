#include "screen/terminal.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <utility>

namespace mq {
namespace {

constexpr std::array kCrashes = {SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGQUIT, SIGSEGV};
constexpr Size kLargest{1000, 2000};  // what one says to have more is not believed

// What a signal handler needs, so that it calls nothing that it must not.
struct Restore {
  int keys = -1;
  bool taken = false;
  termios modes = {};
  std::string last_words;
} restore;

void put_back() {
  if (!std::exchange(restore.taken, false)) return;
  tcsetattr(restore.keys, TCSANOW, &restore.modes);
}

void crashed(int signal) {
  if (restore.taken) {
    put_back();
    // The terminal may not take it; there is nobody left to tell.
    static_cast<void>(!write(STDOUT_FILENO, restore.last_words.data(), restore.last_words.size()));
  }
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

}  // namespace

Terminal::Terminal() : keys_(STDIN_FILENO) {
  if (isatty(STDIN_FILENO) != 1) {
    keys_ = open("/dev/tty", O_RDONLY | O_NOCTTY | O_CLOEXEC);
    keys_are_ours_ = keys_ >= 0;
  }
  for (const int signal : kCrashes) std::signal(signal, crashed);
}

Terminal::~Terminal() {
  give_back();
  for (const int signal : kCrashes) std::signal(signal, SIG_DFL);
  if (keys_are_ours_) close(keys_);
}

Size Terminal::size() {
  winsize window{};
  Size size;
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_row > 0 && window.ws_col > 0) {
    size = {window.ws_row, window.ws_col};
  }
  return {std::min(size.rows, kLargest.rows), std::min(size.columns, kLargest.columns)};
}

void Terminal::take() {
  if (keys_ < 0) return;
  if (!restore.taken && tcgetattr(keys_, &restore.modes) != 0) return;
  restore.keys = keys_;
  restore.taken = true;
  termios modes = restore.modes;
  modes.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
  modes.c_cc[VMIN] = 1;
  modes.c_cc[VTIME] = 0;
  tcsetattr(keys_, TCSANOW, &modes);
}

void Terminal::give_back() {
  put_back();
}

void Terminal::set_last_words(std::string bytes) {
  restore.last_words = std::move(bytes);
}

}  // namespace mq
