// Who was the bottleneck: whether the figures of a run are the broker's or our own.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "mqbench/load_options.h"
#include "mqbench/load_run.h"

namespace mq {

struct Verdict {
  enum class LimitedBy : uint8_t { kNone, kBroker, kClient };

  bool valid = true;  // false: the figures say something about mqbench
  LimitedBy limited_by = LimitedBy::kNone;
  std::vector<std::string> reasons;  // what it was concluded from
};

std::string_view name(Verdict::LimitedBy by);

// The evidence, as far as a run has it.
struct Evidence {
  bool open_loop = true;
  double rate_ratio = 1;     // sent to planned
  Duration send_lag_p99{0};  // while nothing but mqbench could be the reason
  Duration response_p99{0};
  double blocked_share = 0;  // of the publishers' time, in which the broker did not let them send
  double busiest_thread = 0; // share of a core
};

Evidence evidence(const LoadOptions& options, const LoadResult& result);
Verdict judge(const Evidence& evidence);

}  // namespace mq
