#include "auth/scram_client.h"

#include <charconv>

#include <fmt/core.h>

#include "auth/scram_message.h"
#include "base/base64.h"

namespace mq {
namespace {

// No channel binding, and nobody else to act for.
constexpr std::string_view kHeader = "n,,";

tl::unexpected<Error> bad(std::string_view what) {
  return fail(ErrorCode::kNotAuthorized, fmt::format("SCRAM: {}", what));
}

}  // namespace

ScramClient::ScramClient(const Crypto& crypto, Digest digest, std::string_view user_name,
                         std::string nonce)
    : crypto_(crypto),
      digest_(digest),
      nonce_(std::move(nonce)),
      bare_(fmt::format("n={},r={}", escape_scram_name(user_name), nonce_)) {}

std::string ScramClient::first() const {
  return fmt::format("{}{}", kHeader, bare_);
}

Result<std::string> ScramClient::answer(Bytes server_first, const Salted& salted) {
  const std::string_view message = to_string_view(server_first);
  if (message.size() > kScramMessageMax) return bad("the server's message is too long");
  if (!server_signature_.empty()) return bad("the server asks twice");
  ScramAttributes attributes(message);
  const auto nonce = attributes.take('r');
  const auto salt_text = attributes.take('s');
  const auto count = attributes.take('i');
  if (!nonce || !salt_text || !count) return bad("the server's message is not a challenge");
  // With only our own part in it, or another one, it could be an old exchange played again.
  if (!is_scram_nonce(*nonce) || !nonce->starts_with(nonce_) || nonce->size() == nonce_.size()) {
    return bad("the server's challenge is not an answer to ours");
  }
  const auto salt = decode_base64(*salt_text);
  if (!salt || salt->empty()) return bad("the server's salt is none");
  uint32_t iterations = 0;
  const auto [end, error] =
      std::from_chars(count->data(), count->data() + count->size(), iterations);
  if (error != std::errc() || end != count->data() + count->size() ||
      iterations < kScramIterationsMin || iterations > kScramIterationsMax) {
    return bad(fmt::format("the server asks for '{}' iterations; from {} to {} are good", *count,
                           kScramIterationsMin, kScramIterationsMax));
  }

  const std::vector<uint8_t> secret = salted(*salt, iterations);
  if (secret.empty()) return bad("OpenSSL has no PBKDF2");
  const std::string without_proof =
      fmt::format("c={},r={}", encode_base64(to_bytes(kHeader)), *nonce);
  const std::string signed_text = fmt::format("{},{},{}", bare_, message, without_proof);
  const auto client_key = crypto_.hmac(digest_, secret, to_bytes("Client Key"));
  const auto stored_key = crypto_.hash(digest_, client_key, {});
  const auto signature = crypto_.hmac(digest_, stored_key, to_bytes(signed_text));
  const auto server_key = crypto_.hmac(digest_, secret, to_bytes("Server Key"));
  server_signature_ = crypto_.hmac(digest_, server_key, to_bytes(signed_text));
  return fmt::format("{},p={}", without_proof, encode_base64(exclusive_or(client_key, signature)));
}

Result<void> ScramClient::check(Bytes server_final) const {
  if (server_signature_.empty()) return bad("the server has let us in without asking");
  ScramAttributes attributes(to_string_view(server_final));
  const auto text = attributes.take('v');
  const auto signature = text ? decode_base64(*text) : std::nullopt;
  if (!signature || !crypto_.equal(*signature, server_signature_)) {
    return bad("the server does not know the password: it is not the one it should be");
  }
  return {};
}

}  // namespace mq
