// Scripted exchanges with the real broker core: several clients by name, a clock in the test's
// hand, every byte the broker sends accounted for.
#pragma once

#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "broker/broker.h"
#include "support/script.h"

namespace mq::test {

// The rules of a test: everything is allowed but what it names.
class FakeAccess final : public AccessControl {
 public:
  std::map<std::string, std::string> passwords;  // of user names; empty: anybody may connect
  std::set<std::string> unpublishable;           // topics
  std::set<std::string> unsubscribable;          // filters
  std::string last_user;                         // who published or subscribed last
  bool takes_time = false;                       // Broker::authenticated() is the test's matter
  // An Authentication Method that takes a word and asks for another: "first" is answered with
  // "second?", and "second" with "done". A client that says "third" is somebody else.
  std::string method;
  uint32_t exchanges = 0;                        // alive
  Time until = kNever;                           // for how long clients are let in
  std::set<ListenerId> open_listeners;           // there a name is only a name
  // What a client may not be sent, (client identifier, topic); with restrict_reading().
  std::set<std::pair<std::string, std::string>> unreadable;
  std::set<ListenerId> asked_at;  // where may_read() was asked about
  void restrict_reading() { restricts_reading_ = true; }
  void prove_names(bool some = true) { proves_names_ = some; }

  AccessAnswer challenge();  // what "first" is answered with
  std::optional<AccessAnswer> connect(const ConnectRequest& request) override;
  bool may_publish(const ClientIdentity& client, std::string_view topic) override;
  bool may_subscribe(const ClientIdentity& client, std::string_view filter) override;
  bool may_read(const ClientIdentity& client, std::string_view topic) override;
};

// What a PUBLISH has beside topic and payload. `properties` are in wire notation, without their
// length.
struct With {
  int qos = 0;
  uint16_t id = 0;
  bool retain = false;
  bool dup = false;
  std::string_view properties = "";
};

struct WillOf {
  std::string_view topic;
  std::string_view payload;
  int qos = 0;
  bool retain = false;
  std::string_view properties = "";
};

// A CONNECT. The client identifier is the client's name unless given.
struct Hello {
  Version version = Version::kV5;
  bool clean = true;
  uint16_t keep_alive_s = 0;
  std::string_view properties = "";
  std::optional<WillOf> will = std::nullopt;
  std::optional<std::string_view> client_id = std::nullopt;
  std::optional<std::string_view> user_name = std::nullopt;
  std::optional<std::string_view> password = std::nullopt;
};

// Packets made by hand here and not by lib/codec, so that the two cannot agree on a mistake.
std::vector<uint8_t> connect_packet(std::string_view client_id, const Hello& hello);
std::vector<uint8_t> publish_packet(Version version, std::string_view topic,
                                    std::string_view payload, const With& with);
// `options` is the byte behind the filter.
std::vector<uint8_t> subscribe_packet(Version version, uint16_t id, std::string_view filter,
                                      uint8_t options, std::string_view properties = "");
std::vector<uint8_t> unsubscribe_packet(Version version, uint16_t id, std::string_view filter);

class BrokerScript;

// One client. What the broker sends has to be expected in the order in which it comes, and
// completely: what is left over at a close or at the end of the script fails the test.
class Peer {
 public:
  // The network connection comes (the broker takes it) and goes (without a DISCONNECT).
  Peer& open(Where where = Where::here());
  Peer& drop(Where where = Where::here());

  Peer& send(std::string_view packets);
  Peer& send(const std::vector<uint8_t>& bytes);
  Peer& send_bytewise(const std::vector<uint8_t>& bytes);
  Peer& expect(std::string_view packets, Where where = Where::here());
  Peer& expect(const std::vector<uint8_t>& bytes, Where where = Where::here());
  Peer& expect_nothing(Where where = Where::here());
  // The broker wants the connection closed, has nothing more to send, and it is.
  Peer& expect_close(Where where = Where::here());
  // DISCONNECT with the reason code, whatever its Reason String, and the end.
  Peer& expect_disconnect(uint8_t reason, Where where = Where::here());
  // The first refusal or end of a v5 or v3 client, as it is told there.
  Peer& expect_refusal(uint8_t reason, Where where = Where::here());
  Peer& skip_output();
  // What the broker has sent and the script has not asked for yet.
  const std::vector<uint8_t>& output();
  // One packet off the front of that; empty when there is none.
  std::vector<uint8_t> take_packet();

  // The socket takes nothing for a while: the broker's queue grows.
  Peer& stop_reading();
  Peer& read_again();

  // Exchanges that most tests begin with. CONNACK without a session and with one:
  Peer& connect(const Hello& hello = {}, Where where = Where::here());
  Peer& resume(const Hello& hello = {}, Where where = Where::here());
  // Only the CONNECT.
  Peer& hello(const Hello& hello, Where where = Where::here());
  // DISCONNECT 0x00 and the end.
  Peer& disconnect(Where where = Where::here());
  // SUBSCRIBE under the identifier 0xFFFF and the SUBACK that grants it.
  Peer& subscribe(std::string_view filter, uint8_t options = 0, std::string_view properties = "",
                  Where where = Where::here());
  Peer& unsubscribe(std::string_view filter, Where where = Where::here());
  Peer& publish(std::string_view topic, std::string_view payload, const With& with = {});
  Peer& expect_publish(std::string_view topic, std::string_view payload, const With& with = {},
                       Where where = Where::here());

  const std::string& name() const { return name_; }
  bool is_open() const { return id_.generation != 0; }
  ConnId id() const { return id_; }

 private:
  friend class BrokerScript;
  Peer(BrokerScript& script, std::string name) : script_(script), name_(std::move(name)) {}
  void pump();
  void check_nothing_left(Where where);
  void fail(Where where, const std::string& what) const;

  BrokerScript& script_;
  const std::string name_;
  Version version_ = Version::kV5;
  ConnId id_;
  bool stopped_ = false;
  std::vector<uint8_t> output_;
};

// $SYS is off unless the test turns it on.
BrokerOptions quiet();

class BrokerScript {
 public:
  explicit BrokerScript(const BrokerOptions& options = quiet(), SessionStore* store = nullptr);
  // The broker ends, and with it every message.
  ~BrokerScript();
  BrokerScript(const BrokerScript&) = delete;
  BrokerScript& operator=(const BrokerScript&) = delete;

  Peer& operator[](std::string_view name);
  // Lets time pass, with a tick at every deadline on the way.
  void advance(Duration by, Where where = Where::here());
  // Lets time pass without a tick: a loop that is late.
  void oversleep(Duration by);

  // Closes the open batch of changes and lets output follow, as a loop turn does.
  void turn();
  // The batches up to this one are safe.
  void durable(BatchId batch);
  // The broker ends without a word, and all connections with it; a new one starts from the store
  // after `down`.
  void restart(Duration down = {});

  Broker& broker() { return *broker_; }
  const Counters& counters() const { return broker_->counters(); }
  Now now() const { return now_; }

  FakeAccess access;
  ListenerId listener = 0;          // that new connections come from
  std::vector<std::string> events;  // the broker's log: "NAME-OF-EVENT CLIENT-ID: detail",
                                    // and the limit in parentheses

 private:
  friend class Peer;
  void pump();

  void start();

  Random random_{1};
  Now now_;
  const BrokerOptions options_;
  SessionStore* const store_;
  std::optional<Broker> broker_;
  OutBatch batch_;
  std::map<std::string, std::unique_ptr<Peer>, std::less<>> peers_;
};

}  // namespace mq::test
