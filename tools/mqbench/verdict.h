// Who was the bottleneck: whether the figures of a run are the broker's or our own.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "mqbench/load_options.h"
#include "mqbench/load_run.h"

namespace mq {

struct Verdict {
  enum class LimitedBy : uint8_t {
    kNone,
    kBroker,
    kNetwork,
    kClient,  // mqbench
    kHost,    // others on this machine took what both needed
  };

  bool valid = true;  // false: the figures say something about mqbench or this host
  LimitedBy limited_by = LimitedBy::kNone;
  std::vector<std::string> reasons;  // what it was concluded from
};

std::string_view name(Verdict::LimitedBy by);

// The evidence, as far as a run has it.
struct Evidence {
  bool open_loop = true;
  double window_s = 10;
  double rate_ratio = 1;     // sent to planned
  Duration send_lag_p99{0};  // while nothing but mqbench could be the reason
  // What the latency that was measured is: response, or ack where nobody receives; null: none was.
  const char* latency = "response";
  Duration latency_p99{0};
  bool measured = true;         // anything at all
  double lost_share = 0;        // of the deliveries
  double unanswered_share = 0;  // of the messages of QoS 1 and 2 that were sent
  double blocked_share = 0;   // of the publishers' time, in which the broker did not let them send
  bool spins = false;         // threads that do not sleep: how busy they are says nothing
  double busiest_thread = 0;  // share of a core
  double rwnd_limited_share = 0;  // of the time, in which the broker's TCP window was closed
  double retransmit_share = 0;    // of segments
  uint64_t segments = 0;
  std::optional<Duration> recv_wait_p99;
  bool backlog_grows = false;
  uint32_t cpus = 1;
  bool host_counts = true;  // false: it is known that others compute here, too
  HostSignals host;
};

Evidence evidence(const LoadOptions& options, const LoadResult& result);
// The first rule that applies decides; others that apply are further reasons.
Verdict judge(const Evidence& evidence);

// More deliveries are under way in the last third of the intervals than ever in the first, and the
// line through all of them rises by more than a hundredth of the rate a second.
bool grows(const std::vector<Interval>& intervals);

}  // namespace mq
