#include "mqsub/picture.h"

namespace mq {

void draw_title(Canvas& canvas, std::string_view what, const RunState& state, bool is_paused) {
  size_t column = canvas.text(0, 0, what, Style::kBold);
  column += 2 + canvas.text(0, column + 2, state.broker);
  switch (state.link) {
    case RunState::Link::kConnecting: canvas.text(0, column + 2, "connecting"); break;
    case RunState::Link::kConnected: canvas.text(0, column + 2, "connected", Style::kGood); break;
    case RunState::Link::kReconnecting:
      canvas.text(0, column + 2, "reconnecting", Style::kBad);
      break;
  }
  if (is_paused) canvas.text_right(0, canvas.size().columns, "paused", Style::kBold);
}

void draw_foot(Canvas& canvas, const RunState& state, std::string_view keys) {
  const size_t row = canvas.size().rows - 1U;
  if (state.note.empty()) {
    canvas.text(row, 0, keys, Style::kDim);
  } else {
    canvas.text(row, 0, state.note, Style::kBad);
  }
}

}  // namespace mq
