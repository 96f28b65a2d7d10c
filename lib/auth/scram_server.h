// The server's part of one SCRAM exchange.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "auth/scram.h"

namespace mq {

class ScramServer {
 public:
  // What is kept of a user's password. Of a user that is not there: something that looks the same,
  // and the same each time, so that the answer does not tell who is.
  struct Found {
    ScramSecret secret;
    bool real = false;
  };
  using Find = std::function<Found(std::string_view name)>;

  // REQUIRES: is_scram_nonce(nonce)
  ScramServer(const Crypto& crypto, std::string nonce)
      : crypto_(crypto), nonce_(std::move(nonce)) {}

  // The answer to client-first; nothing when that breaks the protocol or asks for what there is
  // not: channel binding, acting for another user, extensions.
  std::optional<std::string> challenge(Bytes client_first, const Find& find);
  // The answer to client-final, in which the server proves itself; nothing when the client has not.
  // REQUIRES: challenge() had an answer
  std::optional<std::string> verify(Bytes client_final) const;
  // Proven only after verify().
  const std::string& user_name() const { return user_name_; }

 private:
  const Crypto& crypto_;
  std::string nonce_;     // the server's part; from challenge() on both parts
  std::string header_;    // GS2, as the client sent it
  std::string messages_;  // client-first-message-bare,server-first-message
  std::string user_name_;
  Found found_;
};

}  // namespace mq
