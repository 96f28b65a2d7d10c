// A storm within a run: a part of a group's connections is cut at one moment and comes back later.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "base/time.h"

namespace mq {

struct GroupStorm {
  Duration at{};  // from the beginning of the measured part
  uint32_t group = 0;
  double percent = 0;  // of its connections, from 0 to 100
  Duration down{};     // until they begin to connect again
  uint64_t seed = 0;   // of which ones

  // How many of them: rounded, and one at least of more than nothing.
  uint32_t count(uint32_t clients) const;
};

// Which ones, asked for one client after the other, from number 0: exactly that many, and each
// choice of them as likely as the others. All threads come to the same without a list.
class StormChoice {
 public:
  StormChoice(const GroupStorm& storm, uint32_t clients)
      : random_(storm.seed), clients_left_(clients), cuts_left_(storm.count(clients)) {}

  // REQUIRES: called no more often than there are clients
  bool next() {
    const bool chosen = random_.below(clients_left_--) < cuts_left_;
    if (chosen) --cuts_left_;
    return chosen;
  }

 private:
  Random random_;
  uint32_t clients_left_, cuts_left_;
};

struct GroupStormTally {
  uint64_t cut = 0, back = 0;
  Duration last_back{0};  // from the storm on
  bool happened = false;

  void merge(const GroupStormTally& other) {
    cut += other.cut;
    back += other.back;
    last_back = std::max(last_back, other.last_back);
    happened = happened || other.happened;
  }
};

struct Event;

// For the report: when it came, and when the last of them was back.
void add_events(const GroupStorm& storm, const GroupStormTally& tally, std::string_view group,
                uint32_t clients, std::vector<Event>& to);

}  // namespace mq
