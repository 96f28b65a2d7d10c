// What mqsub can show of the messages while they come: a table, a chart.
#pragma once

#include <cstdint>
#include <string>

#include "base/buffer.h"
#include "base/result.h"
#include "base/time.h"
#include "codec/packet.h"
#include "screen/canvas.h"
#include "screen/key_reader.h"

namespace mq {

// What is shown of the run itself.
struct RunState {
  enum class Link : uint8_t { kConnecting, kConnected, kReconnecting };

  std::string broker;
  Link link = Link::kConnecting;
  std::string note = {};  // the last that was to be said
};

// Knows nothing of the terminal and reads no clock.
class Picture {
 public:
  virtual ~Picture() = default;
  // An error, for the user, is about this message.
  virtual Result<void> put(const Publish& publish, Now now) = 0;
  // The connection was lost: nothing is known of what was published until the next message.
  virtual void interrupted() {}
  virtual void draw(Canvas& canvas, const RunState& state, Now now) = 0;
  // False: the user has seen enough.
  virtual bool key_pressed(const Key& key, Now now) = 0;
  // All of it as text, at the end of a run without a terminal.
  virtual void print(Buffer& out, const RunState& state, Now now) = 0;
};

// The first line of every picture: the program, the broker, how the connection is doing.
void draw_title(Canvas& canvas, std::string_view what, const RunState& state, bool is_paused);
// The last line: what was to be said last, else which keys there are.
void draw_foot(Canvas& canvas, const RunState& state, std::string_view keys);

}  // namespace mq
