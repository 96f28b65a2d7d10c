// A picture that is kept up to date on the terminal.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "io/input.h"
#include "io/loop.h"
#include "io/output.h"
#include "io/signals.h"
#include "screen/canvas.h"
#include "screen/key_reader.h"
#include "screen/screen_writer.h"
#include "screen/terminal.h"

namespace mq {

// Draws at most a few times a second, and never more than the terminal has taken: a slow one sees
// fewer pictures, and nothing waits for it. Resizing, stopping (Ctrl-Z) and going on are dealt with
// here; ending is the owner's business.
class LiveScreen final : private Output::Owner, private Input::Owner {
 public:
  static constexpr Duration kShortest = std::chrono::milliseconds(250);  // from picture to picture
  static constexpr Duration kLongest = std::chrono::seconds(1);

  struct Owner {
    virtual void draw(Canvas& canvas, Now now) = 0;
    // A picture follows.
    virtual void key_pressed(const Key& key, Now now) = 0;
    // The terminal has gone away.
    virtual void screen_gone() = 0;

   protected:
    ~Owner() = default;
  };

  // Takes the terminal of standard output over.
  static Result<std::unique_ptr<LiveScreen>> open(Loop& loop, bool color, Owner& owner);
  // Gives it back.
  ~LiveScreen();

  // There is something new to be seen.
  void changed() {
    if (redraw_.at() > soonest_) redraw_.set(soonest_);
  }

 private:
  LiveScreen(Loop& loop, std::unique_ptr<ScreenWriter> writer, Owner& owner);

  void output_drained() override;
  void output_failed(const Error&) override { gone(); }
  void input_read(Bytes block) override;
  void input_ended(const Error*) override { gone(); }

  void signalled(int signal);
  void draw(Now now);
  void suspend();
  void leave();
  void gone();
  // Waits for the terminal, but not for ever.
  void write_now(std::string_view bytes);

  Loop& loop_;
  Owner& owner_;
  std::unique_ptr<ScreenWriter> writer_;
  Terminal terminal_;
  Output output_;
  std::optional<Input> input_;
  KeyReader keys_;
  Timer redraw_, settle_;
  Signals signals_;
  Time soonest_{};       // for the next picture
  bool missed_ = false;  // one, as the terminal had not taken the last
  bool gone_ = false;
};

}  // namespace mq
