#include "mqsub/topic_table.h"

#include <algorithm>
#include <cassert>

namespace mq {
namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

void TopicTable::put(std::string_view topic, Bytes payload, Time now) {
  ++messages_;
  bytes_ += payload.size();
  rate_.add(now);
  SeenTopic* const to = find_or_add(topic);
  if (to == nullptr) {
    ++passed_over_;
    return;
  }
  const std::string_view value =
      to_string_view(payload.first(std::min(payload.size(), limits_.value_bytes)));
  if (to->count == 0 || to->value_size != payload.size() || to->value != value) {
    to->value = value;
    to->value_size = static_cast<uint32_t>(payload.size());
    to->changed = now;
  }
  ++to->count;
  to->bytes += payload.size();
  to->rate.add(now);
  to->last = now;
}

SeenTopic* TopicTable::find_or_add(std::string_view topic) {
  if (const auto found = index_.find(topic); found != index_.end()) return *found;
  if (topics_.size() >= limits_.topics || name_bytes_ + topic.size() > limits_.name_bytes) {
    return nullptr;
  }
  name_bytes_ += topic.size();
  SeenTopic* const added = &topics_.emplace_back();
  added->topic = topic;
  index_.insert(added);
  return added;
}

void TopicTable::set_filter(std::string_view text) {
  if (filter_ == text) return;
  filter_ = text;
  looked_at_ = 0;
  in_order_ = 0;
  matching_.clear();
}

void TopicTable::set_order(TopicOrder order, bool reversed) {
  order_ = order;
  reversed_ = reversed;
}

bool TopicTable::passes(const SeenTopic& topic) const {
  if (filter_.empty()) return true;
  const auto same = [](char a, char b) { return lower(a) == lower(b); };
  return std::search(topic.topic.begin(), topic.topic.end(), filter_.begin(), filter_.end(),
                     same) != topic.topic.end();
}

void TopicTable::take_in_new() {
  for (; looked_at_ < topics_.size(); ++looked_at_) {
    if (passes(topics_[looked_at_])) matching_.push_back(static_cast<uint32_t>(looked_at_));
  }
}

size_t TopicTable::matching() {
  take_in_new();
  return matching_.size();
}

std::span<const SeenTopic* const> TopicTable::window(size_t first, size_t count, Time now) {
  take_in_new();
  window_.clear();
  first = std::min(first, matching_.size());
  count = std::min(count, matching_.size() - first);
  if (order_ == TopicOrder::kTopic) {
    window_by_name(first, count);
  } else {
    window_by_key(first, count, now);
  }
  return window_;
}

// Names do not change: only those that are new are sorted, and merged with the others.
void TopicTable::window_by_name(size_t first, size_t count) {
  if (in_order_ < matching_.size()) {
    const auto before = [this](uint32_t a, uint32_t b) {
      return topics_[a].topic < topics_[b].topic;
    };
    const auto fresh = matching_.begin() + static_cast<std::ptrdiff_t>(in_order_);
    std::sort(fresh, matching_.end(), before);
    std::inplace_merge(matching_.begin(), fresh, matching_.end(), before);
    in_order_ = matching_.size();
  }
  for (size_t i = first; i < first + count; ++i) {
    const size_t at = reversed_ ? matching_.size() - 1 - i : i;
    window_.push_back(&topics_[matching_[at]]);
  }
}

void TopicTable::window_by_key(size_t first, size_t count, Time now) {
  keyed_.clear();
  for (const uint32_t index : matching_) keyed_.push_back({key(topics_[index], now), index});
  const auto before = [this](const Keyed& a, const Keyed& b) {
    if (a.key != b.key) return (a.key < b.key) == reversed_;
    return a.index < b.index;
  };
  const auto begin = keyed_.begin() + static_cast<std::ptrdiff_t>(first);
  const auto end = begin + static_cast<std::ptrdiff_t>(count);
  if (begin != keyed_.begin() && begin != keyed_.end()) {
    std::nth_element(keyed_.begin(), begin, keyed_.end(), before);
  }
  // The same again from the other side leaves just the window to be put in order.
  if (end != keyed_.end()) std::nth_element(begin, end, keyed_.end(), before);
  std::sort(begin, end, before);
  for (auto at = begin; at != end; ++at) window_.push_back(&topics_[at->index]);
}

// The largest comes first.
double TopicTable::key(const SeenTopic& topic, Time now) const {
  switch (order_) {
    case TopicOrder::kCount: return static_cast<double>(topic.count);
    case TopicOrder::kRate: return rate(topic, now);
    case TopicOrder::kBytes: return static_cast<double>(topic.bytes);
    case TopicOrder::kAge: return static_cast<double>(topic.last.time_since_epoch().count());
    case TopicOrder::kTopic: break;
  }
  assert(false);
  return 0;
}

}  // namespace mq
