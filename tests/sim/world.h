// One simulation: clients, a network, a broker, and the model that knows what has to happen.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "broker/broker.h"
#include "io/filter.h"
#include "sim/deliveries.h"
#include "sim/ledger.h"
#include "sim/model.h"
#include "sim/peer.h"
#include "sim/scenario.h"
#include "sim/wire_tap.h"
#include "support/memory_store.h"
#include "support/sim_net.h"

namespace mq::sim {

// What lies between the network and the two ends of a connection: the client's and the broker's.
struct Filters {
  std::unique_ptr<Filter> client, server;
};
using MakeFilters = std::function<Filters()>;

// One network connection with everything at its two ends.
struct Link {
  Link(uint32_t n, Peer& p, Random& random, const Weather& weather, Filters between);

  const uint32_t number;
  Peer* peer;               // null once the client has closed
  SimLink net;
  Filters filters;          // null: none
  ConnId conn;              // generation 0: the broker did not take it, or it is closed
  bool server_reads = true;
  bool produce = false;     // the broker may have something to send
  Time server_close_at = kNever;  // the transport is closed, the broker will be told
  WireTap client_tap, server_tap;
  ModelLink model;
};

struct Totals {
  uint64_t published = 0;
  uint64_t delivered = 0;
};

class World {
 public:
  // Without `make_filters` MQTT is on the network as it is.
  World(uint64_t seed, bool trace, MakeFilters make_filters = nullptr);
  ~World();
  // Throws Failure.
  Totals run();
  Time now() const { return now_.mono; }

 private:
  using End = SimLink::End;

  // What the seed does, one after the other: world.cc.
  void add_peers();
  void chaos();
  void clear_up();
  void probe();
  void audit_retained();
  void shut_down();
  void check_end();
  void drain(const char* when);
  bool quiet() const;
  void check_quiet();
  void disturb();

  // What happens between the ends: traffic.cc.
  void step();
  Time next_event() const;
  void connect(Peer& peer);
  bool writable(Link& link, End from);
  void send(Link& link, End from);
  bool unwrap(Link& link, End at, std::vector<uint8_t>& bytes);
  void close(Link& link, End by);
  void client_arrival(Link& link, SimLink::Arrival arrival);
  void server_arrival(Link& link, SimLink::Arrival arrival);
  void client_bytes(Link& link, Bytes bytes);
  void server_bytes(Link& link, Bytes bytes);
  void on_message(Link& link, const MessageArrived& event);
  void pump_client(Peer& peer);
  void close_client(Peer& peer);
  void pump_broker();
  void pump_server(Link& link);
  void check_server_sent(Link& link, const Packet& packet);
  void close_server(Link& link, Duration delay);
  void tell_closed(Link& link);
  void touch(Peer& peer);
  void touch_broker();
  void advance(Time to);
  Duration up_to(Duration most);

  // `make()` returns the line.
  template <class Make>
  void trace(Make&& make) const {
    if (trace_) print_trace(make());
  }
  void print_trace(const std::string& line) const;

  const bool trace_;
  const MakeFilters make_filters_;
  Random random_;
  const BrokerOptions options_;
  Weather weather_;
  Now now_;
  Ledger ledger_;
  Deliveries deliveries_{ledger_};
  Model model_{options_, ledger_, deliveries_};
  AllowAll access_;
  MemoryStore store_;
  bool stored_ = false;
  std::unique_ptr<Broker> broker_;
  std::vector<std::unique_ptr<Peer>> peers_;
  std::list<Link> links_;
  OutBatch batch_;
  std::vector<ConnId> dirty_;

  uint32_t next_link_ = 1;
  uint64_t steps_ = 0;
  uint64_t actions_left_ = 0;
  Duration pause_max_{};        // between two actions of a client
  Duration late_max_{};         // by which ticks and flushes come late
  Duration lateness_{};         // of the next tick of the broker
  Time broker_flush_at_ = kNever;
  Time durable_at_ = kNever;    // when the store has written its oldest batch

  // What the broker's counters must show in the end.
  Counters expected_;
};

}  // namespace mq::sim
