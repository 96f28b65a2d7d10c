// Numbers of streams in ascending order: an arithmetic progression where it can be one.
#pragma once

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace mq {

// What a subscriber hears. Each of its members has a slot, from 0. Copies share a list.
class StreamSet {
 public:
  StreamSet() = default;
  // REQUIRES: stride > 0
  StreamSet(uint32_t first, uint32_t stride, uint32_t size)
      : first_(first), stride_(stride), size_(size) {
    assert(stride > 0);
  }
  // REQUIRES: `streams` ascend
  explicit StreamSet(std::vector<uint32_t> streams) : size_(static_cast<uint32_t>(streams.size())) {
    if (!streams.empty()) first_ = streams.front();
    if (streams.size() > 1) stride_ = streams[1] - streams[0];
    bool even = true;
    for (uint32_t i = 0; i < size_; ++i) even = even && streams[i] == first_ + i * stride_;
    if (!even) list_ = std::make_shared<const std::vector<uint32_t>>(std::move(streams));
  }

  uint32_t size() const { return size_; }
  // REQUIRES: slot < size()
  uint32_t at(uint32_t slot) const { return list_ ? (*list_)[slot] : first_ + slot * stride_; }
  std::optional<uint32_t> slot(uint32_t stream) const {
    if (list_) {
      const auto at = std::ranges::lower_bound(*list_, stream);
      if (at == list_->end() || *at != stream) return std::nullopt;
      return static_cast<uint32_t>(at - list_->begin());
    }
    if (stream < first_ || (stream - first_) % stride_ != 0) return std::nullopt;
    const uint32_t slot = (stream - first_) / stride_;
    return slot < size_ ? std::optional(slot) : std::nullopt;
  }

 private:
  uint32_t first_ = 0, stride_ = 1, size_ = 0;
  std::shared_ptr<const std::vector<uint32_t>> list_;  // null for a progression
};

}  // namespace mq
