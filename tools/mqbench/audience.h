// Who hears what: topics compared with filters.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "mqbench/stream_set.h"

namespace mq {

// A shared subscription: each message goes to one of its members.
struct Share {
  std::string filter;  // "$share/NAME/FILTER"
  StreamSet heard;
  uint32_t members = 0;
};

struct Audience {
  std::vector<StreamSet> heard;  // by subscriber, without what it hears as a member of a share
  std::vector<Share> shares;
  std::vector<std::vector<uint32_t>> shares_of;  // by subscriber, empty when there are no shares
};

// Comparisons of a topic with a filter that has wildcards: more would take minutes.
inline constexpr uint64_t kComparisonsMax = 200'000'000;

// `topics` by stream, `filters` by subscriber. An error for filters that no server takes, and where
// the number of copies would be the server's choice: two filters of one client that match the same
// topic.
Result<Audience> find_audience(const std::vector<std::string>& topics,
                               const std::vector<std::vector<std::string>>& filters,
                               uint64_t comparisons_max = kComparisonsMax);

}  // namespace mq
