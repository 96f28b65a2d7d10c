// What produce() fills and a transport writes: one batch of bytes for one connection.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "session/message.h"

namespace mq {

// Small frames are copied one after the other into a scratch buffer that stays hot in the cache;
// parts of large ones are referenced where they are (measured: copying wins up to about 4 KiB).
// The batch is reused for every connection of a loop.
class OutBatch {
 public:
  static constexpr size_t kScratchSize = 64 * 1024;
  static constexpr size_t kCopyMax = 4 * 1024;  // frames over this are referenced
  static constexpr size_t kPiecesMax = 64;      // fits one writev everywhere

  struct Piece {
    Bytes bytes;
    Ref<const Message> owner;  // null: the bytes are in the scratch buffer
  };

  OutBatch() : scratch_(std::make_unique_for_overwrite<uint8_t[]>(kScratchSize)) {}

  bool empty() const { return pieces_.empty(); }
  size_t size() const { return size_; }  // bytes in all
  std::span<const Piece> pieces() const { return pieces_; }
  // Whether `scratch` more bytes and `references` more references fit, now or into an empty batch.
  bool has_room(size_t scratch, size_t references = 0) const {
    return kScratchSize - used_ >= scratch &&
           pieces_.size() + 2 * references + 1 <= kPiecesMax;
  }

  // Scratch bytes left: what a frame that is larger than the whole buffer takes as it comes.
  size_t scratch_left() const { return has_room(0) ? kScratchSize - used_ : 0; }

  // A place for up to `n` bytes, of which the caller then commits what it wrote.
  // REQUIRES: has_room(n)
  uint8_t* room() { return scratch_.get() + used_; }
  void commit(size_t n) {
    if (n == 0) return;
    if (!pieces_.empty() && !pieces_.back().owner) {
      pieces_.back().bytes = {pieces_.back().bytes.data(), pieces_.back().bytes.size() + n};
    } else {
      pieces_.push_back({{room(), n}, nullptr});
    }
    used_ += n;
    size_ += n;
  }
  void append(Bytes bytes) {
    copy_to(room(), bytes);
    commit(bytes.size());
  }
  // REQUIRES: `bytes` lie in `owner`, has_room(0, 1)
  void reference(Bytes bytes, Ref<const Message> owner) {
    if (bytes.empty()) return;
    size_ += bytes.size();
    pieces_.push_back({bytes, std::move(owner)});
  }

  void clear() {
    pieces_.clear();
    used_ = size_ = 0;
  }

 private:
  std::unique_ptr<uint8_t[]> scratch_;
  std::vector<Piece> pieces_;
  size_t used_ = 0, size_ = 0;
};

}  // namespace mq
