// Who may connect and who may do what.
#pragma once

#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "codec/reason_code.h"
#include "codec/version.h"

namespace mq {

// A client as rules see it. Views, valid during the call.
struct ClientIdentity {
  std::string_view client_id;
  std::string_view user_name;  // empty when it gave none
};

// Asked by the broker core on its own thread; must not block.
class AccessControl {
 public:
  virtual ~AccessControl() = default;
  // Success, or the Reason Code of the CONNACK that refuses the client.
  virtual ReasonCode connect(const ClientIdentity& client, std::optional<Bytes> password) = 0;
  // To publish to a topic, wills included.
  virtual bool may_publish(const ClientIdentity& client, std::string_view topic) = 0;
  // To subscribe to a filter (of a shared subscription: the part behind the share name).
  virtual bool may_subscribe(const ClientIdentity& client, std::string_view filter) = 0;
};

// Topics that belong to the server itself: nobody publishes there.
inline bool is_reserved_topic(std::string_view topic) {
  return topic.starts_with('$') && (topic.starts_with("$SYS/") || topic.starts_with("$CONTROL/") ||
                                    topic.starts_with("$share/"));
}

class AllowAll final : public AccessControl {
 public:
  ReasonCode connect(const ClientIdentity&, std::optional<Bytes>) override {
    return ReasonCode::kSuccess;
  }
  bool may_publish(const ClientIdentity&, std::string_view) override { return true; }
  bool may_subscribe(const ClientIdentity&, std::string_view) override { return true; }
};

}  // namespace mq
