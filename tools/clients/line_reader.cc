#include "clients/line_reader.h"

#include <algorithm>
#include <cassert>
#include <cstring>

namespace mq {

Bytes LineReader::whole_lines(Bytes block) const {
  const size_t last = to_string_view(block).rfind(delimiter_);
  return last == std::string_view::npos ? block : block.first(last + delimiter_.size());
}

std::optional<LineReader::Line> LineReader::next() {
  if (returned_) {
    partial_.clear();
    returned_ = false;
  }
  if (block_.empty()) return std::nullopt;
  const size_t end = find_end();
  if (end == 0) {
    gather(block_);
    block_ = {};
    return std::nullopt;
  }
  const Bytes line = block_.first(end);
  block_ = block_.subspan(end);
  if (has_partial_) {
    gather(line);
    // What was cut off has the delimiter in it.
    if (!cut_) partial_.truncate(partial_.size() - delimiter_.size());
    return gathered();
  }
  const size_t size = end - delimiter_.size();
  return Line{line.first(std::min(size, line_max_)), size > line_max_};
}

size_t LineReader::find_end() const {
  const char last = delimiter_.back();
  const std::string_view block = to_string_view(block_);
  for (size_t at = 0; (at = block.find(last, at)) != std::string_view::npos;) {
    ++at;
    if (delimiter_.size() == 1) return at;
    const size_t here = std::min(at, delimiter_.size());
    const size_t before = delimiter_.size() - here;  // bytes of it in earlier blocks
    if (block.substr(at - here, here) == std::string_view(delimiter_).substr(before) &&
        tail_.ends_with(std::string_view(delimiter_).substr(0, before))) {
      return at;
    }
  }
  return 0;
}

std::optional<LineReader::Line> LineReader::rest() {
  assert(block_.empty());
  if (!has_partial_) return std::nullopt;
  return gathered();
}

// Keeps a delimiter more than a line may have, so that one that just fits does not count as cut.
void LineReader::gather(Bytes bytes) {
  const size_t room = line_max_ + delimiter_.size() - partial_.size();
  cut_ = cut_ || bytes.size() > room;
  partial_.append(bytes.first(std::min(bytes.size(), room)));
  has_partial_ = true;
  if (const size_t tail_max = delimiter_.size() - 1; tail_max > 0) {
    tail_ += to_string_view(bytes.last(std::min(bytes.size(), tail_max)));
    if (tail_.size() > tail_max) tail_.erase(0, tail_.size() - tail_max);
  }
}

LineReader::Line LineReader::gathered() {
  has_partial_ = false;
  returned_ = true;
  tail_.clear();
  const bool cut = std::exchange(cut_, false) || partial_.size() > line_max_;
  return {partial_.bytes().first(std::min(partial_.size(), line_max_)), cut};
}

}  // namespace mq
