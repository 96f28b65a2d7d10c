#include "mqpub/line_reader.h"

#include <algorithm>
#include <cassert>
#include <cstring>

namespace mq {

std::optional<LineReader::Line> LineReader::next() {
  if (returned_) {
    partial_.clear();
    returned_ = false;
  }
  if (block_.empty()) return std::nullopt;
  const void* found = std::memchr(block_.data(), '\n', block_.size());
  if (found == nullptr) {
    gather(block_);
    block_ = {};
    return std::nullopt;
  }
  const auto size = static_cast<size_t>(static_cast<const uint8_t*>(found) - block_.data());
  const Bytes text = block_.first(size);
  block_ = block_.subspan(size + 1);
  if (has_partial_) {
    gather(text);
    return gathered();
  }
  return Line{text.first(std::min(size, line_max_)), size > line_max_};
}

std::optional<LineReader::Line> LineReader::rest() {
  assert(block_.empty());
  if (!has_partial_) return std::nullopt;
  return gathered();
}

void LineReader::gather(Bytes bytes) {
  const size_t room = line_max_ - partial_.size();
  cut_ = cut_ || bytes.size() > room;
  partial_.append(bytes.first(std::min(bytes.size(), room)));
  has_partial_ = true;
}

LineReader::Line LineReader::gathered() {
  has_partial_ = false;
  returned_ = true;
  return {partial_.bytes(), std::exchange(cut_, false)};
}

}  // namespace mq
