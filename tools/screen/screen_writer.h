// What a terminal has to be sent for a canvas to be seen on it: curses, in a shared object that is
// loaded when a screen is opened.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "screen/canvas.h"

namespace mq {

// Writes nothing itself: it gives the bytes, the loop sends them when the terminal takes them.
class ScreenWriter {
 public:
  virtual ~ScreenWriter() = default;
  // The bytes that change what the terminal shows into this canvas; the first ones also take the
  // terminal over.
  virtual std::string show(const Canvas& canvas) = 0;
  // Nothing is known any more about what the terminal shows: the next bytes draw all of it.
  virtual void forget() = 0;
  // Gives the terminal back as it was; show() takes it over again.
  virtual std::string leave() = 0;
};

struct ScreenOptions {
  Size size;
  bool color = true;
};

struct ScreenModule {
  Result<std::unique_ptr<ScreenWriter>> (*open)(const ScreenOptions& options);
};

// Loads the module and opens a screen on the terminal of $TERM.
Result<std::unique_ptr<ScreenWriter>> open_screen(const ScreenOptions& options);

}  // namespace mq
