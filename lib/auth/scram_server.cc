#include "auth/scram_server.h"

#include <fmt/core.h>

#include "auth/scram_message.h"
#include "base/base64.h"

namespace mq {

std::optional<std::string> ScramServer::challenge(Bytes client_first, const Find& find) {
  const std::string_view message = to_string_view(client_first);
  if (message.size() > kScramMessageMax) return std::nullopt;
  // "y": the client could bind to the channel and believes that we cannot, which is true.
  if (!message.starts_with("n,") && !message.starts_with("y,")) return std::nullopt;
  const size_t end = message.find(',', 2);
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view acts_for = message.substr(2, end - 2);
  header_ = message.substr(0, end + 1);

  const std::string_view bare = message.substr(end + 1);
  ScramAttributes attributes(bare);
  // An "m=" in front would be an extension that we had to know.
  const auto name = attributes.take('n');
  const auto nonce = attributes.take('r');
  if (!name || !nonce || !is_scram_nonce(*nonce)) return std::nullopt;
  auto user_name = unescape_scram_name(*name);
  if (!user_name) return std::nullopt;
  user_name_ = std::move(*user_name);
  if (!acts_for.empty() && acts_for != fmt::format("a={}", *name)) return std::nullopt;

  nonce_.insert(0, *nonce);
  found_ = find(user_name_);
  std::string answer = fmt::format("r={},s={},i={}", nonce_, encode_base64(found_.secret.salt),
                                   found_.secret.iterations);
  messages_ = fmt::format("{},{}", bare, answer);
  return answer;
}

std::optional<std::string> ScramServer::verify(Bytes client_final) const {
  const std::string_view message = to_string_view(client_final);
  if (message.size() > kScramMessageMax) return std::nullopt;
  ScramAttributes attributes(message);
  // That the header is repeated here, under the proof, shows that nobody has changed it.
  const auto header = attributes.take('c');
  const auto nonce = attributes.take('r');
  const size_t at = message.rfind(",p=");
  if (header != encode_base64(to_bytes(header_)) || nonce != nonce_ ||
      at == std::string_view::npos) {
    return std::nullopt;
  }
  const auto proof = decode_base64(message.substr(at + 3));
  const ScramSecret& secret = found_.secret;
  if (!proof || proof->size() != secret.stored_key.size()) return std::nullopt;

  const std::string signed_text = fmt::format("{},{}", messages_, message.substr(0, at));
  const Bytes all = to_bytes(signed_text);
  const auto signature = crypto_.hmac(secret.digest, secret.stored_key, all);
  const auto client_key = exclusive_or(*proof, signature);
  const bool proven = crypto_.equal(crypto_.hash(secret.digest, client_key, {}), secret.stored_key);
  if (!proven || !found_.real) return std::nullopt;
  return fmt::format("v={}", encode_base64(crypto_.hmac(secret.digest, secret.server_key, all)));
}

}  // namespace mq
