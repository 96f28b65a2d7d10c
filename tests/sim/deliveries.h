// What each session has to be sent, and what it was.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "base/time.h"
#include "codec/packet.h"
#include "sim/ledger.h"
#include "sim/wire_tap.h"

namespace mq::sim {

// One session of the broker from its beginning to its end.
struct Epoch {
  uint32_t number = 0;
  std::string client_id;
  bool alive = true;
  // Whether one client was at the other end all the time. Two that share an identifier take each
  // other's messages, and only what they must not get can be checked.
  bool trusted = true;
  uint32_t packet_max = kPacketMax;  // the smallest that its connections allowed
  SentMessages sent;
};

// How a message has to look when it arrives.
struct Shape {
  Qos qos = Qos::kAtMostOnce;
  bool retain = false;
  std::vector<uint32_t> subscription_ids;  // sorted
  friend bool operator==(const Shape&, const Shape&) = default;
};

// Told by the model what to expect, and by the clients what has come. Throws Failure for what was
// not expected, and in check() for what did not come.
class Deliveries {
 public:
  explicit Deliveries(Ledger& ledger) : ledger_(ledger) {}

  // A message for this session; `number` 0 stands for all that have an empty payload.
  void expect(Epoch& epoch, uint32_t number, std::string_view topic, Shape shape, Time expires,
              bool replay);
  // A message for one of the members of a shared subscription.
  struct Member {
    Epoch* epoch;
    Shape shape;
  };
  void expect_shared(const std::string& group, std::vector<Member> members, uint32_t number,
                     std::string_view topic, Time expires);
  // A session is from now on, or no longer, a member.
  void joined(const std::string& group, const Epoch& epoch);
  void left(const std::string& group);

  // `has_ids` tells whether the connection can carry Subscription Identifiers.
  void arrived(Epoch& epoch, const Publish& publish, bool has_ids);

  // What cannot get lost must have arrived.
  void check(Time now) const;

  // From here on QoS 0 does not get lost either.
  void set_calm(bool calm) { calm_ = calm; }
  // The broker has dropped messages because a queue was full.
  void set_lossy() { lossy_ = true; }
  uint64_t arrived_count() const { return arrived_count_; }

 private:
  // One delivery that is due: to a session, or to one of the members of a share group.
  struct Copy {
    std::string group;  // empty for a session
    std::vector<Member> members;
    uint64_t sequence;
    Time expires;
    bool replay;  // retained, sent because of a SUBSCRIBE
    bool calm;
  };
  struct Arrival {
    const Epoch* epoch;
    Shape shape;
    bool has_ids;
  };
  // All copies of one message and all arrivals of it. Copies can look the same (a message that
  // was accepted twice at QoS 1, one that is retained and sent for each SUBSCRIBE, a session in
  // several share groups): which arrival belongs to which copy is found by matching the two.
  struct Copies {
    std::vector<Copy> copies;
    std::vector<Arrival> arrivals;
    std::vector<size_t> arrival_of;  // by copy; kNone before it has come
    std::set<std::pair<uint32_t, uint16_t>> packets;  // epochs and identifiers of arrivals
  };
  struct Group {
    std::set<uint32_t> ever;     // numbers of all epochs that have been members
    uint64_t last_left = 0;      // sequence
  };

  Copies& copies_of(uint32_t number, std::string_view topic);
  void add(uint32_t number, std::string_view topic, Copy copy);
  bool has_left(const Copy& copy) const;
  bool is_possible(const Copy& copy, const Arrival& arrival) const;
  enum class Repetitions : uint8_t { kHold, kYield };  // the copies that they were taken for
  bool assign(Copies& all, size_t arrival, Repetitions repetitions, std::vector<bool>& seen) const;
  void check_order(Copies& all, const Publish& publish);
  bool may_repeat(const Copies& all, const Arrival& arrival) const;
  bool is_excused(const Epoch& epoch, const Publication* message) const;
  bool must_come(const Copy& copy, const Publication* message, Time now) const;
  void check(const Copies& all, const Publication* message, Time now) const;

  Ledger& ledger_;
  std::map<uint32_t, Copies> by_number_;
  std::map<std::string, Copies, std::less<>> empty_;  // by topic
  std::map<std::string, Group> groups_;
  // The last copy that came in order, by session, publisher and QoS.
  std::map<std::tuple<uint32_t, size_t, Qos>, uint64_t> last_;
  uint64_t sequence_ = 0;
  uint64_t arrived_count_ = 0;
  bool calm_ = false;
  bool lossy_ = false;
};

}  // namespace mq::sim
