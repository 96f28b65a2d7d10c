#include "auth/scram.h"

#include <algorithm>
#include <charconv>

#include <fmt/core.h>

#include "auth/scram_message.h"
#include "base/base64.h"
#include "base/utf8.h"

namespace mq {
namespace {

size_t size_of(Digest digest) {
  return digest == Digest::kSha256 ? 32 : 64;
}

Crypto::Hash client_key(const Crypto& crypto, Digest digest, Bytes salted) {
  return crypto.hmac(digest, salted, to_bytes("Client Key"));
}

}  // namespace

std::string_view scram_method(Digest digest) {
  return digest == Digest::kSha256 ? "SCRAM-SHA-256" : "SCRAM-SHA-512";
}

std::optional<Digest> scram_digest(std::string_view method) {
  for (const Digest digest : {Digest::kSha256, Digest::kSha512}) {
    if (method == scram_method(digest)) return digest;
  }
  return std::nullopt;
}

Result<ScramSecret> ScramSecret::parse(std::string_view text) {
  const auto bad = [](std::string_view what) {
    return fail(ErrorCode::kInvalidArgument, std::string(what));
  };
  ScramSecret secret;
  const size_t dollar = std::min(text.find('$'), text.size());
  const auto digest = scram_digest(text.substr(0, dollar));
  if (!digest) return bad("it is of a method that is neither SCRAM-SHA-256 nor SCRAM-SHA-512");
  secret.digest = *digest;
  text.remove_prefix(std::min(dollar + 1, text.size()));
  const auto take = [&text](char until) {
    const size_t end = std::min(text.find(until), text.size());
    const std::string_view part = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return part;
  };
  const std::string_view count = take(':');
  const auto [end, error] =
      std::from_chars(count.data(), count.data() + count.size(), secret.iterations);
  if (error != std::errc() || end != count.data() + count.size() ||
      secret.iterations < kScramIterationsMin || secret.iterations > kScramIterationsMax) {
    return bad("its number of iterations is not one from 4096 to 10000000");
  }
  const auto salt = decode_base64(take('$'));
  const auto stored_key = decode_base64(take(':'));
  const auto server_key = decode_base64(text);
  if (!salt || !stored_key || !server_key) return bad("it is not base64");
  if (salt->empty() || salt->size() > 256) return bad("its salt does not have 1 to 256 bytes");
  if (stored_key->size() != size_of(*digest) || server_key->size() != size_of(*digest)) {
    return bad(fmt::format("its keys do not have {} bytes", size_of(*digest)));
  }
  secret.salt = *salt;
  secret.stored_key = *stored_key;
  secret.server_key = *server_key;
  return secret;
}

std::string ScramSecret::text() const {
  return fmt::format("{}${}:{}${}:{}", scram_method(digest), iterations, encode_base64(salt),
                     encode_base64(stored_key), encode_base64(server_key));
}

std::vector<uint8_t> salted_password(const Crypto& crypto, Digest digest, Bytes password,
                                     Bytes salt, uint32_t iterations) {
  return crypto.pbkdf2(digest, password, salt, iterations);
}

ScramSecret scram_secret(const Crypto& crypto, Digest digest, Bytes password, Bytes salt,
                         uint32_t iterations) {
  ScramSecret secret;
  secret.digest = digest;
  secret.iterations = iterations;
  secret.salt.assign(salt.begin(), salt.end());
  const auto salted = salted_password(crypto, digest, password, salt, iterations);
  if (salted.empty()) return secret;
  secret.stored_key = crypto.hash(digest, client_key(crypto, digest, salted), {});
  secret.server_key = crypto.hmac(digest, salted, to_bytes("Server Key"));
  return secret;
}

bool is_password(const Crypto& crypto, const ScramSecret& secret, Bytes password) {
  const ScramSecret other =
      scram_secret(crypto, secret.digest, password, secret.salt, secret.iterations);
  return !other.stored_key.empty() && crypto.equal(other.stored_key, secret.stored_key);
}

std::optional<std::string_view> ScramAttributes::take(char name) {
  if (done_ || rest_.size() < 2 || rest_[0] != name || rest_[1] != '=') return std::nullopt;
  const size_t end = std::min(rest_.find(','), rest_.size());
  const std::string_view value = rest_.substr(2, end - 2);
  done_ = end == rest_.size();
  rest_.remove_prefix(std::min(end + 1, rest_.size()));
  return value;
}

std::string escape_scram_name(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (c == ',') {
      out += "=2C";
    } else if (c == '=') {
      out += "=3D";
    } else {
      out += c;
    }
  }
  return out;
}

std::optional<std::string> unescape_scram_name(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    if (text.front() != '=') {
      out += text.front();
      text.remove_prefix(1);
    } else if (text.starts_with("=2C") || text.starts_with("=3D")) {
      out += text[1] == '2' ? ',' : '=';
      text.remove_prefix(3);
    } else {
      return std::nullopt;
    }
  }
  if (out.empty() || !is_utf8(out)) return std::nullopt;
  return out;
}

bool is_scram_nonce(std::string_view text) {
  return !text.empty() &&
         std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~' && c != ','; });
}

std::string make_scram_nonce(const Crypto& crypto) {
  std::vector<uint8_t> bytes(kScramNonceSize);
  return crypto.random(bytes) ? encode_base64(bytes) : "";
}

std::vector<uint8_t> exclusive_or(Bytes a, Bytes b) {
  std::vector<uint8_t> out(std::min(a.size(), b.size()));
  for (size_t i = 0; i < out.size(); ++i) out[i] = static_cast<uint8_t>(a[i] ^ b[i]);
  return out;
}

}  // namespace mq
