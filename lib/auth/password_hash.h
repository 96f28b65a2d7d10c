// Passwords as password files keep them: salted and slow to try.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace mq {

struct Crypto;

class PasswordHash {
 public:
  enum class Scheme : uint8_t {
    kSha512,    // $6$salt$hash: read for the sake of old files, never written
    kPbkdf2,    // $7$iterations$salt$hash: PBKDF2 with HMAC-SHA-512 (RFC 8018)
    kArgon2id,  // $argon2id$v=19$m=..,t=..,p=..$salt$hash (RFC 9106)
  };

  // Makes a hash with a new salt. `iterations` is for kPbkdf2.
  static Result<PasswordHash> make(Bytes password, Scheme scheme,
                                   uint32_t iterations = kIterationsDefault);
  // Reads the part of a password file's line behind the name.
  static Result<PasswordHash> parse(std::string_view text);

  // Takes milliseconds by intention: not for the loop's thread. Compares in constant time. Without
  // the module of Crypto nothing matches.
  bool matches(Bytes password) const;

  std::string text() const;
  Scheme scheme() const { return scheme_; }
  uint32_t iterations() const { return iterations_; }

  // Some 30 ms of one core: a broker has many clients, and they all come back at once.
  static constexpr uint32_t kIterationsDefault = 20'000;
  static constexpr uint32_t kIterationsMax = 10'000'000;

 private:
  std::vector<uint8_t> digest_of(const Crypto& crypto, Bytes password) const;

  Scheme scheme_ = Scheme::kPbkdf2;
  uint32_t iterations_ = 0;
  std::vector<uint8_t> salt_, digest_;
  std::string argon2_;  // as it was read
};

}  // namespace mq
