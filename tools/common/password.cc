#include "common/password.h"

#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>

#include <fmt/core.h>
#include <CLI/CLI.hpp>

#include "codec/limits.h"
#include "common/console.h"
#include "common/invalid.h"
#include "common/options.h"

namespace mq {
namespace {

// A terminal that does not show what is typed while this lives. Signals are kept on: Ctrl-C ends
// the program, and the shell puts its terminal right.
class Hidden {
 public:
  explicit Hidden(int fd) : fd_(fd) {
    if (tcgetattr(fd, &before_) != 0) return;
    termios quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    quiet.c_lflag |= ECHONL;
    is_set_ = tcsetattr(fd, TCSAFLUSH, &quiet) == 0;
  }
  ~Hidden() {
    if (is_set_) tcsetattr(fd_, TCSAFLUSH, &before_);
  }
  Hidden(const Hidden&) = delete;
  Hidden& operator=(const Hidden&) = delete;

 private:
  int fd_;
  termios before_{};
  bool is_set_ = false;
};

// From the terminal itself: standard input is for messages.
Result<std::string> ask() {
  const int fd = open("/dev/tty", O_RDWR | O_CLOEXEC);
  if (fd < 0) return invalid("There is no terminal to ask for the password (--pw-prompt).");
  std::string password;
  {
    const Hidden hidden(fd);
    write_all(fd, "Password: ");
    char c = 0;
    ssize_t count = 0;
    while ((count = read(fd, &c, 1)) == 1 && c != '\n' && password.size() < kStringMax) {
      password += c;
    }
  }
  close(fd);
  return password;
}

// The first line.
Result<std::string> read_file(const std::string& path) {
  std::ifstream file(path);
  std::string password;
  if (!file) {
    return invalid(
        fmt::format("Unable to read the password file {}: {}.", path, std::strerror(errno)));
  }
  std::getline(file, password);
  if (password.ends_with('\r')) password.pop_back();
  return password;
}

}  // namespace

void declare(CLI::App& app, PasswordArgs& args) {
  Options(app, "MQTT")
      .text("-P,--pw", args.given, "PASSWORD",
            "Password. Others may see a command line; the next three are safer.")
      .flag("--pw-prompt", args.prompt, "Ask for the password on the terminal.")
      .text_or("--pw-env", args.variable, "NAME", "MQTT_PASSWORD",
               "Password from an environment variable, MQTT_PASSWORD without a name.")
      .text("--pw-file,--password-file", args.file, "FILE",
            "Password from the first line of a file.");
}

Result<std::optional<std::string>> read_password(const PasswordArgs& args) {
  const int ways =
      (args.given ? 1 : 0) + (args.prompt ? 1 : 0) + (args.variable ? 1 : 0) + (args.file ? 1 : 0);
  if (ways > 1) {
    return invalid("Only one of -P, --pw-prompt, --pw-env and --pw-file can be used at once.");
  }
  if (args.given) return args.given;
  if (args.prompt) return ask();
  if (args.file) return read_file(*args.file);
  if (!args.variable) return std::nullopt;
  const char* value = std::getenv(args.variable->c_str());
  if (value == nullptr) {
    return invalid(
        fmt::format("There is no environment variable {} for the password.", *args.variable));
  }
  return value;
}

}  // namespace mq
