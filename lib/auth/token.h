// JSON Web Tokens (RFC 7519) as passwords: who a client is and what it may do, signed by somebody
// else.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/acl.h"
#include "base/bytes.h"
#include "base/result.h"
#include "base/string_map.h"
#include "base/time.h"
#include "broker/access.h"

namespace mq {

struct TokenOptions {
  struct Key {
    std::string name;  // for messages
    std::string text;  // a public key or certificate in PEM; anything else is a shared secret
  };
  std::vector<Key> keys;
  std::optional<std::string> issuer;    // what the claim `iss` must be
  std::optional<std::string> audience;  // what must be in `aud`; without, a token must have none
  std::string user_claim = "sub";
  std::chrono::seconds leeway{30};  // by which clocks may differ
};

// What a token says of its owner, for rules on topics.
class TokenGrant final : public ClientGrant {
 public:
  std::string_view claim(std::string_view name) const override;

  // Of the claim `acl`: beside the server's rules, not instead of them. Nothing without the claim.
  std::optional<Acl> acl;
  StringMap<std::string> claims;  // those that are texts
};

struct Token {
  std::string user_name;
  std::optional<WallTime> until;  // `exp` and the leeway
  std::shared_ptr<const TokenGrant> grant;
};

class TokenVerifier {
 public:
  virtual ~TokenVerifier() = default;
  // Takes up to a millisecond. May be called from several threads at a time. The error says what is
  // wrong, for the log; the client is not told.
  virtual Result<Token> verify(std::string_view token, WallTime now) const = 0;
};

// Loads the module that verifies. Errors name the key that cannot be used.
Result<std::shared_ptr<const TokenVerifier>> token_verifier(const TokenOptions& options);

// Whether a password has the form of a token: three parts, of which the first begins as JSON does.
bool looks_like_token(std::string_view password);

inline constexpr size_t kTokenSecretMin = 32;  // bytes, section 3.2 of RFC 7518
inline constexpr int kTokenRsaBitsMin = 2048;  // section 3.3
inline constexpr size_t kTokenFiltersMax = 1000;

}  // namespace mq
