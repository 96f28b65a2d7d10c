// Both ends of SCRAM against the RFCs' exchanges, against each other, and against liars.
#include "auth/scram.h"

#include <doctest/doctest.h>
#include <fmt/core.h>

#include "auth/scram_client.h"
#include "auth/scram_server.h"
#include "base/base64.h"

using namespace mq;

namespace {

const Crypto& hashes() {
  return **crypto();
}

// Of one user "user" whose password is "pencil".
struct Vector {
  Digest digest;
  std::string client_nonce, server_nonce, salt;
  std::string client_first, server_first, client_final, server_final;
};

// RFC 7677, section 3.
const Vector kRfc7677 = {
    Digest::kSha256,
    "rOprNGfwEbeRWgbNEkqO",
    "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
    "W22ZaJ0SNY7soEsUEjb6gQ==",
    "n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
    "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
    "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
    "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
    "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
};

ScramSecret secret_of(const Vector& v, std::string_view password = "pencil") {
  return scram_secret(hashes(), v.digest, to_bytes(password), *decode_base64(v.salt), 4096);
}

// A server that knows "user" only.
struct Server : ScramServer {
  explicit Server(const Vector& v) : ScramServer(hashes(), v.server_nonce), vector(v) {}
  std::optional<std::string> challenge(std::string_view message) {
    return ScramServer::challenge(to_bytes(message), [this](std::string_view name) -> Found {
      return {secret_of(vector), name == "user"};
    });
  }
  std::optional<std::string> verify(std::string_view message) {
    return ScramServer::verify(to_bytes(message));
  }
  const Vector& vector;
};

struct Client : ScramClient {
  explicit Client(const Vector& v, std::string_view user = "user", std::string_view pw = "pencil")
      : ScramClient(hashes(), v.digest, user, v.client_nonce), digest(v.digest), password(pw) {}
  Result<std::string> answer(std::string_view message) {
    return ScramClient::answer(to_bytes(message), [this](Bytes salt, uint32_t iterations) {
      return salted_password(hashes(), digest, to_bytes(password), salt, iterations);
    });
  }
  Result<void> check(std::string_view message) const {
    return ScramClient::check(to_bytes(message));
  }
  Digest digest;
  std::string password;
};

}  // namespace

TEST_CASE("the exchange of RFC 7677, both ends") {
  const Vector& v = kRfc7677;
  Client client(v);
  CHECK(client.first() == v.client_first);
  CHECK(*client.answer(v.server_first) == v.client_final);
  CHECK(client.check(v.server_final));
  Server server(v);
  CHECK(server.challenge(v.client_first) == v.server_first);
  CHECK(server.verify(v.client_final) == v.server_final);
  CHECK(server.user_name() == "user");
}

TEST_CASE("HMAC by the vectors of RFC 4231") {
  // RFC 4231, test case 2.
  CHECK(encode_base64(hashes().hmac(Digest::kSha512, to_bytes("Jefe"),
                                    to_bytes("what do ya want for nothing?"))) ==
        "Fkt6e/z4GeLjlfvnO1bgo4e9ZCIugx/WECcM1+olBVSXWL91wFqZSm0DT2X48Ob9yuqxo01Ka0tjbgcKOLznNw==");
  // An empty key is a key.
  CHECK(encode_base64(hashes().hmac(Digest::kSha256, {}, {})) ==
        "thNnmggU2ex3L5XXeMNfxf8Wl8STcVZTxscSFEKSxa0=");
}

TEST_CASE("both ends with each other, with names that have to be escaped") {
  for (const Digest digest : {Digest::kSha256, Digest::kSha512}) {
    for (const std::string name : {"a,b=c", "=2C", "b\xC3\xB6rn"}) {
      Vector v = kRfc7677;
      v.digest = digest;
      Client client(v, name);
      Server server(v);
      std::string asked;
      const auto challenge = server.ScramServer::challenge(
          to_bytes(client.first()), [&](std::string_view who) -> ScramServer::Found {
            asked = who;
            return {secret_of(v), true};
          });
      REQUIRE(challenge);
      CHECK(asked == name);
      const auto done = server.verify(*client.answer(*challenge));
      REQUIRE(done);
      CHECK(client.check(*done));
    }
  }
}

TEST_CASE("a wrong password, and a user that is not there, fail at the same message") {
  const Vector& v = kRfc7677;
  for (const auto& [user, password] : {std::pair{"user", "Pencil"}, std::pair{"resu", "pencil"}}) {
    Client client(v, user, password);
    Server server(v);
    const auto challenge = server.challenge(client.first());
    REQUIRE(challenge);
    CHECK(*challenge == v.server_first);
    CHECK(!server.verify(*client.answer(*challenge)));
  }
}

TEST_CASE("the server refuses first messages that it cannot go along with") {
  const auto refused = [](std::string_view message) {
    CAPTURE(message);
    CHECK(!Server(kRfc7677).challenge(message));
  };
  refused("");
  refused("n");
  refused("n,");
  refused("n,,");
  refused("n,,n=user");
  refused("n,,r=x,n=user");
  refused("n,,n=user,r=");
  refused("n,,n=user,r=a b");
  refused("n,,n=,r=x");
  refused("n,,n=us=er,r=x");
  refused("n,,n=us=2Der,r=x");
  refused("n,,n=us\xC3,r=x");
  refused("n,,m=ext,n=user,r=x");       // a mandatory extension
  refused("p=tls-unique,,n=user,r=x");  // channel binding
  refused("x,,n=user,r=x");
  refused("n,a=other,n=user,r=x");  // to act for somebody else
  refused("n,,n=user,r=" + std::string(kScramMessageMax, 'x'));
  CHECK(Server(kRfc7677).challenge("y,,n=user,r=x"));
  CHECK(Server(kRfc7677).challenge("n,a=user,n=user,r=x"));
  CHECK(Server(kRfc7677).challenge("n,,n=user,r=x,ext=1"));
}

TEST_CASE("the server refuses final messages with anything changed") {
  const Vector& v = kRfc7677;
  const auto refused = [&](std::string_view message) {
    CAPTURE(message);
    Server server(v);
    REQUIRE(server.challenge(v.client_first));
    CHECK(!server.verify(message));
  };
  const std::string proof = "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
  const std::string nonce = "r=" + v.client_nonce + v.server_nonce;
  refused("");
  refused("c=biws," + nonce);
  refused("c=biws," + nonce + ",p=");
  refused("c=biws," + nonce + ",p=dHzb");
  refused("c=biws," + nonce + ",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ");
  refused("c=biws," + nonce + ",p=eHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
  refused("c=eSws," + nonce + "," + proof);             // the flag: y instead of n
  refused("c=biws,r=" + v.client_nonce + "," + proof);  // the server's part missing
  refused("c=biws," + nonce + "x," + proof);
  refused("c=biws,r=" + v.server_nonce + v.client_nonce + "," + proof);
  refused("c=biws," + nonce + ",x=1," + proof);  // not what was signed
  refused(nonce + ",c=biws," + proof);
}

TEST_CASE("a flag that was changed on the way is found at the end") {
  const Vector& v = kRfc7677;
  Client client(v);
  Server server(v);
  std::string changed = client.first();
  changed[0] = 'y';
  const auto challenge = server.challenge(changed);
  REQUIRE(challenge);
  CHECK(!server.verify(*client.answer(*challenge)));
}

TEST_CASE("the client refuses challenges that are none of this exchange, or too weak") {
  const Vector& v = kRfc7677;
  const auto refused = [&](std::string_view message) {
    CAPTURE(message);
    CHECK(!Client(v).answer(message));
  };
  const std::string both = v.client_nonce + v.server_nonce;
  refused("");
  refused("e=other-error");
  refused("r=" + both);
  refused("r=" + v.client_nonce + ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096");
  refused("r=" + v.server_nonce + ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096");
  refused("r=x" + both + ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096");
  refused("m=1,r=" + both + ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096");
  refused("r=" + both + ",s=,i=4096");
  refused("r=" + both + ",s=*,i=4096");
  for (const char* count : {"", "0", "1", "4095", "10000001", "99999999999", "-1", "4096x"}) {
    refused(fmt::format("r={},s=W22ZaJ0SNY7soEsUEjb6gQ==,i={}", both, count));
  }
  Client twice(v);
  CHECK(twice.answer(v.server_first));
  CHECK(!twice.answer(v.server_first));
}

TEST_CASE("the client refuses a server that does not know the password") {
  const Vector& v = kRfc7677;
  Client client(v);
  CHECK(!client.check(v.server_final));  // nothing was asked yet
  CHECK(client.answer(v.server_first));
  for (const char* message : {"", "v=", "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G5=",
                              "v=7rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=", "e=invalid-proof",
                              "x=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="}) {
    CAPTURE(message);
    CHECK(!client.check(message));
  }
  CHECK(client.check(v.server_final));
}

TEST_CASE("secrets as text, and plain passwords against them") {
  for (const Digest digest : {Digest::kSha256, Digest::kSha512}) {
    Vector v = kRfc7677;
    v.digest = digest;
    const ScramSecret secret = secret_of(v);
    const auto again = ScramSecret::parse(secret.text());
    REQUIRE(again);
    CHECK(again->text() == secret.text());
    CHECK(is_password(hashes(), *again, to_bytes("pencil")));
    CHECK(!is_password(hashes(), *again, to_bytes("Pencil")));
    CHECK(!is_password(hashes(), *again, {}));
  }
  // By PostgreSQL, for "pencil", as in its tests.
  const std::string keys =
      "$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWG"
      "PlZqQxSrmfPwDl2dU=";
  const auto postgres = ScramSecret::parse("SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==" + keys);
  REQUIRE(postgres);
  CHECK(is_password(hashes(), *postgres, to_bytes("pencil")));
  for (const std::string& text :
       {"SCRAM-SHA-1$4096:W22ZaJ0SNY7soEsUEjb6gQ==" + keys, "SCRAM-SHA-256$4095:YQ==" + keys,
        "SCRAM-SHA-512$4096:YQ==" + keys, "SCRAM-SHA-256$4096:" + keys,
        "SCRAM-SHA-256$4096:*" + keys, std::string("SCRAM-SHA-256"), std::string("SCRAM-SHA-256$"),
        std::string("SCRAM-SHA-256$4096:YQ==$YQ==:YQ==")}) {
    CAPTURE(text);
    CHECK(!ScramSecret::parse(text));
  }
}
