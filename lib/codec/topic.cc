#include "codec/topic.h"

#include <algorithm>
#include <cstring>

namespace mq {
namespace {

const char* size_fault(std::string_view topic, uint32_t levels_max) {
  if (topic.empty()) return "topic is empty";                         // [MQTT-4.7.3-1]
  if (topic.size() > kTopicMax) return "topic is over 65,535 bytes";  // [MQTT-4.7.3-3]
  // A topic has no more levels than bytes and one: most need no counting.
  if (topic.size() >= levels_max &&
      static_cast<size_t>(std::count(topic.begin(), topic.end(), '/')) >= levels_max) {
    return "topic has too many levels";
  }
  return nullptr;
}

constexpr uint64_t kOnes = 0x0101010101010101;

// True when each of the eight bytes is ASCII, not 0, not '+' and not '#'.
bool is_plain(uint64_t word) {
  // '+' (0x2B) and '#' (0x23) differ in one bit, so one comparison finds both. Subtracting 1 sets
  // the top bit of a byte that was 0; a borrow can only follow such a byte.
  const uint64_t wildcards = (word | 8 * kOnes) ^ '+' * kOnes;
  return ((word | (word - kOnes) | (wildcards - kOnes)) & 0x80 * kOnes) == 0;
}

}  // namespace

bool is_plain_topic_name(std::string_view name) {
  uint64_t word;
  if (name.size() < sizeof word) {
    word = 'a' * kOnes;
    for (size_t i = 0; i < name.size(); ++i) {
      word = word << 8 | static_cast<uint8_t>(name[i]);
    }
    return !name.empty() && is_plain(word);
  }
  for (size_t i = 0; i + sizeof word < name.size(); i += sizeof word) {
    std::memcpy(&word, name.data() + i, sizeof word);
    if (!is_plain(word)) return false;
  }
  // The last word overlaps the one before it.
  std::memcpy(&word, name.data() + name.size() - sizeof word, sizeof word);
  return is_plain(word);
}

const char* topic_name_fault(std::string_view name, uint32_t levels_max) {
  if (const char* fault = size_fault(name, levels_max)) return fault;
  for (const char c : name) {
    if (c == '+' || c == '#') return "topic name contains a wildcard";  // [MQTT-4.7.0-1]
  }
  return nullptr;
}

const char* topic_filter_fault(std::string_view filter, uint32_t levels_max) {
  if (const char* fault = size_fault(filter, levels_max)) return fault;
  for (size_t i = 0; i < filter.size(); ++i) {
    if (filter[i] != '+' && filter[i] != '#') continue;
    const bool starts_level = i == 0 || filter[i - 1] == '/';
    const bool last = i + 1 == filter.size();
    if (filter[i] == '#') {  // [MQTT-4.7.1-1]
      if (!starts_level) return "# does not stand alone in its level";
      if (!last) return "# is not the last level";
    } else if (!starts_level || !(last || filter[i + 1] == '/')) {  // [MQTT-4.7.1-2]
      return "+ does not stand alone in its level";
    }
  }
  return nullptr;
}

std::optional<SharedFilter> split_shared(std::string_view filter) {
  if (!is_shared(filter)) return std::nullopt;
  filter.remove_prefix(std::string_view("$share/").size());
  const size_t slash = filter.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const SharedFilter parts{filter.substr(0, slash), filter.substr(slash + 1)};
  if (parts.share_name.empty() || parts.filter.empty()) return std::nullopt;
  if (parts.share_name.find_first_of("+#") != std::string_view::npos) return std::nullopt;
  return parts;
}

bool matches(std::string_view filter, std::string_view name) {
  if (name.starts_with('$') && (filter.starts_with('+') || filter.starts_with('#'))) return false;
  TopicLevels filter_levels(filter), name_levels(name);
  std::string_view wanted, level;
  while (filter_levels.next(wanted)) {
    if (wanted == "#") return true;  // the parent of the level it stands for included
    if (!name_levels.next(level)) return false;
    if (wanted != "+" && wanted != level) return false;
  }
  return !name_levels.next(level);
}

}  // namespace mq
