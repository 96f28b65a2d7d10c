// Messages as a picture on the terminal, or printed at the end where there is none.
#pragma once

#include <deque>
#include <memory>
#include <string>

#include "common/console.h"
#include "mqsub/message_sink.h"
#include "mqsub/picture.h"
#include "screen/live_screen.h"

namespace mq {

// While the picture is on the terminal, what there is to say is shown in it, and said at the end
// once more.
class LiveSink final : public MessageSink, private LiveScreen::Owner, private ConsoleListener {
 public:
  static constexpr size_t kNotesMax = 20;  // that are kept for the end

  static Result<std::unique_ptr<MessageSink>> open(Loop& loop, std::unique_ptr<Picture> picture,
                                                   std::string_view broker, bool color,
                                                   MessageSink::Owner& owner);
  ~LiveSink() override;

  Result<void> put(const Publish& publish, Now now) override;
  void connected() override;
  void connection_lost() override;
  Result<void> finish(Now now) override;

 private:
  LiveSink(std::unique_ptr<Picture> picture, std::string_view broker, MessageSink::Owner& owner);

  void draw(Canvas& canvas, Now now) override { picture_->draw(canvas, state_, now); }
  void key_pressed(const Key& key, Now now) override;
  void screen_gone() override;
  void said(std::string_view line) override;
  void close_screen();

  std::unique_ptr<Picture> picture_;
  MessageSink::Owner& owner_;
  RunState state_;
  std::unique_ptr<LiveScreen> screen_;  // null where there is no terminal
  std::deque<std::string> notes_;
};

}  // namespace mq
