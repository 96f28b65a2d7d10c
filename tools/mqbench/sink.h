// A server that only passes messages on, at a known capacity and with known faults: what a load
// tester is tested against.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "base/string_map.h"
#include "codec/packet.h"
#include "io/address.h"
#include "io/listener.h"
#include "io/loop.h"
#include "io/precise_timer.h"
#include "mqbench/sink_faults.h"

namespace mq {

struct SinkOptions {
  Address address;
  SinkFaults faults;
  double read_rate = 0;  // bytes a second that are read from each connection, 0 without a limit
};

// Knows no sessions, retained messages, wills or rights. Every PUBLISH is acknowledged when its
// turn has come, whatever happens to it then: what a sink drops, a server has lost.
class Sink {
 public:
  static Result<std::unique_ptr<Sink>> open(Loop& loop, const SinkOptions& options);
  ~Sink();

  uint16_t port() const;

  struct Counts {
    uint64_t received = 0;  // messages
    uint64_t dropped = 0, duplicated = 0, swapped = 0, corrupted = 0;
    uint64_t delivered = 0;  // to each receiver, copies included
  };
  const Counts& counts() const { return counts_; }

 private:
  class Connection;
  struct Target {
    uint32_t connection;
    Qos qos;
  };
  struct Filter {
    std::string filter;
    Target target;
  };
  // A PUBLISH that waits for its turn.
  struct Waiting {
    Time due{};
    uint32_t from = 0;
    uint8_t first_byte = 0;
    std::string body;
  };

  Sink(Loop& loop, const SinkOptions& options);
  void accepted(UvStream stream);
  void closed(uint32_t connection);
  Connection* find(uint32_t connection);

  void subscribe(std::string_view filter, Target target);
  void unsubscribe(std::string_view filter, uint32_t connection);
  void arrived(uint32_t from, const Frame& frame, Now now);
  void serve_due(Now now);
  void serve(uint32_t from, const Frame& frame);
  void deliver(const Frame& frame, Version version, const Publish& publish);
  void deliver_corrupted(const Frame& frame, Version version);
  void deliver_held();
  const std::vector<Target>& targets(std::string_view topic);

  // Too much waits: whoever publishes is not read until some of it is gone.
  bool congested() const;
  void resume_if_relieved();

  Loop& loop_;
  const SinkOptions options_;
  FaultPlan plan_;
  Listeners listeners_;
  std::unordered_map<uint32_t, std::unique_ptr<Connection>> connections_;
  uint32_t last_connection_ = 0;
  std::vector<Filter> filters_;
  StringMap<std::vector<Target>> targets_;  // who gets what is published to a topic: a cache
  std::deque<Waiting> waiting_;
  PreciseTimer serve_timer_;
  std::optional<Waiting> held_;  // overtaken by the next one, or passed on when there is none
  Timer held_timer_;
  uint32_t full_ = 0;     // connections that do not read what they are sent
  bool paused_ = false;   // somebody is not read
  Counts counts_;
};

}  // namespace mq
