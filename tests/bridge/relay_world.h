// Two real brokers, a bridge between them, and clients at both, all in memory.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "base/random.h"
#include "bridge/relay.h"
#include "broker/broker.h"
#include "client/client_session.h"

namespace mq::test {

// A client session and its connection to a broker; bytes go over when pump() is called.
class Line {
 public:
  Line(Broker& broker, ClientOptions options, bool inside = false)
      : session(std::move(options)), broker_(&broker), inside_(inside) {}

  void connect(Now now);
  // As if the cable was pulled: what has been written and not pumped is lost.
  void cut(Now now);
  bool up() const { return id_.generation != 0; }

  // Carries up to `bytes` of what each end has written; true when there was something.
  template <class OnEvent>
  bool pump(Now now, size_t bytes, OnEvent&& on_event);

  ClientSession session;
  ConnId id() const { return id_; }

 private:
  void take_output(Now now);

  Broker* broker_;
  bool inside_;
  ConnId id_{};
  std::vector<uint8_t> to_broker_, to_client_;
  OutBatch batch_;
};

class RelayWorld {
 public:
  struct Options {
    std::vector<BridgeTopic> topics;
    Version version = Version::kV5;
    bool bridge_bit = true;
    bool clean = false;
    bool notify_remote = true;
    bool outgoing_retain = true;
    uint32_t send_packet_max = kPacketMax;
    BrokerOptions remote = {};
  };

  explicit RelayWorld(Options options);

  // Carries bytes until nothing moves any more. The local end of the bridge follows the relay.
  void settle();
  // So many rounds, of few bytes each.
  void rounds(int count, size_t bytes);
  void cut_remote();
  void connect_remote();
  // Another process takes the bridge's place.
  void restart_bridge();
  void restart_bridge(const std::vector<BridgeTopic>& topics);

  Line& client(BridgeEnd at) { return *clients_[at == BridgeEnd::kLocal ? 0 : 1]; }
  void publish(BridgeEnd at, std::string_view topic, std::string_view payload, int qos,
               bool retain = false, Properties properties = {});
  // "TOPIC PAYLOAD", with " retained" for those that say so, in order.
  std::vector<std::string>& heard(BridgeEnd at) { return heard_[at == BridgeEnd::kLocal ? 0 : 1]; }
  // The brokers that the last one says it has left, each with a blank behind.
  const std::string& way(BridgeEnd at) { return way_[at == BridgeEnd::kLocal ? 0 : 1]; }
  void subscribe(BridgeEnd at, std::string_view filter, int qos);

  Broker& broker(BridgeEnd at) { return *brokers_[at == BridgeEnd::kLocal ? 0 : 1]; }
  Relay& relay() { return *relay_; }
  ClientSession& session(BridgeEnd at) {
    return (at == BridgeEnd::kLocal ? *local_ : *remote_).session;
  }
  Now now{};

 private:
  bool step(size_t bytes);
  void follow();
  void make_bridge();
  void make_client(BridgeEnd at);

  Options options_;
  BridgeOptions bridge_;
  AllowAll access_;
  Random random_{1};
  std::unique_ptr<Broker> brokers_[2];
  std::unique_ptr<Line> clients_[2];
  std::unique_ptr<Line> local_, remote_;
  std::unique_ptr<Relay> relay_;
  bool wants_remote_ = false;
  std::vector<std::string> heard_[2];
  std::string way_[2];
};

}  // namespace mq::test
