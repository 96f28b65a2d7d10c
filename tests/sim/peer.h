// A client of the simulation: a real ClientSession and somebody random who uses it.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "client/backoff.h"
#include "client/client_session.h"
#include "sim/deliveries.h"
#include "sim/ledger.h"
#include "sim/scenario.h"
#include "sim/wire_tap.h"

namespace mq::sim {

struct Link;

// The world moves its bytes; this decides what to do with the session and checks what the session
// reports. Throws Failure.
class Peer {
 public:
  Peer(size_t number, ClientOptions options, const BrokerOptions& broker, Random& random,
       Ledger& ledger);

  const size_t index;
  ClientSession session;
  Backoff backoff;
  SentMessages sent;
  Link* link = nullptr;        // while there is a transport
  bool trusted = true;         // nobody else uses the client identifier
  bool gone = false;           // will not connect any more
  Time connect_at = kNever;    // while there is no transport
  Time act_at = kNever;
  Time flush_at = kNever;      // when output is moved to the transport

  // Does one thing that a client may do now.
  void act(Now now);
  void publish(Now now, std::optional<Qos> qos = std::nullopt, Weight weight = Weight::kAny);
  void subscribe(std::string filter, SubscribeOptions options);
  // The broker's session behind a Connected, told before the event.
  void note_session(Epoch& epoch, bool session_present);
  // Handles an event, MessageArrived excepted.
  void on_event(const ClientEvent& event);
  void on_closed() { requests_.clear(); }

  // Nothing is left to be done.
  bool at_rest() const {
    return session.state() == ClientSession::State::kConnected && !session.has_output() &&
           session.queued() == 0 && requests_.empty() && sent.entries.empty();
  }
  // Checks that every message that was taken was finished as it should.
  void check_finished() const;

 private:
  void publish_around_large(Now now);
  void subscribe_again();
  void unsubscribe();
  void send_request(const std::map<std::string, SubscribeOptions>& filters, bool with_id);
  void disconnect();
  void on_acked(const Acked& acked);

  const BrokerOptions& broker_;
  Random& random_;
  Ledger& ledger_;
  std::map<std::string, SubscribeOptions> wanted_;
  std::map<uint16_t, size_t> requests_;  // filters, by packet identifier
  uint32_t sessions_lost_ = 0;
  const Epoch* epoch_ = nullptr;  // of the last connection
};

}  // namespace mq::sim
