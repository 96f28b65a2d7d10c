// What a thread has once for all its clients.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "io/client_runner.h"
#include "mqbench/delivery_counter.h"
#include "mqbench/interval_log.h"
#include "mqbench/load_options.h"
#include "mqbench/share_tracks.h"
#include "mqbench/tally.h"

namespace mq {

// When the parts of a run begin and end, the same for all threads.
struct RunTimes {
  Time warm_up_start = kNever;
  Time window_start = kNever;  // of the measured part
  Time window_end = kNever;

  bool in_window(Time at) const { return at >= window_start && at < window_end; }
};

class LoadPublisher;

struct LoadContext {
  Loop& loop;
  const LoadOptions& options;
  DeliveryCounter& deliveries;
  ShareTracks& shares;
  RunTimes times = {};
  Tally tally = {};
  IntervalLog intervals = {};
  std::vector<uint8_t> payload_room = {};  // in which publishers make payloads, one at a time

  // Sums over the clients, kept by them. Of the measured part.
  uint64_t expected = 0;  // deliveries that the messages sent make
  uint64_t received = 0;  // first copies
  uint64_t unacked = 0;
  uint32_t publishers_done = 0;  // have sent all they had to
  // Publishers that wait for deliveries.
  std::vector<LoadPublisher*> starving = {};

  // The next three are called by the clients.
  struct Owner {
    virtual void client_ready() = 0;  // connected, and subscribed if it subscribes
    virtual void client_failed(const Error& error) = 0;
    virtual void client_ended() = 0;  // after it was stopped; may destroy nothing yet

   protected:
    ~Owner() = default;
  };
  Owner& owner;

  // Null where figures are not kept by group.
  GroupTally* group_tally(uint32_t group) {
    return tally.groups.empty() ? nullptr : &tally.groups[group];
  }
  // Something happened that may explain the figures.
  void note(std::string text, Now now);
};

}  // namespace mq
