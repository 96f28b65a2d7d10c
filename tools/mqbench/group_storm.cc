#include "mqbench/group_storm.h"

#include <cmath>

#include <fmt/core.h>

#include "base/units.h"
#include "mqbench/tally.h"

namespace mq {

uint32_t GroupStorm::count(uint32_t clients) const {
  if (percent <= 0) return 0;
  const auto rounded = static_cast<uint32_t>(std::llround(clients * percent / 100));
  return std::clamp(rounded, std::min(clients, 1u), clients);
}

void add_events(const GroupStorm& storm, const GroupStormTally& tally, std::string_view group,
                uint32_t clients, std::vector<Event>& to) {
  if (!tally.happened) return;  // the run ended before it
  to.push_back({seconds(storm.at), fmt::format("storm: {} of {} connections of {} cut, for {}",
                                               format_count(tally.cut), format_count(clients),
                                               group, format_duration(storm.down))});
  if (tally.back == 0) return;
  to.push_back({seconds(storm.at + tally.last_back),
                fmt::format("storm: {} of {} connections of {} back", format_count(tally.back),
                            format_count(tally.cut), group)});
}

}  // namespace mq
