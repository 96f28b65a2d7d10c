// What mqbench ends with, beside the codes that all tools share.
#pragma once

namespace mq {

// In the order in which they count when several apply: a run that failed (kExitFailure, 1) before
// these.
enum BenchExitCode : int {
  kExitViolation = 4,  // the broker lost, duplicated or reordered what it must not
  kExitNotValid = 5,   // with --strict: the figures are mqbench's and not the broker's
};

}  // namespace mq
