// What mqbench ends with, beside the codes that all tools share.
#pragma once

namespace mq {

// When several apply, a run that failed (kExitFailure, 1) counts before these, then 4, 5, 3.
enum BenchExitCode : int {
  kExitThreshold = 3,  // a condition of --fail-if or --slo says so
  kExitViolation = 4,  // the broker lost, duplicated or reordered what it must not
  kExitNotValid = 5,   // with --strict: the figures are mqbench's and not the broker's
};

}  // namespace mq
