#include "auth/password_hash.h"

#include <algorithm>
#include <cassert>
#include <charconv>
#include <optional>

#include <fmt/core.h>

#include "base/base64.h"

namespace mq {
namespace {

constexpr size_t kDigestSize = 64;  // of SHA-512
// Enough for any hash; what is more is no password file.
constexpr size_t kBytesMax = 1024;
// Those of RFC 9106 for little memory, smaller still: 16 MiB are there for each thread of the pool.
constexpr Argon2Cost kArgon2Cost = {.passes = 3, .kib = 16 << 10, .lanes = 1};
constexpr uint32_t kArgon2KiBMax = 1 << 20;

tl::unexpected<Error> bad(std::string_view what) {
  return fail(ErrorCode::kInvalidArgument, std::string(what));
}

// Takes what is before the next '$', and the '$'.
std::string_view take_field(std::string_view& text) {
  const size_t end = std::min(text.find('$'), text.size());
  const std::string_view field = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return field;
}

std::optional<uint32_t> number(std::string_view text) {
  uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

Result<std::vector<uint8_t>> bytes_of(std::string_view base64) {
  auto bytes = base64.size() > kBytesMax ? std::nullopt : decode_base64(base64);
  if (!bytes) return bad("it is not base64");
  return std::move(*bytes);
}

// The memory that a check takes is said by the file: `m=` of the parameters, in KiB.
bool is_affordable(std::string_view argon2) {
  const size_t at = argon2.find("$m=");
  if (at == std::string_view::npos) return false;
  const std::string_view rest = argon2.substr(at + 3);
  const auto kib = number(rest.substr(0, rest.find(',')));
  return kib && *kib <= kArgon2KiBMax;
}

}  // namespace

Result<PasswordHash> PasswordHash::make(Bytes password, Scheme scheme, uint32_t iterations) {
  assert(scheme != Scheme::kSha512 && scheme != Scheme::kPlain);
  MQ_TRY(const Crypto* const crypto, mq::crypto());
  PasswordHash hash;
  hash.scheme_ = scheme;
  hash.salt_.resize(kSaltSize);
  if (!crypto->random(hash.salt_)) {
    return fail(ErrorCode::kIo, "the system gives no random numbers");
  }
  if (scheme == Scheme::kArgon2id) {
    MQ_TRY(hash.verbatim_, crypto->argon2id(password, hash.salt_, kArgon2Cost));
    return hash;
  }
  hash.iterations_ = iterations;
  if (scheme == Scheme::kScramSha256 || scheme == Scheme::kScramSha512) {
    if (iterations < kScramIterationsMin) {
      return bad(fmt::format("SCRAM wants {} iterations or more", kScramIterationsMin));
    }
    const Digest digest = scheme == Scheme::kScramSha256 ? Digest::kSha256 : Digest::kSha512;
    hash.scram_ = scram_secret(*crypto, digest, password, hash.salt_, iterations);
    if (hash.scram_->stored_key.empty()) return fail(ErrorCode::kIo, "OpenSSL has no PBKDF2");
    return hash;
  }
  hash.digest_ = hash.digest_of(*crypto, password);
  if (hash.digest_.empty()) return fail(ErrorCode::kIo, "OpenSSL has no PBKDF2");
  return hash;
}

PasswordHash PasswordHash::plain(std::string_view password) {
  PasswordHash hash;
  hash.scheme_ = Scheme::kPlain;
  hash.verbatim_ = password;
  return hash;
}

Result<PasswordHash> PasswordHash::parse(std::string_view text) {
  PasswordHash hash;
  if (text.starts_with("$argon2id$")) {
    if (!is_affordable(text)) return bad("its argon2id parameters ask for more than 1 GiB");
    hash.scheme_ = Scheme::kArgon2id;
    hash.verbatim_ = text;
    return hash;
  }
  if (text.starts_with("SCRAM-SHA-")) {
    MQ_TRY(hash.scram_, ScramSecret::parse(text));
    hash.scheme_ = hash.scram_->digest == Digest::kSha256 ? Scheme::kScramSha256
                                                          : Scheme::kScramSha512;
    hash.iterations_ = hash.scram_->iterations;
    return hash;
  }
  if (text.starts_with("$6$")) {
    hash.scheme_ = Scheme::kSha512;
  } else if (!text.starts_with("$7$")) {
    return bad("it is not a hash ($6$, $7$, $argon2id$ or SCRAM-SHA-); 'mqbroker passwd -U FILE' "
               "hashes the passwords of a file");
  }
  std::string_view rest = text.substr(3);
  if (hash.scheme_ == Scheme::kPbkdf2) {
    const auto iterations = number(take_field(rest));
    if (!iterations || *iterations == 0 || *iterations > kIterationsMax) {
      return bad("its number of iterations is not one from 1 to 10000000");
    }
    hash.iterations_ = *iterations;
  }
  MQ_TRY(hash.salt_, bytes_of(take_field(rest)));
  MQ_TRY(hash.digest_, bytes_of(rest));
  if (hash.digest_.size() != kDigestSize) return bad("its hash does not have 64 bytes");
  return hash;
}

std::vector<uint8_t> PasswordHash::digest_of(const Crypto& crypto, Bytes password) const {
  if (scheme_ == Scheme::kSha512) return crypto.hash(Digest::kSha512, password, salt_);
  return crypto.pbkdf2(Digest::kSha512, password, salt_, iterations_);
}

bool PasswordHash::matches(Bytes password) const {
  const Result<const Crypto*> crypto = mq::crypto();
  if (!crypto) return false;
  if (scheme_ == Scheme::kPlain) return (*crypto)->equal(to_bytes(verbatim_), password);
  if (scram_) return is_password(**crypto, *scram_, password);
  if (scheme_ == Scheme::kArgon2id) return (*crypto)->is_argon2id(verbatim_, password);
  return (*crypto)->equal(digest_of(**crypto, password), digest_);
}

std::string PasswordHash::text() const {
  switch (scheme_) {
    case Scheme::kArgon2id: return verbatim_;
    case Scheme::kScramSha256:
    case Scheme::kScramSha512: return scram_->text();
    case Scheme::kPlain: break;  // never written
    case Scheme::kSha512:
      return fmt::format("$6${}${}", encode_base64(salt_), encode_base64(digest_));
    case Scheme::kPbkdf2:
      return fmt::format("$7${}${}${}", iterations_, encode_base64(salt_), encode_base64(digest_));
  }
  return {};
}

}  // namespace mq
