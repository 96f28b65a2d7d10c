#include "mqbench/audience.h"

#include <algorithm>
#include <optional>
#include <unordered_map>
#include <utility>

#include <fmt/core.h>

#include "base/units.h"
#include "base/utf8.h"
#include "codec/topic.h"

namespace mq {
namespace {

using Streams = std::vector<uint32_t>;

class Matcher {
 public:
  Matcher(const std::vector<std::string>& topics, uint64_t comparisons_max)
      : comparisons_max_(comparisons_max) {
    for (uint32_t i = 0; i < topics.size(); ++i) by_topic_[topics[i]].push_back(i);
  }

  // The streams whose topics match, ascending.
  Result<Streams> streams_of(std::string_view filter) {
    if (!is_utf8(filter)) return unusable(filter, "not UTF-8");
    if (const char* fault = topic_filter_fault(filter)) return unusable(filter, fault);
    if (filter.find_first_of("+#") == std::string_view::npos) {
      const auto found = by_topic_.find(filter);
      return found == by_topic_.end() ? Streams{} : found->second;
    }
    comparisons_ += by_topic_.size();
    if (comparisons_ > comparisons_max_) {
      return fail(ErrorCode::kTooLarge,
                  fmt::format("more than {} comparisons of topics with filters to find out who "
                              "hears whom: fewer topics, or fewer different filters with wildcards",
                              format_count(comparisons_max_)));
    }
    Streams streams;
    for (const auto& [topic, with_topic] : by_topic_) {
      if (!matches(filter, topic)) continue;
      streams.insert(streams.end(), with_topic.begin(), with_topic.end());
    }
    std::ranges::sort(streams);
    return streams;
  }

 private:
  static tl::unexpected<Error> unusable(std::string_view filter, std::string_view why) {
    return fail(ErrorCode::kInvalidArgument, fmt::format("filter '{}': {}", filter, why));
  }

  std::unordered_map<std::string_view, Streams> by_topic_;
  const uint64_t comparisons_max_;
  uint64_t comparisons_ = 0;
};

// What one filter that is in use hears; clients with the same one share it.
struct Known {
  Streams streams;
  StreamSet set;
  std::optional<uint32_t> share;
};

tl::unexpected<Error> overlap(const std::vector<std::string>& filters) {
  std::string list;
  for (const std::string& filter : filters) {
    list += fmt::format("{}'{}'", list.empty() ? "" : " and ", filter);
  }
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("{} of one client match the same topic: how often it gets the message is "
                          "the broker's choice, so that nothing could be counted",
                          list));
}

}  // namespace

Result<Audience> find_audience(const std::vector<std::string>& topics,
                               const std::vector<std::vector<std::string>>& filters,
                               uint64_t comparisons_max) {
  Audience to;
  Matcher matcher(topics, comparisons_max);
  std::unordered_map<std::string_view, Known> known;
  to.heard.resize(filters.size());
  for (size_t subscriber = 0; subscriber < filters.size(); ++subscriber) {
    Streams direct, all;
    const StreamSet* only = nullptr;
    for (const std::string& filter : filters[subscriber]) {
      auto [at, is_new] = known.try_emplace(filter);
      Known& one = at->second;
      if (is_new) {
        std::string_view matched = filter;
        if (is_shared(filter)) {
          const auto shared = split_shared(filter);
          if (!shared) {
            return fail(ErrorCode::kInvalidArgument,
                        fmt::format("filter '{}': it must be $share/NAME/FILTER", filter));
          }
          matched = shared->filter;
          one.share = static_cast<uint32_t>(to.shares.size());
        }
        MQ_TRY(one.streams, matcher.streams_of(matched));
        one.set = StreamSet(one.streams);
        if (one.share) to.shares.push_back({filter, one.set, 0});
      }
      all.insert(all.end(), one.streams.begin(), one.streams.end());
      if (one.share) {
        ++to.shares[*one.share].members;
        if (to.shares_of.empty()) to.shares_of.resize(filters.size());
        to.shares_of[subscriber].push_back(*one.share);
      } else {
        only = direct.empty() && only == nullptr ? &one.set : nullptr;
        direct.insert(direct.end(), one.streams.begin(), one.streams.end());
      }
    }
    if (filters[subscriber].size() > 1) {
      std::ranges::sort(all);
      if (std::ranges::adjacent_find(all) != all.end()) return overlap(filters[subscriber]);
      std::ranges::sort(direct);
    }
    if (only != nullptr) {
      to.heard[subscriber] = *only;
    } else if (!direct.empty()) {
      to.heard[subscriber] = StreamSet(std::move(direct));
    }
  }
  return to;
}

}  // namespace mq
