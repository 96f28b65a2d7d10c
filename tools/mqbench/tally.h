// What a thread measures. Each thread has its own; they are merged when the run is over.
#pragma once

#include <cassert>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/histogram.h"
#include "codec/reason_code.h"
#include "mqbench/connect_tally.h"
#include "mqbench/group_storm.h"
#include "mqbench/socket_watch.h"

namespace mq {

// Something that happened in a run and may explain its figures.
struct Event {
  double at_s = 0;  // from the beginning of the measured part
  std::string text;
};

// Of the messages that one group of clients publishes, wherever they are received; of a group that
// publishes nothing, of those that it receives. There may be many groups: two digits.
struct GroupTally {
  static constexpr int kDigits = 2;

  Histogram response{kDigits}, send_lag{kDigits}, ack{kDigits}, connect{kDigits};
  ConnectTally steps{kDigits};
  uint64_t sent_in_window = 0, received_in_window = 0;
  uint64_t idle_disconnects = 0;  // of clients that neither publish nor subscribe

  // REQUIRES: the same configuration
  void merge(const GroupTally& other) {
    const bool merged = response.merge(other.response) && send_lag.merge(other.send_lag) &&
                        ack.merge(other.ack) && connect.merge(other.connect);
    assert(merged);
    static_cast<void>(merged);
    steps.merge(other.steps);
    sent_in_window += other.sent_in_window;
    received_in_window += other.received_in_window;
    idle_disconnects += other.idle_disconnects;
  }
};

struct Tally {
  static constexpr size_t kEventsMax = 1000;  // a thread; the first ones

  Histogram response;   // planned until received; at rate max the same as service
  Histogram service;    // sent until received
  Histogram send_lag;   // planned until sent, where nothing but this program could be the reason
  Histogram ack;        // planned until acknowledged, QoS 1 and 2
  Histogram connect;    // start of a client's first connection until CONNACK
  ConnectTally steps;   // of all of them
  Histogram suback;     // SUBSCRIBE until its answer
  Histogram recv_wait;  // in the kernel until read; some reads of some subscribers

  uint64_t sent_in_window = 0;  // in the time of the measured part, whatever they belong to
  uint64_t received_in_window = 0;
  Duration blocked{0};  // publishers' time in which the broker did not let them send
  double cpu_s = 0;     // of the thread, in the measured part
  SocketSignals sockets;
  std::map<ReasonCode, uint64_t> errors;  // answers to PUBLISH
  std::vector<Event> events;
  std::vector<GroupTally> groups;       // of a scenario, as in the plan
  std::vector<GroupStormTally> storms;  // as in the options

  void merge(const Tally& other) {
    const auto add = [](Histogram& to, const Histogram& from) {
      const bool merged = to.merge(from).has_value();
      assert(merged);  // all are made with the same configuration
      static_cast<void>(merged);
    };
    add(response, other.response);
    add(service, other.service);
    add(send_lag, other.send_lag);
    add(ack, other.ack);
    add(connect, other.connect);
    steps.merge(other.steps);
    add(suback, other.suback);
    add(recv_wait, other.recv_wait);
    sockets.merge(other.sockets);
    sent_in_window += other.sent_in_window;
    received_in_window += other.received_in_window;
    blocked += other.blocked;
    cpu_s += other.cpu_s;
    if (groups.empty()) groups.resize(other.groups.size());
    for (size_t i = 0; i < other.groups.size(); ++i) groups[i].merge(other.groups[i]);
    if (storms.empty()) storms.resize(other.storms.size());
    for (size_t i = 0; i < other.storms.size(); ++i) storms[i].merge(other.storms[i]);
    for (const auto& [reason, count] : other.errors) errors[reason] += count;
    events.insert(events.end(), other.events.begin(), other.events.end());
  }
};

}  // namespace mq
