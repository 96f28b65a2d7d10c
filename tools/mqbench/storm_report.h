// The result of a storm, for people and for programs.
#pragma once

#include <string>
#include <vector>

#include "mqbench/storm_args.h"
#include "mqbench/storm_run.h"

namespace mq {

struct StormVerdict {
  bool valid = true;  // false: the figures say something about mqbench or this host
  std::vector<std::string> reasons;
};

StormVerdict judge(const StormResult& result);

// Whether all who were wanted were connected within the time that was given for it, if one was.
bool in_time(const StormOptions& options, const StormResult& result);

// What became of --fail-if. An error when something of it was not measured.
Result<std::vector<Threshold>> judge_conditions(const StormOptions& options,
                                                const StormResult& result);

// What mqbench ends with.
int judge_exit(const StormOptions& options, const StormResult& result);

// Tries whose connection took as long as a SYN that is sent again after 1, 3 or 7 seconds.
struct SynModes {
  uint64_t after_1s = 0, after_3s = 0, after_7s = 0;
};
SynModes syn_modes(const Histogram& tcp);

std::string storm_text(const StormOptions& options, const StormResult& result);
// A line, with the line feed.
std::string storm_json(const StormOptions& options, const StormResult& result);

}  // namespace mq
