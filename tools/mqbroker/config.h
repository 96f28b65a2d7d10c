// mqbroker's configuration file: the options of the command line as keys, and `listener` blocks.
#pragma once

#include <deque>

#include "base/result.h"
#include "common/option_values.h"
#include "mqbroker/args.h"

namespace mq {

// Reads args.config_file into `args`, below what the command line gave, and what --print-config
// shows into args.printed. `global` holds the options of the command line, bound to `args`.
Result<void> load_config(OptionValues& global, BrokerArgs& args);

}  // namespace mq
