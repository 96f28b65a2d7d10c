#include "auth/password_hash.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <charconv>
#include <optional>

#include <argon2.h>
#include <fmt/core.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

namespace mq {
namespace {

constexpr size_t kDigestSize = 64;  // of SHA-512
// mosquitto up to 2.0 reads $7$ with salts of this size and of no other.
constexpr size_t kSaltSize = 12;
// Enough for any hash; what is more is no password file.
constexpr size_t kBytesMax = 1024;
// Those of RFC 9106 for little memory, smaller still: 16 MiB are there for each thread of the pool.
constexpr uint32_t kArgon2Passes = 3, kArgon2KiB = 16 << 10, kArgon2Lanes = 1;
constexpr size_t kArgon2DigestSize = 32;
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

std::vector<uint8_t> sha512(Bytes password, Bytes salt) {
  std::vector<uint8_t> digest(kDigestSize);
  EVP_MD_CTX* const context = EVP_MD_CTX_new();
  const bool ok = context != nullptr &&
                  EVP_DigestInit_ex(context, EVP_sha512(), nullptr) == 1 &&
                  EVP_DigestUpdate(context, password.data(), password.size()) == 1 &&
                  EVP_DigestUpdate(context, salt.data(), salt.size()) == 1 &&
                  EVP_DigestFinal_ex(context, digest.data(), nullptr) == 1;
  EVP_MD_CTX_free(context);
  if (!ok) digest.clear();
  return digest;
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

std::string to_base64(Bytes bytes) {
  std::string text(4 * ((bytes.size() + 2) / 3), '\0');
  // Writes a NUL behind, which std::string has room for.
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), bytes.data(),
                  static_cast<int>(bytes.size()));
  return text;
}

Result<std::vector<uint8_t>> from_base64(std::string_view text) {
  if (text.size() > kBytesMax || text.size() % 4 != 0) return bad("it is not base64");
  std::vector<uint8_t> bytes(text.size() / 4 * 3);
  const int size =
      EVP_DecodeBlock(bytes.data(), reinterpret_cast<const unsigned char*>(text.data()),
                      static_cast<int>(text.size()));
  if (size < 0) return bad("it is not base64");
  const size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  bytes.resize(static_cast<size_t>(size) - padding);
  return bytes;
}

Result<PasswordHash> PasswordHash::make(Bytes password, Scheme scheme, uint32_t iterations) {
  assert(scheme != Scheme::kSha512);
  PasswordHash hash;
  hash.scheme_ = scheme;
  hash.salt_.resize(kSaltSize);
  if (RAND_bytes(hash.salt_.data(), kSaltSize) != 1) {
    return fail(ErrorCode::kIo, "the system gives no random numbers");
  }
  if (scheme == Scheme::kArgon2id) {
    std::array<char, 256> encoded{};
    const int error = argon2id_hash_encoded(kArgon2Passes, kArgon2KiB, kArgon2Lanes,
                                            password.data(), password.size(), hash.salt_.data(),
                                            hash.salt_.size(), kArgon2DigestSize, encoded.data(),
                                            encoded.size());
    if (error != ARGON2_OK) return fail(ErrorCode::kIo, argon2_error_message(error));
    hash.argon2_ = encoded.data();
    return hash;
  }
  hash.iterations_ = iterations;
  hash.digest_.resize(kDigestSize);
  hash.digest_ = hash.digest_of(password);
  if (hash.digest_.empty()) return fail(ErrorCode::kIo, "OpenSSL has no PBKDF2");
  return hash;
}

Result<PasswordHash> PasswordHash::parse(std::string_view text) {
  PasswordHash hash;
  if (text.starts_with("$argon2id$")) {
    if (!is_affordable(text)) return bad("its argon2id parameters ask for more than 1 GiB");
    hash.scheme_ = Scheme::kArgon2id;
    hash.argon2_ = text;
    return hash;
  }
  if (text.starts_with("$6$")) {
    hash.scheme_ = Scheme::kSha512;
  } else if (!text.starts_with("$7$")) {
    return bad("it is not a hash ($6$, $7$ or $argon2id$); 'mqbroker passwd -U FILE' hashes the "
               "passwords of a file");
  }
  std::string_view rest = text.substr(3);
  if (hash.scheme_ == Scheme::kPbkdf2) {
    const auto iterations = number(take_field(rest));
    if (!iterations || *iterations == 0 || *iterations > kIterationsMax) {
      return bad("its number of iterations is not one from 1 to 10000000");
    }
    hash.iterations_ = *iterations;
  }
  MQ_TRY(hash.salt_, from_base64(take_field(rest)));
  MQ_TRY(hash.digest_, from_base64(rest));
  if (hash.digest_.size() != kDigestSize) return bad("its hash does not have 64 bytes");
  return hash;
}

std::vector<uint8_t> PasswordHash::digest_of(Bytes password) const {
  if (scheme_ == Scheme::kSha512) return sha512(password, salt_);
  std::vector<uint8_t> digest(digest_.size());
  const int ok = PKCS5_PBKDF2_HMAC(
      reinterpret_cast<const char*>(password.data()), static_cast<int>(password.size()),
      salt_.data(), static_cast<int>(salt_.size()), static_cast<int>(iterations_), EVP_sha512(),
      static_cast<int>(digest.size()), digest.data());
  if (ok != 1) digest.clear();
  return digest;
}

bool PasswordHash::matches(Bytes password) const {
  if (scheme_ == Scheme::kArgon2id) {
    return argon2id_verify(argon2_.c_str(), password.data(), password.size()) == ARGON2_OK;
  }
  const std::vector<uint8_t> digest = digest_of(password);
  return digest.size() == digest_.size() &&
         CRYPTO_memcmp(digest.data(), digest_.data(), digest.size()) == 0;
}

std::string PasswordHash::text() const {
  switch (scheme_) {
    case Scheme::kArgon2id: return argon2_;
    case Scheme::kSha512: return fmt::format("$6${}${}", to_base64(salt_), to_base64(digest_));
    case Scheme::kPbkdf2:
      return fmt::format("$7${}${}${}", iterations_, to_base64(salt_), to_base64(digest_));
  }
  return {};
}

}  // namespace mq
