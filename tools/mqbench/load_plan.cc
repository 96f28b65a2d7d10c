#include "mqbench/load_plan.h"

#include <algorithm>

#include <fmt/core.h>

#include "base/utf8.h"
#include "codec/topic.h"

namespace mq {
namespace {

constexpr std::string_view kNumber = "{i}", kRun = "{run}";

std::string replace_all(std::string text, std::string_view what, std::string_view by) {
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at)) {
    text.replace(at, what.size(), by);
    at += by.size();
  }
  return text;
}

// Each {i} is a topic level of its own, so that `+` can stand for it.
bool number_is_level(std::string_view topic_template) {
  TopicLevels levels(topic_template);
  for (std::string_view level; levels.next(level);) {
    if (level != kNumber && level.find(kNumber) != std::string_view::npos) return false;
  }
  return true;
}

tl::unexpected<Error> bad_template(std::string_view topic_template, std::string_view why) {
  return fail(ErrorCode::kInvalidArgument, fmt::format("topic '{}': {}", topic_template, why));
}

}  // namespace

std::string_view name(Pattern pattern) {
  switch (pattern) {
    case Pattern::kP2p: return "p2p";
    case Pattern::kFanIn: return "fanin";
    case Pattern::kFanOut: return "fanout";
    case Pattern::kNone: return "none";
  }
  return "unknown";
}

Result<LoadPlan> LoadPlan::make(Pattern pattern, uint32_t publishers, uint32_t subscribers,
                                std::string_view topic_template, std::string_view run) {
  LoadPlan plan;
  plan.pattern_ = pattern;
  plan.publishers_ = publishers;
  plan.subscribers_ = subscribers;
  plan.topic_template_ = replace_all(std::string(topic_template), kRun, run);

  const std::string topic = plan.topic(0);
  if (!is_utf8(topic)) return bad_template(topic_template, "not UTF-8");
  if (const char* fault = topic_name_fault(topic)) return bad_template(topic_template, fault);
  if (topic.find_first_of("{}") != std::string::npos) {
    return bad_template(topic_template, "only {i} and {run} are replaced");
  }
  const bool numbered = plan.topic_template_.find(kNumber) != std::string::npos;
  if (pattern != Pattern::kFanOut && publishers > 1 && subscribers > 0 && !numbered) {
    return bad_template(topic_template, "needs {i}, or all publishers would share one topic");
  }
  if (pattern == Pattern::kFanIn && !number_is_level(plan.topic_template_)) {
    return bad_template(topic_template, "fanin needs {i} as a level of its own, as in a/{i}");
  }
  return plan;
}

Result<LoadPlan> LoadPlan::make_listeners(uint32_t subscribers, std::string_view filter_template,
                                          std::string_view run) {
  LoadPlan plan;
  plan.pattern_ = Pattern::kNone;
  plan.publishers_ = 0;
  plan.subscribers_ = subscribers;
  plan.topic_template_ = replace_all(std::string(filter_template), kRun, run);
  for (const std::string& filter : plan.filters(0)) {
    if (!is_utf8(filter)) return bad_template(filter_template, "not UTF-8");
    if (is_shared(filter)) continue;  // the session looks at it
    if (const char* fault = topic_filter_fault(filter)) return bad_template(filter_template, fault);
  }
  return plan;
}

std::string LoadPlan::topic(uint32_t publisher) const {
  const uint32_t number = pattern_ == Pattern::kFanOut ? 0 : publisher;
  return replace_all(topic_template_, kNumber, fmt::format("{}", uint64_t{number} + first_number_));
}

std::vector<std::string> LoadPlan::filters(uint32_t subscriber) const {
  if (pattern_ == Pattern::kNone) {
    if (topic_template_.empty()) return {};
    return {replace_all(topic_template_, kNumber,
                        fmt::format("{}", uint64_t{subscriber} + first_number_))};
  }
  if (pattern_ == Pattern::kFanOut) return {topic(0)};
  if (pattern_ == Pattern::kFanIn) return {replace_all(topic_template_, kNumber, "+")};
  std::vector<std::string> filters;
  for (uint32_t i = 0; i < senders_of(subscriber); ++i) {
    filters.push_back(topic(sender(subscriber, i)));
  }
  return filters;
}

uint32_t LoadPlan::groups() const {
  if (pattern_ == Pattern::kNone) return std::max(subscribers_, 1u);
  if (pattern_ != Pattern::kP2p) return 1;
  if (subscribers_ == 0) return publishers_;  // each by itself
  return std::min(publishers_, subscribers_);
}

uint32_t LoadPlan::receivers_of(uint32_t publisher) const {
  if (subscribers_ == 0) return 0;
  return (subscribers_ - publisher % groups() - 1) / groups() + 1;
}

uint32_t LoadPlan::senders_of(uint32_t subscriber) const {
  if (publishers_ == 0) return 0;
  return (publishers_ - subscriber % groups() - 1) / groups() + 1;
}

uint32_t LoadPlan::sender(uint32_t subscriber, uint32_t slot) const {
  return subscriber % groups() + slot * groups();
}

std::optional<uint32_t> LoadPlan::slot(uint32_t subscriber, uint32_t publisher) const {
  if (publisher >= publishers_ || publisher % groups() != subscriber % groups()) {
    return std::nullopt;
  }
  return publisher / groups();
}

}  // namespace mq
