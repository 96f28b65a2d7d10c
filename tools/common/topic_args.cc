#include "common/topic_args.h"

#include <fmt/core.h>

#include "base/utf8.h"
#include "codec/topic.h"
#include "common/invalid.h"

namespace mq {
namespace {

constexpr uint32_t kAnyLevels = UINT32_MAX;  // how many are too many is the broker's to say

// What is wrong with it whatever it is for. It is not repeated: too long to be read, or not to be
// printed.
Result<void> check_text(std::string_view which, std::string_view topic) {
  if (topic.empty()) return invalid(fmt::format("Invalid {} topic given: it is empty.", which));
  if (topic.size() > kTopicMax) {
    return invalid(
        fmt::format("Invalid {} topic given: it has {} bytes, and at most {} are allowed.", which,
                    topic.size(), kTopicMax));
  }
  if (!is_utf8(topic))
    return invalid(fmt::format("Invalid {} topic given: it is not UTF-8.", which));
  return {};
}

Result<void> wrong_wildcards(std::string_view which, std::string_view filter) {
  return invalid(
      fmt::format("Invalid {} topic '{}', are all '+' and '#' wildcards correct?", which, filter));
}

}  // namespace

Result<void> check_topic(std::string_view which, std::string_view topic) {
  MQ_CHECK(check_text(which, topic));
  if (topic_name_fault(topic, kAnyLevels) == nullptr) return {};
  return invalid(fmt::format("Invalid {} topic '{}', does it contain '+' or '#'?", which, topic));
}

Result<void> check_filter(std::string_view which, std::string_view filter) {
  MQ_CHECK(check_text(which, filter));
  if (!is_shared(filter)) return check_own_filter(which, filter);
  const auto shared = split_shared(filter);
  if (!shared) {
    return invalid(
        fmt::format("Invalid {} topic '{}', it must be $share/NAME/FILTER.", which, filter));
  }
  if (topic_filter_fault(shared->filter, kAnyLevels) == nullptr) return {};
  return wrong_wildcards(which, filter);
}

Result<void> check_own_filter(std::string_view which, std::string_view filter) {
  MQ_CHECK(check_text(which, filter));
  if (topic_filter_fault(filter, kAnyLevels) == nullptr) return {};
  return wrong_wildcards(which, filter);
}

}  // namespace mq
