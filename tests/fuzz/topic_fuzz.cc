// Topic functions against the rules of section 4.7 spelled out level by level. The input is a
// filter and a name with a line feed between them.
#include <algorithm>
#include <string>
#include <vector>

#include "base/utf8.h"
#include "codec/topic.h"
#include "fuzz/check.h"

using namespace mq;

namespace {

using Levels = std::vector<std::string>;

Levels split(std::string_view topic) {
  Levels levels(1);
  for (const char c : topic) {
    if (c == '/') {
      levels.emplace_back();
    } else {
      levels.back() += c;
    }
  }
  return levels;
}

bool is_wild(const std::string& level) {
  return level.find_first_of("+#") != std::string::npos;
}

bool is_filter(std::string_view text) {
  const Levels levels = split(text);
  if (text.empty() || levels.size() > kTopicLevelsMax) return false;
  for (size_t i = 0; i < levels.size(); ++i) {
    if (levels[i] == "#" && i + 1 != levels.size()) return false;
    if (is_wild(levels[i]) && levels[i] != "#" && levels[i] != "+") return false;
  }
  return true;
}

bool is_name(std::string_view text) {
  const Levels levels = split(text);
  if (text.empty() || levels.size() > kTopicLevelsMax) return false;
  for (const std::string& level : levels) {
    if (is_wild(level)) return false;
  }
  return true;
}

bool match_from(const Levels& filter, size_t f, const Levels& name, size_t n) {
  if (f == filter.size()) return n == name.size();
  if (filter[f] == "#") return true;
  if (n == name.size()) return false;
  return (filter[f] == "+" || filter[f] == name[n]) && match_from(filter, f + 1, name, n + 1);
}

bool reference_matches(std::string_view filter, std::string_view name) {
  if (name[0] == '$' && (filter[0] == '+' || filter[0] == '#')) return false;
  return match_from(split(filter), 0, split(name), 0);
}

void check_shared(std::string_view filter) {
  const Levels levels = split(filter);
  const bool shared = levels.size() >= 3 && levels[0] == "$share" && !levels[1].empty() &&
                      !is_wild(levels[1]) && (levels.size() > 3 || !levels[2].empty());
  const auto parts = split_shared(filter);
  FUZZ_CHECK(parts.has_value() == shared);
  if (!parts) return;
  FUZZ_CHECK("$share/" + std::string(parts->share_name) + "/" + std::string(parts->filter) ==
             filter);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t line = input.find('\n');
  // Strings of exactly their size, so that a sanitizer sees a read beyond them.
  const std::vector<char> filter_bytes(
      input.begin(), input.begin() + static_cast<ptrdiff_t>(std::min(line, input.size())));
  const std::string_view filter(filter_bytes.data(), filter_bytes.size());
  const std::string_view name = line == std::string_view::npos ? filter : input.substr(line + 1);

  FUZZ_CHECK((topic_filter_fault(filter) == nullptr) == is_filter(filter));
  FUZZ_CHECK((topic_name_fault(name) == nullptr) == is_name(name));
  for (const std::string_view text : {filter, name}) {
    if (is_plain_topic_name(text)) {
      FUZZ_CHECK(topic_name_fault(text, UINT32_MAX) == nullptr && is_utf8(text));
    }
    check_shared(text);
    FUZZ_CHECK(utf8_error(text) <= text.size());
    const Levels expected = split(text);
    TopicLevels levels(text);
    size_t n = 0;
    for (std::string_view level; levels.next(level); ++n) FUZZ_CHECK(level == expected.at(n));
    FUZZ_CHECK(n == expected.size());
  }
  if (is_filter(filter) && is_name(name)) {
    FUZZ_CHECK(matches(filter, name) == reference_matches(filter, name));
  }
  return 0;
}
