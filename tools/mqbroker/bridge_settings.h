// From what was said about a bridge to what it does.
#pragma once

#include <string>

#include "base/result.h"
#include "io/bridge_runner.h"
#include "mqbroker/bridge_args.h"

namespace mq {

Result<BridgeSettings> resolve(const BridgeArgs& args);

// `PATTERN [DIRECTION [QOS [LOCAL [REMOTE]]]]`, with "" for an empty one.
Result<BridgeTopic> parse_bridge_topic(std::string_view text);

}  // namespace mq
