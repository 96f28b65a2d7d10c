// What a bridge does with messages and acknowledgements, without a network.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.h"
#include "bridge/bridge_options.h"
#include "client/client_session.h"

namespace mq {

// Stands between two client sessions, one with the broker of this program and one with another.
// Each message that arrives at one end is published at the other, and acknowledged when that end
// has acknowledged it: what both brokers keep is never only here.
//
// Both ends are on at the same time or not at all: while the remote one is away, the local session
// is without a connection, too, and the broker queues for it, or does not, as for any client that
// is away. Only for a moment at the start, and until the local subscriptions are made, is the local
// end on by itself.
//
// Confined to one thread; never reads a clock, never calls out. The owner makes and ends the
// connections, and sends what the sessions have to send after each call.
class Relay {
 public:
  // Both sessions hold_acks, and outlive the relay.
  Relay(const BridgeOptions& options, ClientSession& local, ClientSession& remote);

  // Everything that a session reports.
  void on_event(BridgeEnd at, const ClientEvent& event, Now now);
  // The connection of that end is no more.
  void on_lost(BridgeEnd at);
  // What the remote broker is told before it is left: the will is only for accidents.
  void say_goodbye(Now now);

  // Whether the local end is to be connected.
  bool wants_local() const { return up(BridgeEnd::kRemote) || preparing_; }
  // Both ends are connected: messages flow.
  bool established() const { return up(BridgeEnd::kLocal) && up(BridgeEnd::kRemote); }
  // Whether that end is not to be read at present, because the other does not keep up. Never both:
  // each is read for the other's acknowledgements, too.
  bool wants_pause(BridgeEnd at) const { return paused_[index(at)]; }
  // The owner calls it when something was sent or acknowledged.
  void look_at_queues();

  // What an owner may want to tell its user; kept until take_notes().
  struct Note {
    enum class What : uint8_t {
      kTopicRefused,    // the broker at that end did not accept a subscription
      kMessageRefused,  // it did not take a message, which is lost
      kMessageDropped,  // of QoS 0, because the other end is away or too slow
      kNotMapped,       // came without being asked for: of a subscription that is not ours any more
      kCircle,          // has been there, and does not go again; told once
    };
    What what;
    BridgeEnd at;
    std::string topic;
    std::string why;
  };
  std::vector<Note> take_notes() { return std::exchange(notes_, {}); }
  // Messages that were passed on, and those that were lost, of all kinds.
  uint64_t passed() const { return passed_; }
  uint64_t dropped() const { return dropped_; }

  // What the CONNECT at that end has for a will; nothing without notifications. Should its broker
  // refuse it, the next one is less.
  static std::optional<WillOptions> will(const BridgeOptions& options, BridgeEnd at);

 private:
  struct End {
    ClientSession* session;
    bool up = false;
    bool subscribed = false;  // since this program runs, with what is retained
    bool session_present = false;
    bool retains = true;
    Qos qos_max = Qos::kExactlyOnce;
    bool dropping = false;    // messages of QoS 0 for it, which was told
    std::string via = {};     // what its broker is called on the way of messages, if it says so
    uint32_t unanswered = 0;  // SUBSCRIBE and UNSUBSCRIBE
  };

  static size_t index(BridgeEnd end) { return static_cast<size_t>(end); }
  End& end(BridgeEnd at) { return ends_[index(at)]; }
  const End& end(BridgeEnd at) const { return ends_[index(at)]; }
  // Not one that is being left: nothing can be asked of it any more.
  bool up(BridgeEnd at) const {
    return end(at).up && end(at).session->state() == ClientSession::State::kConnected;
  }

  void on_connected(BridgeEnd at, const Connected& connected, Now now);
  void on_refused(BridgeEnd at, ReasonCode reason);
  void subscribe(BridgeEnd at, RetainHandling retained);
  void announce(Now now);
  void notify(BridgeEnd at, std::string_view state, Now now);
  bool goes_in_circles(BridgeEnd to, Properties properties);
  void drop(BridgeEnd at, std::string_view why);
  Properties with_via(Properties properties, const std::string& via);
  void pass_on(BridgeEnd from, const Publish& publish, uint32_t receipt, Now now);
  void on_acked(BridgeEnd at, const Acked& acked);
  void on_subscribed(BridgeEnd at, const Subscribed& subscribed);
  void note(Note::What what, BridgeEnd at, std::string_view topic, std::string_view why);

  const BridgeOptions& options_;
  End ends_[2];
  bool preparing_ = true;  // the local subscriptions are still to be made
  bool paused_[2] = {};
  std::vector<TopicMap::Filter> filters_[2];  // tokens of SUBSCRIBE are their places
  std::string topic_;                         // of the last message at the other end
  uint64_t passed_ = 0, dropped_ = 0;
  bool circle_told_ = false;
  Buffer properties_;  // of the last message at the other end
  std::vector<Note> notes_;
};

}  // namespace mq
