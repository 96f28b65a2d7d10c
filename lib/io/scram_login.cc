#include "io/scram_login.h"

#include <utility>

#include "auth/scram_message.h"

namespace mq {
namespace {

// The slow part. Many clients of a program mostly have the same password and are given the same
// salt, and one that reconnects always.
struct Salted {
  Digest digest = Digest::kSha256;
  std::string password;
  std::vector<uint8_t> salt;
  uint32_t iterations = 0;
  std::vector<uint8_t> secret;
};
thread_local Salted last;

std::vector<uint8_t> salted(const Crypto& crypto, const ScramCredentials& credentials, Bytes salt,
                            uint32_t iterations) {
  const bool known = last.digest == credentials.digest && last.iterations == iterations &&
                     last.password == credentials.password && equal(last.salt, salt);
  if (!known) {
    last = {credentials.digest,
            credentials.password,
            {salt.begin(), salt.end()},
            iterations,
            salted_password(crypto, credentials.digest, to_bytes(credentials.password), salt,
                            iterations)};
  }
  return last.secret;
}

Bytes data_of(const Properties& properties) {
  return to_bytes(properties.text(PropertyId::kAuthenticationData).value_or(""));
}

}  // namespace

ScramLogin::ScramLogin(const Crypto& crypto, const ScramCredentials& credentials, std::string nonce)
    : crypto_(crypto),
      credentials_(credentials),
      client_(crypto, credentials.digest, credentials.user_name, std::move(nonce)) {}

Result<ScramLogin> ScramLogin::make(const ScramCredentials& credentials) {
  MQ_TRY(const Crypto* const crypto, mq::crypto());
  std::string nonce = make_scram_nonce(*crypto);
  if (nonce.empty()) return fail(ErrorCode::kIo, "the system gives no random numbers");
  return ScramLogin(*crypto, credentials, std::move(nonce));
}

Result<bool> ScramLogin::on_event(const ClientEvent& event, ClientSession& session) {
  if (const auto* connected = std::get_if<Connected>(&event)) {
    MQ_CHECK(client_.check(data_of(connected->properties)));
    return false;
  }
  const auto* challenge = std::get_if<AuthChallenge>(&event);
  if (challenge == nullptr) return false;
  MQ_TRY(const std::string answer,
         client_.answer(data_of(challenge->properties), [this](Bytes salt, uint32_t iterations) {
           return salted(crypto_, credentials_, salt, iterations);
         }));
  PropertyList properties;
  properties.add(PropertyId::kAuthenticationMethod, scram_method(credentials_.digest))
      .add(PropertyId::kAuthenticationData, answer);
  session.auth(ReasonCode::kContinueAuthentication, properties.view());
  return true;
}

}  // namespace mq
