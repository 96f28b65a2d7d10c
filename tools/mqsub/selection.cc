#include "mqsub/selection.h"

#include <algorithm>
#include <functional>

#include "codec/topic.h"

namespace mq {

bool Selection::takes(const Publish& publish, Now now) {
  if (options_.no_retained && publish.retain) return false;
  for (const std::string& filter : options_.filter_out) {
    if (matches(filter, publish.topic)) return false;
  }
  const auto is_in_topic = [&](const TextPattern& pattern) {
    return pattern.found_in(publish.topic);
  };
  if (!std::ranges::all_of(options_.found_in_topic, is_in_topic)) return false;
  const std::string_view payload = to_string_view(publish.payload);
  const auto is_found = [payload](const TextPattern& pattern) { return pattern.found_in(payload); };
  if (!std::ranges::all_of(options_.found, is_found)) return false;
  if (std::ranges::any_of(options_.not_found, is_found)) return false;
  if (!options_.on_change && options_.sample == Duration::zero()) return true;
  return takes_after_last(publish, now);
}

bool Selection::takes_after_last(const Publish& publish, Now now) {
  const std::string_view payload = to_string_view(publish.payload);
  const Last present{payload.size(), std::hash<std::string_view>{}(payload), now.mono};
  const auto found = topics_.find(publish.topic);
  if (found == topics_.end()) {
    if (topics_.size() >= kTopicsMax) topics_.clear();
    topics_.emplace(publish.topic, present);
    return true;
  }
  Last& last = found->second;
  if (options_.on_change && last.size == present.size && last.hash == present.hash) return false;
  if (options_.sample != Duration::zero() && now.mono - last.taken < options_.sample) return false;
  last = present;
  return true;
}

}  // namespace mq
