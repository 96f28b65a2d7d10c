// The client's end of SCRAM over a ClientSession.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "auth/scram_client.h"
#include "client/client_session.h"

namespace mq {

struct ScramCredentials {
  Digest digest = Digest::kSha256;
  std::string user_name, password;
};

// One for each connection.
class ScramLogin {
 public:
  // Loads the module that hashes.
  static Result<ScramLogin> make(const ScramCredentials& credentials);

  // The Authentication Data of the CONNECT.
  std::string first() const { return client_.first(); }
  // Answers a challenge; looks whether a server that accepts us has proven that it knows the
  // password, too. True when the event was only about that.
  Result<bool> on_event(const ClientEvent& event, ClientSession& session);

 private:
  ScramLogin(const Crypto& crypto, const ScramCredentials& credentials, std::string nonce);

  const Crypto& crypto_;
  const ScramCredentials& credentials_;
  ScramClient client_;
};

}  // namespace mq
