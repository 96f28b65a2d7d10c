// Conditions on a result: `p99>10ms`, `loss > 0`.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "mqbench/metric.h"

namespace mq {

struct Record;

// A condition, and what it came to.
struct Threshold {
  std::string expression;  // "p99>10ms"
  double value = 0;        // what was measured; times in ns, shares as fractions
  bool hit = false;        // it holds
};

// `METRIC OP VALUE`. OP is one of > >= < <= ==. VALUE is a number with ns, us, ms, s, % or k and M;
// a time without a unit is in seconds.
class Condition {
 public:
  static Result<Condition> parse(std::string_view text);

  const std::string& text() const { return text_; }
  const Metric& metric() const { return metric_; }

  // Whether it holds. An error when there is nothing of the kind: what was not measured has neither
  // passed nor failed.
  Result<Threshold> evaluate(const Record& record) const { return judged(metric_.value(record)); }
  Result<Threshold> evaluate(const MetricSource& source) const {
    return judged(metric_.value(source));
  }

 private:
  Result<Threshold> judged(const Result<double>& value) const;

  enum class Op : uint8_t { kGreater, kGreaterEqual, kLess, kLessEqual, kEqual };

  std::string text_;
  Metric metric_;
  Op op_ = Op::kGreater;
  double value_ = 0;  // times in nanoseconds, shares as a fraction
};

}  // namespace mq
