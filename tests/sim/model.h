// What a broker has to do, written as plainly as possible: no windows, queues, trees or timers.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "broker/options.h"
#include "codec/packet.h"
#include "sim/deliveries.h"
#include "sim/ledger.h"

namespace mq::sim {

struct ModelSession;

// One network connection, as the broker has to see it.
struct ModelLink {
  explicit ModelLink(uint32_t n) : number(n) {}
  const uint32_t number;
  enum class State : uint8_t { kAwaitConnect, kConnected, kClosing };
  State state = State::kAwaitConnect;
  Version version = Version::kV311;
  uint16_t keep_alive_s = 0;
  Time accepted_at{}, last_received{};
  ModelSession* session = nullptr;  // while connected
  Epoch* epoch = nullptr;           // of that session, for ever

  // Answers that the broker owes, in order.
  std::optional<Connack> connack;
  std::deque<ReasonCode> pubacks, pubrecs;
  std::deque<std::vector<uint8_t>> subacks, unsubacks;
  std::optional<ReasonCode> goodbye;  // of the DISCONNECT to a 5.0 client
};

struct ModelSubscription {
  SubscribeOptions options;
  uint32_t id = 0;
};

struct ModelWill {
  uint32_t number;  // in the ledger
  uint32_t delay_s;
};

struct ModelSession {
  Epoch* epoch = nullptr;
  ModelLink* link = nullptr;
  uint32_t expiry_s = 0;
  Time expires = kNever;
  std::optional<ModelWill> will;
  Time will_due = kNever;
  std::map<std::string, ModelSubscription> subscriptions;  // by filter, "$share/..." included
  std::set<uint16_t> inbound_qos2;
};

// Shown every packet in the order in which the broker takes them, and every end of a connection
// and every tick that the broker is told of. Throws Failure when a client's message comes when it
// must not.
class Model {
 public:
  Model(const BrokerOptions& options, Ledger& ledger, Deliveries& deliveries)
      : options_(options), ledger_(ledger), deliveries_(deliveries) {}

  void accepted(ModelLink& link, Time now);
  // REQUIRES: the link is not closing; publish topics are without alias
  void receive(ModelLink& link, const Packet& packet, Time now);
  // Bytes have come, a whole packet or not.
  void heard(ModelLink& link, Time now) { link.last_received = now; }
  void closed(ModelLink& link, Time now);
  void tick(Time now);
  void shut_down(Time now);
  // The identifier that the server has chosen turns up in CONNACK.
  void assigned(ModelLink& link, std::string_view client_id);

  // Clients whose identifier is used by more than one client at a time.
  void distrust(const std::string& client_id) { distrusted_.insert(client_id); }

  size_t sessions() const { return sessions_.size(); }
  size_t retained() const { return retained_.size(); }
  size_t connected() const;

 private:
  void on_connect(ModelLink& link, const Connect& connect, Time now);
  void on_publish(ModelLink& link, const Publish& publish, Time now);
  void on_subscribe(ModelLink& link, const Subscribe& subscribe, Time now);
  void on_unsubscribe(ModelLink& link, const Unsubscribe& unsubscribe);
  void on_disconnect(ModelLink& link, const Disconnect& disconnect, Time now);

  // A message on its way through the broker.
  struct Routed {
    uint32_t number;
    std::string_view topic;
    Qos qos;
    bool retain;
    bool empty;
    Time expires;
  };
  ReasonCode accept(const Publish& publish, uint32_t number, ModelSession& from, Time now);
  bool route(const Routed& message, const ModelSession* from);
  bool retain(const Routed& message);
  void finish(ModelLink& link, std::optional<ReasonCode> goodbye, bool with_will, Time now);
  void detach(ModelLink& link, bool with_will, Time now);
  void end_session(ModelSession& session, Time now);
  void on_due(ModelSession& session, Time now);
  void publish_will(ModelSession& session, Time now);

  const BrokerOptions& options_;
  Ledger& ledger_;
  Deliveries& deliveries_;
  std::deque<Epoch> epochs_;
  std::map<std::string, std::unique_ptr<ModelSession>> sessions_;  // by client identifier
  struct Kept {
    uint32_t number;
    Qos qos;
    Time expires;
  };
  std::map<std::string, Kept> retained_;
  std::map<uint32_t, ModelLink*> links_;  // by number
  std::set<std::string> distrusted_;
  std::map<std::pair<size_t, Qos>, uint32_t> last_seen_;  // message, by publisher and QoS
  std::set<std::string> left_;  // share groups that have lost a member in the present tick
  uint32_t unnamed_ = 0;
};

}  // namespace mq::sim
