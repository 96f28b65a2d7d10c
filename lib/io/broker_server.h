// A Broker on the network: listeners, connections, and the loop turns between them.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/result.h"
#include "broker/broker.h"
#include "io/address.h"
#include "io/listener.h"
#include "io/listener_layers.h"
#include "io/loop.h"

namespace mq {

// A place to listen and what holds there.
struct ListenOptions {
  Address address = {};  // a host name may stand for several
  ListenWhere where = {};
  ListenerOptions clients = {};
  LayerOptions layers = {};
};

// Only carries bytes: what they mean is the Broker's. Everything that one loop turn makes a
// connection send is gathered and goes out in one write before the loop sleeps.
class BrokerServer final : private BeforeSleep {
 public:
  BrokerServer(Loop& loop, const BrokerOptions& options, AccessControl& access, uint64_t seed,
               SessionStore* store = nullptr);
  ~BrokerServer() override;

  // With a store. What it kept comes back; before listen().
  Result<void> restore() { return broker_.restore(loop_.now()); }
  // The batches up to this one are safe. On the loop's thread.
  void durable(BatchId batch) { broker_.durable(batch); }

  // Listens there, too. Gives the port, 0 of a unix socket.
  Result<uint16_t> listen(const ListenOptions& options);
  const Listeners& listeners() const { return listeners_; }

  // A connection from inside this program, as Broker::trust() has it.
  Result<UvStream> connect(std::optional<std::string> user_name);
  void reserve(std::string client_id) { broker_.reserve(std::move(client_id)); }

  // The peer of a connection, "127.0.0.1:54321"; empty when it has gone.
  std::string peer(ConnId id) const;
  // For an AccessControl that takes its time.
  void authenticated(ConnId id, AccessAnswer answer);
  void note_hit(std::string_view setting) { broker_.note_hit(setting); }

  // Orderly end: stops listening, tells 5.0 clients why, sends what is queued, and calls `done`
  // from the loop when every connection is closed or `deadline` is over. `done` may destroy the
  // server.
  void shut_down(Duration deadline, std::function<void()> done);

  const Broker& broker() const { return broker_; }
  // What can change of a listener while it listens.
  struct ListenerSettings {
    ListenerOptions clients;
    std::shared_ptr<const ListenerLayers> layers;  // of the connections to come
  };
  // As Broker::set_options(), and for the listeners in the order of listen().
  void set_options(const BrokerOptions& options, const std::vector<ListenerSettings>& listeners);

 private:
  class Connection;

  const ListenerLayers& layers(ListenerId id) const { return *layers_[id - 1]; }

  ConnId accepted(UvStream stream, ListenerId listener);
  void before_sleep(Now now) override;
  void tick(Now now);
  void flush(ConnId id, Now now);
  void closed(ConnId id, Now now);
  void finish_shut_down(Now now);

  Loop& loop_;
  Random random_;
  Broker broker_;
  Timer timer_;  // the broker's next deadline
  Listeners listeners_;
  std::vector<std::shared_ptr<const ListenerLayers>> layers_;  // by ListenerId, from 1
  std::vector<std::unique_ptr<Connection>> connections_;       // by ConnId::slot
  std::vector<ConnId> turn_;      // who has something to send in this turn; kept for its memory
  std::vector<ConnId> writable_;  // whose last write has gone out
  std::function<void()> done_;    // of shut_down()
  Timer shut_down_deadline_;
};

}  // namespace mq
