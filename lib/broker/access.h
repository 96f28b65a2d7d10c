// Who may connect and who may do what.
#pragma once

#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "broker/conn_id.h"
#include "broker/options.h"
#include "codec/reason_code.h"
#include "codec/version.h"

namespace mq {

// A client as rules see it. Views, valid during the call.
struct ClientIdentity {
  std::string_view client_id;
  std::string_view user_name;  // empty when it gave none
  ListenerId listener = 0;     // that it came, or last came, from
};

// Who asks to be let in. Views, valid during the call.
struct ConnectRequest {
  ConnId connection;
  ClientIdentity client;
  std::optional<Bytes> password;
};

// Asked by the broker core on its own thread; must not block.
class AccessControl {
 public:
  virtual ~AccessControl() = default;
  // Success, or the Reason Code of the CONNACK that refuses the client. Nothing when that takes a
  // while: Broker::authenticated() is called then, unless the connection has gone.
  virtual std::optional<ReasonCode> connect(const ConnectRequest& request) = 0;
  // To publish to a topic, wills included.
  virtual bool may_publish(const ClientIdentity& client, std::string_view topic) = 0;
  // To subscribe to a filter (of a shared subscription: the part behind the share name).
  virtual bool may_subscribe(const ClientIdentity& client, std::string_view filter) = 0;
  // To be sent a message. Asked for every delivery, but only while restricts_reading().
  virtual bool may_read(const ClientIdentity&, std::string_view) { return true; }
  // To go on with a session that a client of this user name has begun.
  virtual bool may_resume(const ClientIdentity&, std::string_view) { return true; }

  bool restricts_reading() const { return restricts_reading_; }

 protected:
  bool restricts_reading_ = false;
};

// Topics that belong to the server itself: nobody publishes there.
inline bool is_reserved_topic(std::string_view topic) {
  return topic.starts_with('$') && (topic.starts_with("$SYS/") || topic.starts_with("$CONTROL/") ||
                                    topic.starts_with("$share/"));
}

class AllowAll final : public AccessControl {
 public:
  std::optional<ReasonCode> connect(const ConnectRequest&) override {
    return ReasonCode::kSuccess;
  }
  bool may_publish(const ClientIdentity&, std::string_view) override { return true; }
  bool may_subscribe(const ClientIdentity&, std::string_view) override { return true; }
};

}  // namespace mq
