// From a scenario to what a run is to do.
#pragma once

#include "base/result.h"
#include "mqbench/load_options.h"
#include "mqbench/scenario.h"

namespace mq {

// Everything that the scenario says; connection, name of the run, seed and verification are there
// already.
Result<void> apply(const Scenario& scenario, LoadOptions& to);

}  // namespace mq
