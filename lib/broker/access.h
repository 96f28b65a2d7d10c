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

// Topics that belong to the server itself: nobody publishes there.
inline bool is_reserved_topic(std::string_view topic) {
  return topic.starts_with('$') && (topic.starts_with("$SYS/") || topic.starts_with("$CONTROL/") ||
                                    topic.starts_with("$share/"));
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
