// The parts of mqkit-auth.so, for each other.
#pragma once

#include <memory>

#include "auth/crypto.h"

namespace mq {

Crypto::Hash hmac(Digest digest, Bytes key, Bytes data);
bool equal_in_constant_time(Bytes a, Bytes b);
Result<std::shared_ptr<const TokenVerifier>> make_token_verifier(const TokenOptions& options);

}  // namespace mq
