// JSON Web Tokens by OpenSSL: HS256, RS256 and ES256 (RFC 7515, RFC 7518). In mqkit-auth.so.
#include <cmath>

#include <fmt/core.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <nlohmann/json.hpp>

#include "auth/crypto_module.h"
#include "auth/openssl_ptr.h"
#include "auth/token.h"
#include "base/base64.h"
#include "base/utf8.h"

namespace mq {
namespace {

using nlohmann::json;

enum class Algorithm : uint8_t { kHs256, kRs256, kEs256 };

// A key is good for one algorithm, whatever a token says: a public key is no shared secret.
struct Key {
  Algorithm algorithm;
  std::string secret;  // of kHs256
  PkeyPtr key;         // of the others
};

tl::unexpected<Error> refused(std::string what) {
  return fail(ErrorCode::kNotAuthorized, std::move(what));
}

Result<Key> read_key(const TokenOptions::Key& from) {
  const auto bad = [&](std::string_view what) {
    ERR_clear_error();
    return fail(ErrorCode::kInvalidArgument, fmt::format("{}: {}", from.name, what));
  };
  std::string_view text = from.text;
  if (text.find("-----BEGIN ") == std::string_view::npos) {
    while (text.ends_with('\n') || text.ends_with('\r')) text.remove_suffix(1);
    if (text.size() < kTokenSecretMin) {
      return bad(fmt::format("a shared secret has {} bytes or more, and this has {}",
                             kTokenSecretMin, text.size()));
    }
    return Key{Algorithm::kHs256, std::string(text), nullptr};
  }
  if (text.find("PRIVATE KEY-----") != std::string_view::npos) {
    return bad("it is a private key; the broker needs the public one ('openssl pkey -pubout')");
  }
  const BioPtr bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  PkeyPtr key;
  if (text.find("-----BEGIN CERTIFICATE-----") != std::string_view::npos) {
    const X509Ptr certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
    if (certificate != nullptr) key.reset(X509_get_pubkey(certificate.get()));
  } else {
    key.reset(PEM_read_bio_PUBKEY(bio.get(), nullptr, nullptr, nullptr));
  }
  if (key == nullptr) return bad("it is neither a public key nor a certificate in PEM");
  if (EVP_PKEY_is_a(key.get(), "RSA") == 1) {
    if (EVP_PKEY_get_bits(key.get()) < kTokenRsaBitsMin) {
      return bad(fmt::format("an RSA key has {} bits or more", kTokenRsaBitsMin));
    }
    return Key{Algorithm::kRs256, {}, std::move(key)};
  }
  char group[64] = {};
  const bool has_group = EVP_PKEY_is_a(key.get(), "EC") == 1 &&
                         EVP_PKEY_get_group_name(key.get(), group, sizeof group, nullptr) == 1;
  if (has_group && std::string_view(group) == "prime256v1") {
    return Key{Algorithm::kEs256, {}, std::move(key)};
  }
  return bad("keys are RSA or on the curve P-256");
}

// JWS has the two numbers of an ECDSA signature side by side, OpenSSL wants them in DER.
std::vector<uint8_t> in_der(Bytes signature) {
  constexpr size_t kNumber = 32;
  if (signature.size() != 2 * kNumber) return {};
  const EcdsaSignaturePtr both(ECDSA_SIG_new());
  BIGNUM* const r = BN_bin2bn(signature.data(), kNumber, nullptr);
  BIGNUM* const s = BN_bin2bn(signature.data() + kNumber, kNumber, nullptr);
  if (both == nullptr || ECDSA_SIG_set0(both.get(), r, s) != 1) {
    BN_free(r);
    BN_free(s);
    return {};
  }
  uint8_t* der = nullptr;
  const int size = i2d_ECDSA_SIG(both.get(), &der);
  if (size <= 0) return {};
  std::vector<uint8_t> out(der, der + size);
  OPENSSL_free(der);
  return out;
}

bool is_signed(const Key& key, Bytes text, Bytes signature) {
  if (key.algorithm == Algorithm::kHs256) {
    const Crypto::Hash mac = hmac(Digest::kSha256, to_bytes(key.secret), text);
    return !mac.empty() && equal_in_constant_time(mac, signature);
  }
  std::vector<uint8_t> der;
  if (key.algorithm == Algorithm::kEs256) {
    der = in_der(signature);
    if (der.empty()) return false;
    signature = der;
  }
  const DigestContextPtr context(EVP_MD_CTX_new());
  const bool ok =
      context != nullptr &&
      EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key.key.get()) == 1 &&
      EVP_DigestVerify(context.get(), signature.data(), signature.size(), text.data(),
                       text.size()) == 1;
  ERR_clear_error();
  return ok;
}

std::optional<json> object_in(std::string_view base64url) {
  const auto bytes = decode_base64url(base64url);
  if (!bytes) return std::nullopt;
  json value = json::parse(bytes->begin(), bytes->end(), nullptr, false);
  if (!value.is_object()) return std::nullopt;
  return value;
}

// A text that can be a name.
const std::string* text_of(const json& claims, const std::string& name) {
  const auto found = claims.find(name);
  if (found == claims.end() || !found->is_string()) return nullptr;
  const auto& text = found->get_ref<const std::string&>();
  return !text.empty() && text.size() <= UINT16_MAX && is_utf8(text) ? &text : nullptr;
}

// Seconds since 1970, of which the fraction may be there. Far enough away from what overflows.
Result<std::optional<double>> time_of(const json& claims, const char* name) {
  const auto found = claims.find(name);
  if (found == claims.end()) return std::nullopt;
  const double value = found->is_number() ? found->get<double>() : NAN;
  if (!(std::abs(value) < 1e11)) return refused(fmt::format("its claim {} is no time", name));
  return value;
}

bool has_audience(const json& claim, const std::string& wanted) {
  if (claim.is_string()) return claim.get_ref<const std::string&>() == wanted;
  if (!claim.is_array()) return false;
  for (const json& each : claim) {
    if (each.is_string() && each.get_ref<const std::string&>() == wanted) return true;
  }
  return false;
}

// {"pub": [FILTER...], "sub": [FILTER...], "all": [FILTER...]}
Result<Acl> acl_of(const json& claim) {
  if (!claim.is_object()) return refused("its claim acl is no object");
  Acl acl;
  size_t count = 0;
  for (const auto& [name, filters] : claim.items()) {
    const bool all = name == "all";
    if ((!all && name != "pub" && name != "sub") || !filters.is_array()) {
      return refused("its claim acl has something else than lists pub, sub and all");
    }
    for (const json& filter : filters) {
      const bool good = filter.is_string() && ++count <= kTokenFiltersMax &&
                        acl.allow(all || name == "sub", all || name == "pub",
                                  filter.get_ref<const std::string&>());
      if (!good) return refused("its claim acl has a topic filter that is none, or too many");
    }
  }
  return acl;
}

class Verifier final : public TokenVerifier {
 public:
  Verifier(const TokenOptions& options, std::vector<Key> keys)
      : options_(options), keys_(std::move(keys)) {
    options_.keys.clear();
  }

  Result<Token> verify(std::string_view token, WallTime now) const override {
    const size_t first = token.find('.');
    const size_t last = token.rfind('.');
    if (first == std::string_view::npos || first == last) return refused("it is no token");
    const auto header = object_in(token.substr(0, first));
    const auto signature = decode_base64url(token.substr(last + 1));
    if (!header || !signature) return refused("it is no token");
    if (header->contains("crit")) return refused("its header asks for an extension");
    MQ_CHECK(check_signature(*header, to_bytes(token.substr(0, last)), *signature));
    const auto claims = object_in(token.substr(first + 1, last - first - 1));
    if (!claims) return refused("its claims are no JSON object");
    return accept(*claims, now);
  }

 private:
  Result<void> check_signature(const json& header, Bytes text, Bytes signature) const {
    const std::string* const name = text_of(header, "alg");
    std::optional<Algorithm> algorithm;
    if (name != nullptr && *name == "HS256") algorithm = Algorithm::kHs256;
    if (name != nullptr && *name == "RS256") algorithm = Algorithm::kRs256;
    if (name != nullptr && *name == "ES256") algorithm = Algorithm::kEs256;
    if (!algorithm) return refused("it is signed with none of HS256, RS256 and ES256");
    bool any = false;
    for (const Key& key : keys_) {
      if (key.algorithm != *algorithm) continue;
      if (is_signed(key, text, signature)) return {};
      any = true;
    }
    return refused(any ? "its signature is of no key that is known"
                       : fmt::format("there is no key for {}", *name));
  }

  Result<Token> accept(const json& claims, WallTime now) const {
    const double now_s = std::chrono::duration<double>(now.time_since_epoch()).count();
    const double leeway_s = static_cast<double>(options_.leeway.count());
    MQ_TRY(const std::optional<double> expires, time_of(claims, "exp"));
    MQ_TRY(const std::optional<double> begins, time_of(claims, "nbf"));
    if (expires && *expires + leeway_s <= now_s) return refused("it has expired");
    if (begins && *begins - leeway_s > now_s) return refused("it is not valid yet");
    if (options_.issuer) {
      const std::string* const issuer = text_of(claims, "iss");
      if (issuer == nullptr || *issuer != *options_.issuer) return refused("its issuer is another");
    }
    // Section 4.1.3: a token for others is not for us.
    const auto audience = claims.find("aud");
    if (options_.audience) {
      if (audience == claims.end() || !has_audience(*audience, *options_.audience)) {
        return refused("it is for another audience");
      }
    } else if (audience != claims.end()) {
      return refused("it is for an audience, and jwt_audience does not say that we are that");
    }
    Token token;
    const std::string* const user = text_of(claims, options_.user_claim);
    if (user == nullptr)
      return refused(fmt::format("its claim {} is no name", options_.user_claim));
    token.user_name = *user;
    if (expires) {
      token.until = WallTime(std::chrono::duration_cast<std::chrono::microseconds>(
          std::chrono::duration<double>(*expires + leeway_s)));
    }
    auto grant = std::make_shared<TokenGrant>();
    for (const auto& [name, value] : claims.items()) {
      if (text_of(claims, name) != nullptr) grant->claims.emplace(name, value.get<std::string>());
    }
    if (const auto acl = claims.find("acl"); acl != claims.end()) {
      MQ_TRY(grant->acl, acl_of(*acl));
    }
    token.grant = std::move(grant);
    return token;
  }

  TokenOptions options_;
  std::vector<Key> keys_;
};

}  // namespace

Result<std::shared_ptr<const TokenVerifier>> make_token_verifier(const TokenOptions& options) {
  std::vector<Key> keys;
  for (const TokenOptions::Key& each : options.keys) {
    MQ_TRY(Key key, read_key(each));
    keys.push_back(std::move(key));
  }
  return std::make_shared<const Verifier>(options, std::move(keys));
}

}  // namespace mq
