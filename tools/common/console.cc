#include "common/console.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <string>

namespace mq {
namespace {

ConsoleListener* diverted_to = nullptr;

// One system call a line, so that lines of several programs on one terminal do not mix.
void say(std::string_view prefix, std::string_view text) {
  std::string line;
  line.reserve(prefix.size() + text.size() + 1);
  line.append(prefix).append(text);
  if (line.empty() || line.back() != '\n') line += '\n';
  if (diverted_to != nullptr) {
    diverted_to->said(line);
  } else {
    write_all(STDERR_FILENO, line);
  }
}

}  // namespace

void divert_console(ConsoleListener* listener) {
  diverted_to = listener;
}

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(fd, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<size_t>(written));
    } else if (errno == EAGAIN) {
      // Somebody else made a shared terminal or pipe non-blocking.
      pollfd waiting{fd, POLLOUT, 0};
      poll(&waiting, 1, -1);
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

void Console::error(std::string_view text) const {
  if (!options_.quiet) say("Error: ", text);
}

void Console::warning(std::string_view text) const {
  if (!options_.quiet) say("Warning: ", text);
}

void Console::note(std::string_view text) const {
  if (!options_.quiet) say("", text);
}

void Console::debug(std::string_view text) const {
  if (debugs()) say("", text);
}

}  // namespace mq
