// What verifies JSON Web Tokens takes any text, and any JSON behind a signature that is right.
#include <algorithm>
#include <memory>
#include <string>

#include "auth/crypto_module.h"
#include "auth/token.h"
#include "base/base64.h"
#include "codec/topic.h"
#include "fuzz/check.h"
#include "fuzz/chunked.h"

namespace mq {

// Instead of those with OpenSSL, so that signatures cost nothing.
Crypto::Hash hmac(Digest, Bytes, Bytes data) {
  Crypto::Hash sum(32, 0x36);
  for (size_t i = 0; i < data.size(); ++i) sum[i % sum.size()] ^= data[i];
  return sum;
}

bool equal_in_constant_time(Bytes a, Bytes b) {
  return std::ranges::equal(a, b);
}

}  // namespace mq

using namespace mq;
using namespace mq::test;

namespace {

std::string text_of(FuzzInput& input) {
  Bytes chunk;
  return input.next_chunk(chunk) ? std::string(to_string_view(chunk)) : std::string();
}

std::string base64url(std::string_view text) {
  std::string encoded = encode_base64(to_bytes(text));
  std::ranges::replace(encoded, '+', '-');
  std::ranges::replace(encoded, '/', '_');
  while (encoded.ends_with('=')) encoded.pop_back();
  return encoded;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  FuzzInput input(data, size);
  const uint8_t settings = input.take_u8();
  TokenOptions options;
  options.keys.push_back({"key", std::string(32, 'k')});
  if ((settings & 1) != 0) options.issuer = "me";
  if ((settings & 2) != 0) options.audience = "you";
  const auto verifier = make_token_verifier(options);
  FUZZ_CHECK(verifier.has_value());

  const bool is_signed = (settings & 4) != 0;
  std::string token;
  if (is_signed) {
    const std::string header = (settings & 8) != 0 ? text_of(input) : R"({"alg":"HS256"})";
    token = base64url(header) + '.' + base64url(text_of(input));
    const Crypto::Hash mac = hmac(Digest::kSha256, {}, to_bytes(token));
    token += '.' + base64url(to_string_view(mac));
  } else {
    token = text_of(input);
  }
  static_cast<void>(looks_like_token(token));
  const WallTime now{std::chrono::seconds(1'800'000'000)};
  const auto verified = (*verifier)->verify(token, now);
  if (!verified) {
    FUZZ_CHECK(!verified.error().text.empty());
    return 0;
  }
  FUZZ_CHECK(!verified->user_name.empty());
  FUZZ_CHECK(!verified->until || *verified->until > now);
  // Nothing that a token says may trip whoever asks it.
  const ClientIdentity client{"c", verified->user_name, 0, verified->grant.get()};
  static_cast<void>(verified->grant->claim("sub"));
  if (verified->grant->acl) {
    static_cast<void>(verified->grant->acl->may_publish(client, "a/b"));
    static_cast<void>(verified->grant->acl->may_read(client, "a/b"));
    static_cast<void>(verified->grant->acl->may_subscribe(client, "a/#"));
  }
  return 0;
}
