// The cryptography behind passwords, SCRAM and tokens, from a module that is loaded when it is
// first needed: linked, OpenSSL's libcrypto took 1.8 MB of every idle mqbroker, with passwords or
// without.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace mq {

struct TokenOptions;
class TokenVerifier;

enum class Digest : uint8_t { kSha256, kSha512 };

// What argon2id is to cost.
struct Argon2Cost {
  uint32_t passes, kib, lanes;
};

// Every function may be called from several threads at a time. Hashes come as bytes; none at all
// when OpenSSL has not got the algorithm.
struct Crypto {
  using Hash = std::vector<uint8_t>;

  bool (*random)(std::span<uint8_t> to);
  Hash (*hash)(Digest digest, Bytes first, Bytes second);  // of both, one behind the other
  Hash (*hmac)(Digest digest, Bytes key, Bytes data);
  Hash (*pbkdf2)(Digest digest, Bytes password, Bytes salt, uint32_t iterations);
  // A PHC string, and whether one is of that password.
  Result<std::string> (*argon2id)(Bytes password, Bytes salt, const Argon2Cost& cost);
  bool (*is_argon2id)(const std::string& text, Bytes password);
  bool (*equal)(Bytes a, Bytes b);  // in a time that says nothing of where they differ
  Result<std::shared_ptr<const TokenVerifier>> (*token_verifier)(const TokenOptions& options);
  // Gives back what OpenSSL keeps for the calling thread. One that ends after main() has to have
  // called it: by then OpenSSL has gone.
  void (*release_thread)();
};

// Loads it on the first call.
Result<const Crypto*> crypto();

}  // namespace mq
