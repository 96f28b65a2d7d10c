// What a run measured in each second of its measured part.
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/buffer.h"
#include "base/histogram.h"

namespace mq {

// One interval of a run, of all its threads.
struct Interval {
  double start_s = 0, length_s = 0;  // from the beginning of the measured part
  uint64_t sent = 0, received = 0;
  // Deliveries under way at its end. Of one thread it can be less than nothing: what its
  // subscribers receive others have sent.
  int64_t backlog = 0;
  double client_cpu = 0;  // of the busiest thread, as a share of a core
  std::vector<uint8_t> response;  // Histogram::encode(): a whole one would be 264 KiB

  Histogram histogram() const {
    Result<Histogram> decoded = Histogram::decode(response);
    return decoded ? std::move(*decoded) : Histogram();
  }
};

// The intervals of one thread. Response times are recorded here and nowhere else; close() adds them
// to those of the whole run.
class IntervalLog {
 public:
  static constexpr size_t kIntervalsMax = 3600;  // the last one takes what comes after

  void sent() { ++current_.sent; }
  void received() { ++current_.received; }
  void response(int64_t ns) { response_.record(ns); }
  // What the present interval ends with.
  void mark(int64_t backlog, double cpu) {
    current_.backlog = backlog;
    current_.client_cpu = cpu;
  }

  // Of the present interval, until now.
  const Histogram& open_response() const { return response_; }

  void close(Histogram& total) {
    const bool merged = total.merge(response_).has_value();
    assert(merged);  // both are of the usual configuration
    static_cast<void>(merged);
    Buffer encoded;
    response_.encode(encoded);
    current_.response.assign(encoded.bytes().begin(), encoded.bytes().end());
    intervals_.push_back(std::exchange(current_, {}));
    response_ = Histogram();
  }

  // Times are not filled in.
  const std::vector<Interval>& intervals() const { return intervals_; }

 private:
  Interval current_;
  Histogram response_;
  std::vector<Interval> intervals_;
};

}  // namespace mq
