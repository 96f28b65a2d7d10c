// The log on standard error.
#pragma once

namespace mq {

// From here on log() writes lines `level event key=value` to standard error, or, where the journal
// reads standard error, with systemd's `<n>` for the level in front. Events other than debug are
// limited as LogLimiter says; `left_out` tells how many lines are missing. Lines of several threads
// do not mix.
void log_to_stderr();

}  // namespace mq
