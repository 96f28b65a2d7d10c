// What mqkit-auth.so exports: OpenSSL's and libargon2's part of Crypto.
#include <array>
#include <cstring>

#include <argon2.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include "auth/crypto_module.h"

namespace mq {
namespace {

constexpr size_t kArgon2DigestSize = 32;

const EVP_MD* algorithm(Digest digest) {
  return digest == Digest::kSha256 ? EVP_sha256() : EVP_sha512();
}

size_t size_of(Digest digest) {
  return digest == Digest::kSha256 ? 32 : 64;
}

bool random(std::span<uint8_t> to) {
  return RAND_bytes(to.data(), static_cast<int>(to.size())) == 1;
}

Crypto::Hash hash(Digest digest, Bytes first, Bytes second) {
  Crypto::Hash out(size_of(digest));
  EVP_MD_CTX* const context = EVP_MD_CTX_new();
  const bool ok = context != nullptr &&
                  EVP_DigestInit_ex(context, algorithm(digest), nullptr) == 1 &&
                  EVP_DigestUpdate(context, first.data(), first.size()) == 1 &&
                  EVP_DigestUpdate(context, second.data(), second.size()) == 1 &&
                  EVP_DigestFinal_ex(context, out.data(), nullptr) == 1;
  EVP_MD_CTX_free(context);
  if (!ok) out.clear();
  return out;
}

Crypto::Hash pbkdf2(Digest digest, Bytes password, Bytes salt, uint32_t iterations) {
  Crypto::Hash out(size_of(digest));
  const int ok = PKCS5_PBKDF2_HMAC(reinterpret_cast<const char*>(password.data()),
                                   static_cast<int>(password.size()), salt.data(),
                                   static_cast<int>(salt.size()), static_cast<int>(iterations),
                                   algorithm(digest), static_cast<int>(out.size()), out.data());
  if (ok != 1) out.clear();
  return out;
}

Result<std::string> argon2id(Bytes password, Bytes salt, const Argon2Cost& cost) {
  std::array<char, 256> encoded{};
  const int error = argon2id_hash_encoded(cost.passes, cost.kib, cost.lanes, password.data(),
                                          password.size(), salt.data(), salt.size(),
                                          kArgon2DigestSize, encoded.data(), encoded.size());
  if (error != ARGON2_OK) return fail(ErrorCode::kIo, argon2_error_message(error));
  return std::string(encoded.data());
}

bool is_argon2id(const std::string& text, Bytes password) {
  return argon2id_verify(text.c_str(), password.data(), password.size()) == ARGON2_OK;
}

}  // namespace

Crypto::Hash hmac(Digest digest, Bytes key, Bytes data) {
  Crypto::Hash out(size_of(digest));
  // OpenSSL takes a null key for "the same as before".
  static constexpr uint8_t kNothing = 0;
  const uint8_t* const start = key.empty() ? &kNothing : key.data();
  if (HMAC(algorithm(digest), start, static_cast<int>(key.size()), data.data(), data.size(),
           out.data(), nullptr) == nullptr) {
    out.clear();
  }
  return out;
}

bool equal_in_constant_time(Bytes a, Bytes b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace mq

extern "C" __attribute__((visibility("default"))) const mq::Crypto* mqkit_auth_module(
    const char* version) {
  static constexpr mq::Crypto kModule = {
      .random = mq::random,
      .hash = mq::hash,
      .hmac = mq::hmac,
      .pbkdf2 = mq::pbkdf2,
      .argon2id = mq::argon2id,
      .is_argon2id = mq::is_argon2id,
      .equal = mq::equal_in_constant_time,
      .token_verifier = mq::make_token_verifier,
      .release_thread = OPENSSL_thread_stop,
  };
  return std::strcmp(version, MQKIT_VERSION) == 0 ? &kModule : nullptr;
}
