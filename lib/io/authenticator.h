// Lets clients in by password, token or SCRAM and holds them to the rules of an acl_file.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "auth/acl.h"
#include "auth/scram_access.h"
#include "auth/token.h"
#include "auth/users.h"
#include "base/string_map.h"
#include "broker/access.h"
#include "io/loop.h"

namespace mq {

class BrokerServer;

// What holds at one listener.
struct AuthRules {
  std::shared_ptr<const Users> users;  // null: there are no passwords, and a name is only a name
  std::shared_ptr<const Acl> acl;      // null: everybody may do everything
  std::shared_ptr<const TokenVerifier> tokens = {};  // null: tokens are no passwords
  bool allow_anonymous = true;
  bool names_proven = false;  // by certificates or keys: names are more than names
};

// Passwords are checked on libuv's thread pool: a hash takes milliseconds by intention. An address
// that keeps guessing is checked once a second.
class Authenticator final : public AccessControl {
 public:
  Authenticator(Loop& loop, uint32_t failures_max);
  ~Authenticator() override;

  // The server that asks. Before its first connection.
  void set_server(BrokerServer& server) { server_ = &server; }
  // By ListenerId, the first for the broker's own. In force from the next question on.
  void set_rules(std::vector<AuthRules> rules);

  std::optional<AccessAnswer> connect(const ConnectRequest& request) override;
  bool may_publish(const ClientIdentity& client, std::string_view topic) override;
  bool may_subscribe(const ClientIdentity& client, std::string_view filter) override;
  bool may_read(const ClientIdentity& client, std::string_view topic) override;

  uint64_t delayed() const { return delayed_count_; }  // log-ins that had to wait so far

 private:
  struct Attempt {
    ConnId connection;
    std::shared_ptr<const Users> users;
    std::shared_ptr<const TokenVerifier> tokens;  // null: the password is none
    std::string user;
    std::vector<uint8_t> password;
    std::optional<std::string> method;  // of enhanced authentication, with `data` for `password`
    std::vector<uint8_t> data;
    std::string address;
  };
  struct Guesses {
    Time since{};          // start of the minute in which they are counted
    uint32_t failures = 0;
    Time next{};           // not checked before
  };
  struct Delayed {
    Time due;
    Attempt attempt;
  };
  struct Work;
  struct Owner {
    Authenticator* self;
  };

  const AuthRules& rules(const ClientIdentity& client) const;
  template <class Ask>
  bool both(const ClientIdentity& client, Ask&& ask) const;
  Time earliest(const std::string& address, Time now);
  AccessAnswer begin_scram(const Attempt& attempt);
  void check(Attempt attempt);
  void checked(const Attempt& attempt, AccessAnswer answer);
  AccessAnswer answer(const Attempt& attempt, const Result<Token>& token);
  void count_failure(const std::string& address);
  void check_delayed(Now now);

  Loop& loop_;
  const uint32_t failures_max_;
  BrokerServer* server_ = nullptr;
  std::vector<AuthRules> rules_;
  ScramAccess scram_;
  StringMap<Guesses> guesses_;   // by address without port
  std::vector<Delayed> delayed_;
  Timer timer_;
  uint64_t delayed_count_ = 0;
  std::shared_ptr<Owner> owner_;  // what the pool still works on may outlive this
};

}  // namespace mq
