// A figure of a result, by the name that conditions and gates use.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/histogram.h"
#include "base/result.h"

namespace mq {

struct Record;

// Something that has figures.
struct MetricSource {
  // By the prefix of the metric. Null where it was not measured.
  virtual const Histogram* latency(std::string_view prefix) const = 0;
  virtual std::optional<double> number(std::string_view name) const = 0;

 protected:
  ~MetricSource() = default;
};

// p50, p99.9, ..., mean, min or max, of the response time or, behind a prefix, of another:
// response. service. lag. recv_wait. ack. connect. tcp. tls. tls_full. tls_resumed. upgrade.
// connack. suback. ready.; or one of loss, dup, reorder, corrupt, errors, disconnects, not_sent,
// rate, recv_rate, rate_ratio, conn_rate, client_cpu. With a name and a colon before it, that of a
// group of a scenario.
class Metric {
 public:
  // Nothing in the text of the error but why.
  static Result<Metric> parse(std::string_view name);

  const std::string& name() const { return name_; }  // "response.p99", "loss"
  // Of "sensors:p99"; empty without.
  const std::string& group() const { return group_; }
  bool is_time() const { return is_time_; }
  // Without the percentile: "response", "tls_full", "loss".
  std::string_view kind() const;
  // Whether more of it is worse.
  bool larger_is_worse() const;
  // Known while a run goes on, and not only at its end.
  bool is_live() const;
  // Whether it is kept for each group of a scenario, and not only of all.
  bool is_of_groups() const;

  // Times in nanoseconds, shares as fractions. An error when there is nothing of the kind.
  Result<double> value(const MetricSource& source) const;
  Result<double> value(const Record& record) const;

 private:
  std::string name_;
  std::string group_;  // of a scenario that it is about; empty for all
  bool is_time_ = false;
};

}  // namespace mq
