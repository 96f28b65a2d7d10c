// Passwords as password files keep them: salted and slow to try.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/crypto.h"
#include "auth/scram.h"
#include "base/bytes.h"
#include "base/result.h"

namespace mq {

class PasswordHash {
 public:
  enum class Scheme : uint8_t {
    kSha512,    // $6$salt$hash: read for the sake of old files, never written
    kPbkdf2,    // $7$iterations$salt$hash: PBKDF2 with HMAC-SHA-512 (RFC 8018)
    kArgon2id,  // $argon2id$v=19$m=..,t=..,p=..$salt$hash (RFC 9106)
    kScramSha256, kScramSha512,  // see ScramSecret
    kPlain,     // kept as it is, in memory only; see plain()
  };

  // Makes a hash with a new salt. `iterations` is for all but kArgon2id.
  static Result<PasswordHash> make(Bytes password, Scheme scheme,
                                   uint32_t iterations = kIterationsDefault);
  // The password itself, which can be matched and be made any other form of.
  static PasswordHash plain(std::string_view password);
  // Reads the part of a password file's line behind the name.
  static Result<PasswordHash> parse(std::string_view text);

  // Takes milliseconds by intention: not for the loop's thread. Compares in constant time. Without
  // the module of Crypto nothing matches.
  bool matches(Bytes password) const;

  std::string text() const;
  Scheme scheme() const { return scheme_; }
  uint32_t iterations() const { return iterations_; }
  // Null when it is none.
  const ScramSecret* scram() const { return scram_ ? &*scram_ : nullptr; }
  // REQUIRES: scheme() == Scheme::kPlain
  const std::string& password() const { return verbatim_; }

  // Some 30 ms of one core: a broker has many clients, and they all come back at once.
  static constexpr uint32_t kIterationsDefault = 20'000;
  static constexpr uint32_t kIterationsMax = 10'000'000;
  // Bytes of a new salt. mosquitto up to 2.0 reads $7$ with salts of this size and of no other.
  static constexpr size_t kSaltSize = 12;

 private:
  std::vector<uint8_t> digest_of(const Crypto& crypto, Bytes password) const;

  Scheme scheme_ = Scheme::kPbkdf2;
  uint32_t iterations_ = 0;
  std::vector<uint8_t> salt_, digest_;
  std::optional<ScramSecret> scram_;
  std::string verbatim_;  // of argon2id and of plain ones
};

}  // namespace mq
