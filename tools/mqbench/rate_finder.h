// Finds the highest rate at which a broker does what is asked of it.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "mqbench/record.h"
#include "mqbench/run_args.h"
#include "mqbench/threshold.h"

namespace mq {

struct FindOptions {
  std::vector<Condition> slo;  // what must hold
  double rate_min = 1000, rate_max = 1e7;
  double growth = 1.5, precision = 0.05;
  Duration settle = std::chrono::milliseconds(300);
  Duration step = std::chrono::seconds(2);
  // After each step, at most: a queue that it has filled is empty before the next one.
  Duration drain = std::chrono::seconds(2);
  Duration confirm =
      std::chrono::seconds(10);  // the rate found is held for that long; 0: it is not
  size_t steps_max = 100;
};

struct FindStep {
  enum class Outcome : uint8_t {
    kPassed,
    kFailed,    // by the broker
    kNotValid,  // mqbench could not keep up
  };
  Outcome outcome;
  double rate;
  Record record;
  std::string reason;  // of a failure
};

std::string_view name(FindStep::Outcome outcome);

struct Found {
  std::vector<FindStep> steps;
  std::optional<double> rate;    // that was held
  std::optional<double> failed;  // the lowest over that at which the broker failed
  // False: it did not; mqbench or the maximum was reached before the broker's limit.
  bool bounded = true;
  int signal = 0;  // that ended it early
};

// What a step at this rate came to. Where the conditions say nothing of loss, there must be none.
FindStep judge_step(double rate, Record record, const std::vector<Condition>& slo);

// Of the steps that the broker failed the lowest one over a rate.
std::optional<double> lowest_failed(const std::vector<FindStep>& steps, double over);

// `seen` is told each step as it ends.
Result<Found> find_rate(const RunOptions& options, const FindOptions& find,
                        const std::function<void(const FindStep&)>& seen);

}  // namespace mq
