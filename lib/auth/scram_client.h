// The client's part of one SCRAM exchange.
#pragma once

#include <functional>
#include <string>

#include "auth/scram.h"

namespace mq {

class ScramClient {
 public:
  // Gives salted_password() of the password; a program with many clients keeps it.
  using Salted = std::function<std::vector<uint8_t>(Bytes salt, uint32_t iterations)>;

  // REQUIRES: is_scram_nonce(nonce)
  ScramClient(const Crypto& crypto, Digest digest, std::string_view user_name, std::string nonce);

  // client-first, the data of CONNECT.
  std::string first() const;
  // client-final, the answer to server-first.
  Result<std::string> answer(Bytes server_first, const Salted& salted);
  // Whether server-final proves that the server knows the password, too.
  Result<void> check(Bytes server_final) const;

 private:
  const Crypto& crypto_;
  const Digest digest_;
  const std::string nonce_;
  const std::string bare_;                 // client-first without the GS2 header
  std::vector<uint8_t> server_signature_;  // expected; empty before answer()
};

}  // namespace mq
