// What a tool says to its user. Standard output is for message data alone; everything here goes to
// standard error, a line at a time.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace mq {

class Console {
 public:
  struct Options {
    bool quiet = false;  // nothing but usage errors
    bool debug = false;  // every packet, too
  };
  // A file that gets everything, each line with the time, whatever `quiet` says.
  class LogFile;

  Console() = default;
  explicit Console(Options options) : options_(options) {}

  // Appends to that file from now on.
  Result<void> log_to(const std::string& path);

  bool debugs() const { return options_.debug && (!options_.quiet || log_); }
  // "Error: TEXT" unless quiet.
  void error(std::string_view text) const;
  // "Warning: TEXT" unless quiet.
  void warning(std::string_view text) const;
  // TEXT as it is, unless quiet.
  void note(std::string_view text) const;
  // TEXT when debugging.
  void debug(std::string_view text) const;

 private:
  void say(std::string_view prefix, std::string_view text) const;

  Options options_;
  std::shared_ptr<LogFile> log_;
};

// While there is one, it is told each line, and nothing goes to standard error: a screen is on the
// terminal. Null puts everything back. The lines of all consoles, as there is one standard error.
struct ConsoleListener {
  virtual void said(std::string_view line) = 0;

 protected:
  ~ConsoleListener() = default;
};
void divert_console(ConsoleListener* listener);

// Writes all of `text`, whatever it takes; false, with errno, when that is not possible.
bool write_all(int fd, std::string_view text);

}  // namespace mq
