// A topic filter to subscribe to, with options of its own.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "codec/packet.h"

namespace mq {

struct WantedFilter {
  std::string filter;
  SubscribeOptions options = {};
  uint32_t id = 0;  // Subscription Identifier, 0 for none
};

// "FILTER[;OPTION]...": qos=0|1|2, nl (no local), rap (retain as published),
// rh=always|new|never, id=NUMBER. What is not given is as in `defaults`.
Result<WantedFilter> parse_wanted(std::string_view text, SubscribeOptions defaults);

// Whether MQTT 3.x cannot express it.
bool needs_v5(const WantedFilter& wanted);

}  // namespace mq
