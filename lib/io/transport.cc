#include "io/transport.h"

#include <algorithm>
#include <cassert>
#include <vector>

#include "io/loop.h"

namespace mq {
namespace {

// How long a peer that is being closed may do nothing.
constexpr Duration kClosePatience = std::chrono::seconds(1);
// How much is handed to a filter at once: what comes out is copied until it is written.
constexpr size_t kFilterChunk = 64 * 1024;

}  // namespace

// A filter and the output that waits for the socket in front of it. Large messages stay referenced
// until their turn, so a slow peer costs a chunk and not a message.
struct Transport::Filtered {
  std::unique_ptr<Filter> filter;
  const std::string peer;  // who fails in the handshake has often gone by then
  Buffer copied = {};      // bytes of the pieces without an owner
  std::vector<OutBatch::Piece> pieces = {};
  size_t next = 0;  // pieces before it are done

  void forget() {
    pieces.clear();
    copied.clear();
    next = 0;
  }
  bool waiting() const { return next < pieces.size(); }
  size_t waiting_bytes() const {
    size_t bytes = 0;
    for (size_t i = next; i < pieces.size(); ++i) bytes += pieces[i].bytes.size();
    return bytes;
  }

  void take(OutBatch& batch) {
    size_t scratch = 0;
    for (const auto& piece : batch.pieces()) {
      if (!piece.owner) scratch += piece.bytes.size();
    }
    copied.reserve(scratch);
    for (const auto& piece : batch.pieces()) {
      pieces.push_back(piece);
      if (piece.owner) continue;
      uint8_t* to = copied.grow(piece.bytes.size());
      copy_to(to, piece.bytes);
      pieces.back().bytes = {to, piece.bytes.size()};
    }
    batch.clear();
  }
};

struct Transport::Closing {
  Timer patience;
  Error error;
  size_t unwritten;       // when patience was last asked for
  bool finished = false;  // the filter has said its last word
};

Transport::Transport(UvStream handle, std::unique_ptr<Filter> filter) : Stream(std::move(handle)) {
  if (filter) filtered_.reset(new Filtered{std::move(filter), Stream::peer()});
}

Transport::~Transport() = default;

void Transport::start(Owner& owner) {
  owner_ = &owner;
  start_reading();
  if (filtered_) read_filtered({});
}

bool Transport::open() const {
  return !filtered_ || filtered_->filter->open();
}

const PeerIdentity* Transport::peer_identity() const {
  return filtered_ ? filtered_->filter->peer_identity() : nullptr;
}

TlsHandshake Transport::tls_handshake() const {
  return filtered_ ? filtered_->filter->tls_handshake() : TlsHandshake::kNone;
}

std::string_view Transport::limit() const {
  return filtered_ ? filtered_->filter->limit() : std::string_view();
}

std::string Transport::peer() const {
  if (!filtered_) return Stream::peer();
  const std::string_view told = filtered_->filter->peer();
  return told.empty() ? filtered_->peer : std::string(told);
}

bool Transport::busy() const {
  return writing() || (filtered_ && (filtered_->waiting() || !filtered_->filter->open()));
}

void Transport::write(OutBatch& batch) {
  assert(!busy() && !closing());
  if (!filtered_) return send(batch);
  filtered_->take(batch);
  if (Result<void> written = write_filtered(); !written) close_with(std::move(written).error());
}

Result<void> Transport::write_filtered() {
  Filtered& f = *filtered_;
  Buffer& wire = loop().filter_wire();
  while (f.waiting() && !writing()) {
    wire.clear();
    Bytes& left = f.pieces[f.next].bytes;
    const size_t count = std::min(left.size(), kFilterChunk);
    MQ_CHECK(f.filter->to_wire(left.first(count), wire));
    send(wire.bytes());
    left = left.subspan(count);
    if (left.empty()) ++f.next;
  }
  if (!f.waiting()) f.forget();
  return {};
}

void Transport::stream_read(Bytes bytes) {
  if (closing() || ended_) return;  // only the end of the stream is still of interest
  if (filtered_) return read_filtered(bytes);
  owner_->received(bytes, loop().now());
}

void Transport::read_filtered(Bytes bytes) {
  const bool was_open = filtered_->filter->open();
  Buffer& plain = loop().filter_plain();
  Buffer& wire = loop().filter_wire();
  plain.clear();
  wire.clear();
  Result<void> result = filtered_->filter->from_wire(bytes, plain, wire);
  send(wire.bytes());
  // A peer that makes the filter answer and does not read the answers is not read either.
  if (writing() && !wire.empty()) stop_reading();
  const bool opened = !was_open && filtered_->filter->open();
  const bool has_last_word = !result && !wire.empty();
  if (!plain.empty()) owner_->received(plain.bytes(), loop().now());
  // An alert must not be lost to a reset, as it would be with something left unread.
  if (has_last_word) {
    filtered_->forget();  // nothing may follow it
    return close_with(result.error());
  }
  if (!result) return end(result.error());
  if (opened && !busy() && !closing()) owner_->writable(loop().now());
}

void Transport::put_filter(std::unique_ptr<Filter> filter, Bytes bytes) {
  Buffer plain, answer;  // those of the loop may be in use where this is called from
  const Result<void> result = filter->from_wire(bytes, plain, answer);
  if (!filtered_) {
    send(answer.bytes());
    filtered_.reset(new Filtered{std::move(filter), Stream::peer()});
  } else {
    Buffer wire;
    if (!answer.empty()) {
      if (auto sent = filtered_->filter->to_wire(answer.bytes(), wire); !sent) {
        return close_with(std::move(sent).error());
      }
    }
    send(wire.bytes());
    filtered_->filter = stack(std::move(filtered_->filter), std::move(filter));
  }
  if (!plain.empty()) owner_->received(plain.bytes(), loop().now());
  // Not end(): the caller is on its way out through us.
  if (!result) close_with(result.error());
}

void Transport::stream_drained() {
  if (ended_) return;
  if (filtered_) {
    if (Result<void> written = write_filtered(); !written) return end(written.error());
    if (writing()) return;
    if (!paused_) start_reading();
  }
  if (closing()) {
    finish();
  } else if (!busy()) {
    owner_->writable(loop().now());
  }
}

void Transport::stream_failed(Error error) {
  end(closing() ? closing_->error : error);
}

void Transport::pause() {
  paused_ = true;
  if (!closing()) stop_reading();
}

void Transport::resume() {
  paused_ = false;
  if (!ended_) start_reading();
}

void Transport::close() {
  close_with({ErrorCode::kClosed, "closed by this side"});
}

void Transport::close_with(Error error) {
  if (closing() || ended_) return;
  closing_.reset(new Closing{
      {loop(), [this](Now now) { still_closing(now); }}, std::move(error), left_to_send()});
  closing_->patience.set(loop().now().mono + kClosePatience);
  start_reading();  // also when it was paused: to see the peer's end
  if (!writing() && !(filtered_ && filtered_->waiting())) finish();
}

size_t Transport::left_to_send() const {
  return unwritten() + (filtered_ ? filtered_->waiting_bytes() : 0);
}

void Transport::still_closing(Now now) {
  // A large message on a slow line is written for as long as the peer takes something of it.
  const size_t left = left_to_send();
  if (left == closing_->unwritten) return end(closing_->error);
  closing_->unwritten = left;
  closing_->patience.set(now.mono + kClosePatience);
}

// REQUIRES: closing(), nothing waits to be written
void Transport::finish() {
  if (filtered_ && !std::exchange(closing_->finished, true)) {
    Buffer& wire = loop().filter_wire();
    wire.clear();
    filtered_->filter->finish(wire);
    send(wire.bytes());
  }
  if (!writing()) shut_down();
}

void Transport::end(const Error& error) {
  if (ended_) return;
  ended_ = true;
  stop_reading();
  if (closing_) closing_->patience.cancel();
  const Error last = error;  // may live in closing_, which goes with us
  owner_->closed(last, loop().now());
}

}  // namespace mq
