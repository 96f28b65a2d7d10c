#include "auth/crypto.h"

#include "auth/token.h"
#include "base/module.h"

namespace mq {

Result<const Crypto*> crypto() {
  static const Result<const Crypto*> module =
      load_module<Crypto>("mqkit-auth.so", "mqkit_auth_module", "passwords", MQKIT_VERSION);
  return module;
}

Result<std::shared_ptr<const TokenVerifier>> token_verifier(const TokenOptions& options) {
  MQ_TRY(const Crypto* const crypto, mq::crypto());
  return crypto->token_verifier(options);
}

}  // namespace mq
