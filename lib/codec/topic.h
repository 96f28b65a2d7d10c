// Topic names, topic filters and shared subscriptions (sections 4.7 and 4.8.2).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "codec/limits.h"

namespace mq {

// Each returns null when the text is all right, else a constant that says what is wrong.
// UTF-8 is the decoder's and the caller's matter.
const char* topic_name_fault(std::string_view name, uint32_t levels_max = kTopicLevelsMax);
const char* topic_filter_fault(std::string_view filter, uint32_t levels_max = kTopicLevelsMax);

// Whether `name` is a topic name that needs no closer look, UTF-8 included: one pass that says yes
// to all ASCII without wildcards. No is not an error: topic_name_fault() and utf8_error() tell.
bool is_plain_topic_name(std::string_view name);

struct SharedFilter {
  std::string_view share_name;
  std::string_view filter;
};
inline bool is_shared(std::string_view filter) { return filter.starts_with("$share/"); }
// Takes "$share/NAME/FILTER" apart; nothing when it breaks [MQTT-4.8.2-1] or [MQTT-4.8.2-2].
// The part after the name still has to pass topic_filter_fault().
std::optional<SharedFilter> split_shared(std::string_view filter);

// Whether a valid topic name matches a valid filter (not a $share one). A wildcard at the start
// does not match a name that starts with '$' [MQTT-4.7.2-1].
bool matches(std::string_view filter, std::string_view name);

// Levels of a topic one after the other: "a//b" gives "a", "", "b".
class TopicLevels {
 public:
  explicit TopicLevels(std::string_view topic) : rest_(topic) {}
  // False when there are no more.
  bool next(std::string_view& level) {
    if (done_) return false;
    const size_t slash = rest_.find('/');
    level = rest_.substr(0, slash);
    done_ = slash == std::string_view::npos;
    if (!done_) rest_.remove_prefix(slash + 1);
    return true;
  }

 private:
  std::string_view rest_;
  bool done_ = false;
};

}  // namespace mq
