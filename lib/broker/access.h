// Who may connect and who may do what.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "broker/conn_id.h"
#include "broker/options.h"
#include "codec/reason_code.h"
#include "codec/version.h"

namespace mq {

// What a client was granted by more than the server's own rules: by its token. The broker keeps it
// with the session and hands it back; it is AccessControl's to read.
class ClientGrant {
 public:
  virtual ~ClientGrant() = default;
  // What its token says under that name; empty when nothing.
  virtual std::string_view claim(std::string_view name) const = 0;
};

// A client as rules see it. Views, valid during the call.
struct ClientIdentity {
  std::string_view client_id;
  std::string_view user_name;  // empty when it gave none
  ListenerId listener = 0;     // that it came, or last came, from
  const ClientGrant* grant = nullptr;
  bool trusted = false;  // a bridge of this program that says no name: no rule is about it
};

// Who asks to be let in. Views, valid during the call.
struct ConnectRequest {
  ConnId connection;
  ClientIdentity client;
  std::optional<Bytes> password;
  // Enhanced authentication (section 4.12): the method that the client has chosen.
  std::optional<std::string_view> method = {};
  Bytes data = {};  // its Authentication Data, empty when there is none
  bool again = false;  // it is connected, as `client`, and authenticates anew
};

class AuthExchange;

// What a client that asks to be let in is told.
struct AccessAnswer {
  AccessAnswer(ReasonCode code) : reason(code) {}  // NOLINT: most answers are no more than that

  // Success; Continue authentication, with `exchange`; or the code of the CONNACK that refuses.
  ReasonCode reason;
  std::vector<uint8_t> data = {};  // Authentication Data for the client
  // Who it has turned out to be, or of a refusal who it says it is; empty: as in its CONNECT.
  std::string user_name = {};
  std::unique_ptr<AuthExchange> exchange = {};
  std::shared_ptr<const ClientGrant> grant = {};
  bool proven = false;             // who it is, and not only said
  Time until = kNever;             // when it has to be let in anew
};

// An enhanced authentication between two messages of the client. The broker keeps it as long as
// the connection is there.
class AuthExchange {
 public:
  virtual ~AuthExchange() = default;
  // The data of the client's next AUTH. Must not block.
  virtual AccessAnswer proceed(Bytes data) = 0;
};

// Asked by the broker core on its own thread; must not block.
class AccessControl {
 public:
  virtual ~AccessControl() = default;
  // Nothing when the answer takes a while: Broker::authenticated() is called then, unless the
  // connection has gone.
  virtual std::optional<AccessAnswer> connect(const ConnectRequest& request) = 0;
  // To publish to a topic, wills included.
  virtual bool may_publish(const ClientIdentity& client, std::string_view topic) = 0;
  // To subscribe to a filter (of a shared subscription: the part behind the share name).
  virtual bool may_subscribe(const ClientIdentity& client, std::string_view filter) = 0;
  // To be sent a message. Asked for every delivery, but only while restricts_reading().
  virtual bool may_read(const ClientIdentity&, std::string_view) { return true; }

  bool restricts_reading() const { return restricts_reading_; }
  // Whether there are clients that prove who they are: then sessions are theirs.
  bool proves_names() const { return proves_names_; }

 protected:
  bool restricts_reading_ = false;
  bool proves_names_ = false;
};

// The NAME of $SYS/broker/connection/NAME/state, where mosquitto's bridges say whether they are
// connected; empty for any other topic.
inline std::string_view bridge_of_state(std::string_view topic) {
  constexpr std::string_view kConnection = "$SYS/broker/connection/", kState = "/state";
  if (!topic.starts_with(kConnection)) return {};
  topic.remove_prefix(kConnection.size());
  if (!topic.ends_with(kState)) return {};
  topic.remove_suffix(kState.size());
  return topic.find('/') == std::string_view::npos ? topic : std::string_view();
}

// Topics that belong to the server itself: nobody publishes there. Only the state of a bridge is
// told by the client whose identifier it has, and by bridges of this program, which are `trusted`.
inline bool is_reserved_topic(std::string_view topic, std::string_view client_id, bool trusted) {
  if (!topic.starts_with('$')) return false;
  if (!topic.starts_with("$SYS/") && !topic.starts_with("$CONTROL/") &&
      !topic.starts_with("$share/")) {
    return false;
  }
  const std::string_view bridge = bridge_of_state(topic);
  return bridge.empty() || !(trusted || bridge == client_id);
}

class AllowAll final : public AccessControl {
 public:
  std::optional<AccessAnswer> connect(const ConnectRequest& request) override {
    return request.method ? ReasonCode::kBadAuthenticationMethod : ReasonCode::kSuccess;
  }
  bool may_publish(const ClientIdentity&, std::string_view) override { return true; }
  bool may_subscribe(const ClientIdentity&, std::string_view) override { return true; }
};

}  // namespace mq
