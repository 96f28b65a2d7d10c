#include "auth/crypto.h"

#include "base/module.h"

namespace mq {

Result<const Crypto*> crypto() {
  static const Result<const Crypto*> module =
      load_module<Crypto>("mqkit-auth.so", "mqkit_auth_module", "passwords", MQKIT_VERSION);
  return module;
}

}  // namespace mq
