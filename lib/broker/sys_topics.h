// $SYS/broker/...: the broker's figures under mosquitto's names.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/histogram.h"
#include "base/time.h"
#include "broker/counters.h"

namespace mq {

// Figures that are not counters.
struct SysGauges {
  uint32_t sessions = 0;
  uint32_t connections = 0;
  uint64_t subscriptions = 0, shared_subscriptions = 0;
  uint64_t retained_messages = 0;
  uint64_t stored_messages = 0, stored_bytes = 0;  // retained and waiting
  uint64_t packets_out = 0, packet_bytes_out = 0;  // that wait for their sockets
  std::optional<double> commit_ms_p99;             // of the store, if there is one that measures
};

// Computes topics and values; publishing them is the broker's matter.
class SysTopics {
 public:
  SysTopics(Duration interval, Now start)
      : interval_(interval), start_(start.mono), last_(start.mono) {}

  Time next_deadline() const { return interval_ == Duration::zero() ? kNever : last_ + interval_; }

  void note_lag(Duration lag) { lag_ns_.record(lag.count()); }
  void note_heap(uint64_t bytes) {
    heap_bytes_ = bytes;
    heap_bytes_max_ = std::max(heap_bytes_max_, bytes);
  }

  struct Entry {
    std::string topic;
    std::string value;
  };
  // What changed since the last time (everything the first time).
  std::vector<Entry> update(const Counters& counters, const SysGauges& gauges, Now now);
  size_t size() const { return shown_.size(); }  // topics that have a value

 private:
  // Exponentially weighted averages per minute over 1, 5 and 15 minutes.
  struct Load {
    std::string_view name;
    uint64_t Counters::*counter;
    uint64_t previous = 0;
    std::array<double, 3> average{};
  };
  void put(std::vector<Entry>& entries, std::string topic, std::string value);

  Duration interval_;
  Time start_, last_;
  std::array<Load, 9> loads_{{
      {"messages/received", &Counters::messages_received},
      {"messages/sent", &Counters::messages_sent},
      {"publish/received", &Counters::publishes_received},
      {"publish/sent", &Counters::publishes_sent},
      {"publish/dropped", &Counters::publishes_dropped},
      {"bytes/received", &Counters::bytes_received},
      {"bytes/sent", &Counters::bytes_sent},
      {"connections", &Counters::connections},
      {"sockets", &Counters::sockets},
  }};
  Histogram lag_ns_{1};  // of the loop's turns since the last update
  uint64_t heap_bytes_ = 0, heap_bytes_max_ = 0;
  std::vector<Entry> shown_;  // last values, to publish only what changed
};

}  // namespace mq
