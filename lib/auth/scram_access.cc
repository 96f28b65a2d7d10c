#include "auth/scram_access.h"

#include <utility>

#include <fmt/core.h>

#include "auth/scram_message.h"

namespace mq {
namespace {

std::vector<uint8_t> bytes_of(std::string_view text) {
  return {text.begin(), text.end()};
}

class Exchange final : public AuthExchange {
 public:
  Exchange(ScramServer server, std::string_view claimed, ScramAccess::Done done)
      : server_(std::move(server)), claimed_(claimed), done_(std::move(done)) {}

  AccessAnswer proceed(Bytes data) override {
    const auto proof = server_.verify(data);
    const bool proven = proof && (claimed_.empty() || claimed_ == server_.user_name());
    done_(proven);
    AccessAnswer answer = proven ? ReasonCode::kSuccess : ReasonCode::kNotAuthorized;
    answer.proven = proven;
    if (proven) answer.data = bytes_of(*proof);
    answer.user_name = server_.user_name();  // of a refusal for the log
    return answer;
  }

 private:
  const ScramServer server_;
  const std::string claimed_;
  const ScramAccess::Done done_;
};

}  // namespace

AccessAnswer ScramAccess::begin(const std::shared_ptr<const Users>& users, std::string_view method,
                                Bytes data, std::string_view claimed, Done done) {
  const auto digest = scram_digest(method);
  const auto crypto = mq::crypto();
  if (!digest || !crypto || users == nullptr || !users->scram_iterations(*digest)) {
    return ReasonCode::kBadAuthenticationMethod;
  }
  Known& known = known_[users];
  if (known.seed.empty()) {
    known.seed = users->scram_seed();
    // Without secrets to make it of it is good for as long as this process.
    if (known.seed.empty()) known.seed = bytes_of(make_scram_nonce(**crypto));
  }
  std::string nonce = make_scram_nonce(**crypto);
  if (nonce.empty() || known.seed.empty()) return ReasonCode::kServerUnavailable;
  ScramServer server(**crypto, std::move(nonce));
  const auto challenge = server.challenge(
      data, [&](std::string_view name) { return find(**crypto, *users, known, *digest, name); });
  if (!challenge) return ReasonCode::kNotAuthorized;
  AccessAnswer answer = ReasonCode::kContinueAuthentication;
  answer.data = bytes_of(*challenge);
  answer.exchange = std::make_unique<Exchange>(std::move(server), claimed, std::move(done));
  return answer;
}

ScramServer::Found ScramAccess::find(const Crypto& crypto, const Users& users, Known& known,
                                     Digest digest, std::string_view name) {
  const PasswordHash* const hash = users.find(name);
  const ScramSecret* const scram = hash != nullptr ? hash->scram() : nullptr;
  // Nobody, but a nobody who looks like a user. Made for everybody, so that it takes no longer.
  const std::string key = fmt::format("{}:{}", scram_method(digest), name);
  ScramSecret nobody;
  nobody.digest = digest;
  nobody.iterations = *users.scram_iterations(digest);
  nobody.salt = crypto.hmac(Digest::kSha256, known.seed, to_bytes(key));
  nobody.salt.resize(PasswordHash::kSaltSize);
  nobody.stored_key = nobody.server_key = crypto.hash(digest, nobody.salt, {});

  if (scram != nullptr && scram->digest == digest) return {*scram, true};
  if (hash == nullptr || hash->scheme() != PasswordHash::Scheme::kPlain) {
    return {std::move(nobody), false};
  }
  ScramSecret& secret = known.of_plain[key];
  if (secret.salt.empty()) {
    secret =
        scram_secret(crypto, digest, to_bytes(hash->password()), nobody.salt, kScramIterationsMin);
  }
  return {secret, !secret.stored_key.empty()};
}

}  // namespace mq
