// SCRAM as the broker's AccessControl needs it: users in, answers out.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "auth/scram_server.h"
#include "auth/users.h"
#include "base/string_map.h"
#include "broker/access.h"

namespace mq {

// An exchange costs the server microseconds: the slow part of SCRAM is the client's.
class ScramAccess {
 public:
  // Told how an exchange ended.
  using Done = std::function<void(bool proven)>;

  // Answers the client's first message: with a challenge, or a refusal. A method that no user has
  // is Bad authentication method; all else that is wrong is Not authorized, at the latest with the
  // second message. `claimed` is the user name of CONNECT: if there is one, it must be the one that
  // is proven.
  AccessAnswer begin(const std::shared_ptr<const Users>& users, std::string_view method, Bytes data,
                     std::string_view claimed, Done done);

  // The users are others now: what was worked out from the old ones goes.
  void forget() { known_.clear(); }

 private:
  struct Known {
    std::vector<uint8_t> seed;        // of salts that are made up
    StringMap<ScramSecret> of_plain;  // by method and name: of passwords that are kept as they are
  };
  ScramServer::Found find(const Crypto& crypto, const Users& users, Known& known, Digest digest,
                          std::string_view name);

  std::map<std::shared_ptr<const Users>, Known> known_;
};

}  // namespace mq
