// SCRAM-SHA-256 and SCRAM-SHA-512 (RFC 5802, RFC 7677): a password proven without being sent, by
// both ends to each other. Without channel binding. Names and passwords are taken byte for byte:
// for ASCII that is what SASLprep makes of them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/crypto.h"
#include "base/bytes.h"
#include "base/result.h"

namespace mq {

// What a server keeps of a password. Whoever reads it can neither log in with it nor find the
// password faster than PBKDF2 lets him; but he could pose as the server.
struct ScramSecret {
  Digest digest = Digest::kSha256;
  uint32_t iterations = 0;
  std::vector<uint8_t> salt, stored_key, server_key;

  // RFC 5803 without its parentheses, which is PostgreSQL's form, too:
  // SCRAM-SHA-256$ITERATIONS:SALT$STOREDKEY:SERVERKEY
  static Result<ScramSecret> parse(std::string_view text);
  std::string text() const;
};

// "SCRAM-SHA-256", and back.
std::string_view scram_method(Digest digest);
std::optional<Digest> scram_digest(std::string_view method);

// Takes milliseconds by intention. Empty keys when OpenSSL fails.
std::vector<uint8_t> salted_password(const Crypto& crypto, Digest digest, Bytes password,
                                     Bytes salt, uint32_t iterations);
ScramSecret scram_secret(const Crypto& crypto, Digest digest, Bytes password, Bytes salt,
                         uint32_t iterations);
bool is_password(const Crypto& crypto, const ScramSecret& secret, Bytes password);

// RFC 7677 asks for no fewer; a client that went along with fewer would hand its password to
// whoever answers in the server's place.
inline constexpr uint32_t kScramIterationsMin = 4096;
inline constexpr uint32_t kScramIterationsMax = 10'000'000;
inline constexpr size_t kScramMessageMax = 8192;  // bytes of a message that is looked at
inline constexpr size_t kScramNonceSize = 18;     // random bytes in a nonce

}  // namespace mq
