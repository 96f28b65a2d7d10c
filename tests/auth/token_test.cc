// Tokens by other programs, and tokens with something wrong.
#include "auth/token.h"

#include <doctest/doctest.h>
#include <fmt/core.h>

#include "auth/crypto.h"
#include "base/base64.h"

using namespace mq;
using namespace std::chrono_literals;

namespace {

// RFC 7515, appendices A.1 and A.3: the same claims, {"iss":"joe", "exp":1300819380, ...}.
const std::string kRfcClaims =
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0"
    "cnVlfQ";
const std::string kRfcHs256 = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9." + kRfcClaims +
                              ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const std::string kRfcSecret =
    "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";
const std::string kRfcEs256 =
    "eyJhbGciOiJFUzI1NiJ9." + kRfcClaims +
    ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
const std::string kRfcPublicKey =
    "-----BEGIN PUBLIC KEY-----\n"
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEf83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEXH8UTNG72b\n"
    "focs3+257rn0s2ldbqkLJK2KRiMohYjlrQ==\n"
    "-----END PUBLIC KEY-----\n";
constexpr WallTime kRfcExpiry{1300819380s};

// By openssl: {"sub":"joe"}.
const std::string kRsaKey =
    "-----BEGIN PUBLIC KEY-----\n"
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAwQakDjuP2zppfb7vDlSC\n"
    "BywjSl+Xsvd9J95vtc3MAZzceQDDfhBOIMJuhqq/ArfB1kQEyhLLIRztsMds3pSj\n"
    "PWnRux73mPkn3KqbuN7ls/jDpoaIjRaVpKKV6tTku4gwc+wLamj5kqVasu0OPpj/\n"
    "1PQMGHDBMzXNImjVTQ0ighM1uhhO0BII4BJmCvzBQ5Vbug1RB+ER0iilv2nSr5DN\n"
    "+rQMyo//EB+aeKZT3U3tVriVtSLam523+VxxTDMEJ/Rgs+uLaPcmOWP+U8omGuhM\n"
    "AdR4G2QPr3moAaDq73YkodPN8fO4dpcLvjxYitEmY49ULNl4S9YZEfO1o7IRDvlZ\n"
    "7QIDAQAB\n"
    "-----END PUBLIC KEY-----\n";
const std::string kRs256 =
    "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJqb2UifQ.W84QzHJPr23d8l67myiWRLpeWjFgkZxl"
    "KSaH8SnyuJ1f77IYomPVYjOe4Bgxqy3Z-a01eEWYcR1MOYRqvFpUXTi_VtwpdvIs718PIUIIPan1Y11pbd-_ubsF"
    "8eEnIF79_NyaRoQbKrAVjpyJffmqVVDaOxPrVZJHcpd4Bq2nFx05lOrpb6m5s7SzDZyqrIH7pRS9qyzcHdw-np3s"
    "AFvXikkLLDiYKdy756KNZ_kA3iMQTUv9A-zEBSqhP2s7eVwhqQTBmgS9PgLhCI_P-lnvQOXtB3oGV91F2JvXRQqw"
    "eDnIAr7R59KrPzLteNiPANJQw2hHFSkgQ__fvzXxdvuvhQ";

const std::string kSecret = "0123456789abcdef0123456789abcdef";

std::shared_ptr<const TokenVerifier> verifier(TokenOptions options) {
  auto made = token_verifier(options);
  if (!made) FAIL(made.error().text);
  return *made;
}

std::shared_ptr<const TokenVerifier> verifier(std::string_view key) {
  TokenOptions options;
  options.keys.push_back({"key", std::string(key)});
  return verifier(std::move(options));
}

std::string part(std::string_view text) {
  return encode_base64url(to_bytes(text));
}

// Signed with a shared secret.
std::string token(std::string_view claims, std::string_view header = R"({"alg":"HS256"})",
                  std::string_view secret = kSecret) {
  const std::string text = part(header) + '.' + part(claims);
  const auto signature = (*crypto())->hmac(Digest::kSha256, to_bytes(secret), to_bytes(text));
  return text + '.' + encode_base64url(signature);
}

constexpr WallTime kNow{1'700'000'000s};

std::string why(const TokenVerifier& by, const std::string& of, WallTime now = kNow) {
  const auto result = by.verify(of, now);
  return result ? "accepted" : result.error().text;
}

// What is said of claims, by default without issuer and audience.
std::string why(std::string_view claims, TokenOptions options = {}) {
  options.keys.push_back({"key", kSecret});
  return why(*verifier(std::move(options)), token(claims));
}

}  // namespace

TEST_CASE("tokens of RFC 7515 and of openssl, until they expire") {
  TokenOptions options;
  options.user_claim = "iss";
  const auto secret = decode_base64url(kRfcSecret);
  options.keys = {{"hs256", std::string(to_string_view(*secret))}, {"es256", kRfcPublicKey}};
  const auto by = verifier(options);
  for (const std::string& each : {kRfcHs256, kRfcEs256}) {
    const auto good = by->verify(each, kRfcExpiry);
    REQUIRE(good);
    CHECK(good->user_name == "joe");
    CHECK(good->until == kRfcExpiry + 30s);
    CHECK(!good->grant->acl);
    CHECK(by->verify(each, kRfcExpiry + 29s));
    CHECK(why(*by, each, kRfcExpiry + 30s) == "it has expired");
    std::string changed = each;
    changed[changed.size() - 10] ^= 1;
    CHECK(why(*by, changed, kRfcExpiry) == "its signature is of no key that is known");
  }
  const auto rsa = verifier(kRsaKey)->verify(kRs256, kNow);
  REQUIRE(rsa);
  CHECK(rsa->user_name == "joe");
  CHECK(!rsa->until);
  CHECK(why(*verifier(kRsaKey), kRs256.substr(0, kRs256.size() - 4)) != "accepted");
}

TEST_CASE("an algorithm is the key's and not the token's") {
  const std::string claims = R"({"sub":"joe"})";
  // The public key, which everybody has, as the shared secret.
  for (const std::string& key : {kRsaKey, kRfcPublicKey}) {
    for (const std::string& secret : {key, key.substr(0, key.size() - 1)}) {
      const std::string forged = token(claims, R"({"alg":"HS256"})", secret);
      CHECK(why(*verifier(key), forged) == "there is no key for HS256");
    }
  }
  const auto by = verifier(kSecret);
  CHECK(why(*by, token(claims)) == "accepted");
  for (const char* header :
       {R"({"alg":"none"})", R"({"alg":"None"})", R"({"alg":"hs256"})", R"({"alg":""})", "{}",
        R"({"alg":null})", R"({"alg":["HS256"]})", R"({"alg":"HS384"})", R"({"alg":"PS256"})"}) {
    CAPTURE(header);
    CHECK(why(*by, token(claims, header)) == "it is signed with none of HS256, RS256 and ES256");
  }
  CHECK(why(*by, part(R"({"alg":"none"})") + '.' + part(claims) + '.') ==
        "it is signed with none of HS256, RS256 and ES256");
  CHECK(why(*by, token(claims, R"({"alg":"RS256"})")) == "there is no key for RS256");
  CHECK(why(*by, part(R"({"alg":"HS256"})") + '.' + part(claims) + '.') ==
        "its signature is of no key that is known");
  CHECK(why(*by, token(claims, R"({"alg":"HS256","crit":["b64"]})")) ==
        "its header asks for an extension");
}

TEST_CASE("what is no token") {
  const auto by = verifier(kSecret);
  const std::string good = token(R"({"sub":"joe"})");
  for (const std::string& text :
       {std::string(), std::string("."), std::string(".."), std::string("a.b"), good + "=",
        good + ".x", " " + good, good + "\n", token("[1]"), token(""), token("{"),
        token(R"({"sub":"joe"})", "[]"), token(std::string(10000, '['))}) {
    CAPTURE(text);
    CHECK(!by->verify(text, kNow));
  }
  CHECK(looks_like_token(good));
  CHECK(looks_like_token(token(R"({"sub":"joe"})", "{\n\"alg\":\"HS256\"}")));
  CHECK(!looks_like_token("secret"));
  CHECK(!looks_like_token("eye"));
  CHECK(!looks_like_token("a.b.c"));
}

TEST_CASE("claims of time, and clocks that differ a little") {
  CHECK(why(R"({"sub":"joe","exp":1700000000})") == "accepted");
  CHECK(why(R"({"sub":"joe","exp":1699999970})") == "it has expired");
  CHECK(why(R"({"sub":"joe","exp":1699999970.5})") == "accepted");
  CHECK(why(R"({"sub":"joe","nbf":1700000030})") == "accepted");
  CHECK(why(R"({"sub":"joe","nbf":1700000031})") == "it is not valid yet");
  TokenOptions strict;
  strict.leeway = 0s;
  CHECK(why(R"({"sub":"joe","exp":1700000000})", strict) == "it has expired");
  CHECK(why(R"({"sub":"joe","nbf":1700000001})", strict) == "it is not valid yet");
  for (const char* value : {"\"1800000000\"", "null", "true", "1e300", "-1e300", "[]"}) {
    CAPTURE(value);
    CHECK(why(fmt::format(R"({{"sub":"joe","exp":{}}})", value)) == "its claim exp is no time");
    CHECK(why(fmt::format(R"({{"sub":"joe","nbf":{}}})", value)) == "its claim nbf is no time");
  }
}

TEST_CASE("issuer, audience and user") {
  TokenOptions options;
  options.issuer = "me";
  CHECK(why(R"({"sub":"joe","iss":"me"})", options) == "accepted");
  CHECK(why(R"({"sub":"joe","iss":"Me"})", options) == "its issuer is another");
  CHECK(why(R"({"sub":"joe"})", options) == "its issuer is another");
  CHECK(why(R"({"sub":"joe","aud":"us"})") ==
        "it is for an audience, and jwt_audience does not say that we are that");
  options = {};
  options.audience = "us";
  CHECK(why(R"({"sub":"joe","aud":"us"})", options) == "accepted");
  CHECK(why(R"({"sub":"joe","aud":["them","us"]})", options) == "accepted");
  CHECK(why(R"({"sub":"joe","aud":["them"]})", options) == "it is for another audience");
  CHECK(why(R"({"sub":"joe","aud":{"us":1}})", options) == "it is for another audience");
  CHECK(why(R"({"sub":"joe"})", options) == "it is for another audience");
  options = {};
  options.user_claim = "name";
  CHECK(why(R"({"name":"joe"})", options) == "accepted");
  CHECK(why(R"({"sub":"joe"})", options) == "its claim name is no name");
  for (const char* value : {"\"\"", "1", "null", R"("a\u0000b")", R"(["joe"])"}) {
    CAPTURE(value);
    CHECK(why(fmt::format(R"({{"sub":{}}})", value)) == "its claim sub is no name");
  }
}

TEST_CASE("rights that a token brings, and claims in patterns") {
  const std::string text =
      token(R"({"sub":"joe","tenant":"acme","level":3,"wild":"a/+",)"
            R"("acl":{"pub":["p/%u"],"sub":["s/#"],"all":["x/%{tenant}/%c/#"]}})");
  const auto good = verifier(kSecret)->verify(text, kNow);
  REQUIRE(good);
  REQUIRE(good->grant->acl);
  const Acl& acl = *good->grant->acl;
  const ClientIdentity joe{"id", "joe", 0, good->grant.get()};
  CHECK(acl.may_publish(joe, "p/joe"));
  CHECK(!acl.may_publish(joe, "p/ann"));
  CHECK(!acl.may_read(joe, "p/joe"));
  CHECK(acl.may_read(joe, "s/1"));
  CHECK(!acl.may_publish(joe, "s/1"));
  CHECK(acl.may_publish(joe, "x/acme/id/1"));
  CHECK(acl.may_read(joe, "x/acme/id/1"));
  CHECK(!acl.may_read(joe, "x/other/id/1"));
  CHECK(acl.may_subscribe(joe, "x/#"));
  CHECK(!acl.may_subscribe(joe, "p/#"));

  const auto file = Acl::parse(
      "pattern read t/%{tenant}/#\npattern read l/%{level}/#\n"
      "pattern read w/%{wild}\npattern read n/%{none}/#\n"
      "pattern read b/%{tenant\n",
      "file");
  REQUIRE(file);
  CHECK(file->may_read(joe, "t/acme/1"));
  CHECK(!file->may_read(joe, "t/other/1"));
  CHECK(!file->may_read(joe, "l/3/1"));  // not a text
  CHECK(!file->may_read(joe, "w/a/b"));  // no wildcards out of claims
  CHECK(!file->may_read(joe, "n//1"));
  CHECK(!file->may_read({"id", "joe"}, "t/acme/1"));
  CHECK(file->may_read(joe, "b/%{tenant"));

  for (const char* bad : {"1", "[]", R"({"publish":[]})", R"({"pub":"t"})", R"({"pub":[1]})",
                          R"({"pub":["a/#/b"]})", R"({"pub":[""]})"}) {
    CAPTURE(bad);
    CHECK(why(fmt::format(R"({{"sub":"joe","acl":{}}})", bad)).starts_with("its claim acl "));
  }
  // Nothing is granted by an empty one.
  const auto none = verifier(kSecret)->verify(token(R"({"sub":"joe","acl":{}})"), kNow);
  REQUIRE(none);
  CHECK(!none->grant->acl->may_publish(joe, "t"));
  std::string many = R"({"sub":"joe","acl":{"pub":["t")";
  for (size_t i = 1; i < kTokenFiltersMax; ++i) many += R"(,"t")";
  CHECK(why(many + "]}}") == "accepted");
  CHECK(why(many + R"(,"t"]}})") == "its claim acl has a topic filter that is none, or too many");
}

TEST_CASE("keys that cannot be used are named") {
  const auto error = [](std::string_view text) {
    TokenOptions options;
    options.keys = {{"file", std::string(text)}};
    const auto made = token_verifier(options);
    return made ? std::string("accepted") : made.error().text;
  };
  CHECK(error(kSecret) == "accepted");
  CHECK(error(kSecret.substr(1)) == "file: a shared secret has 32 bytes or more, and this has 31");
  CHECK(error(kSecret.substr(1) + "\n\n").find("this has 31") != std::string::npos);
  CHECK(error("-----BEGIN PRIVATE KEY-----\n").find("it is a private key") != std::string::npos);
  CHECK(error("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n") ==
        "file: it is neither a public key nor a certificate in PEM");
  CHECK(error("-----BEGIN PUBLIC KEY-----\n"
              "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDFPmzwpe5svEWqUjnsDfmGk46k\n"
              "n9q9PGZAoMyiemm8Zz52F5hedzzWS7Rf/fLtEcaEk8cvnoJ+F8r1UA2D2ELJkN0Y\n"
              "YLoPiY9+112N5wyibjF98BBB4JHrTCU2r1SmM8flmH1eD38HUncYfnfLol/vVkdh\n"
              "OJU8WM00q2I8XTOmFwIDAQAB\n"
              "-----END PUBLIC KEY-----\n") == "file: an RSA key has 2048 bits or more");
  CHECK(error("-----BEGIN PUBLIC KEY-----\n"
              "MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEE1PhnjOOwB1YRVWonBUPN10FrwkurLY3\n"
              "uyyFKLHZ/EwHtYQtn3qqtkvkd03oxAD3f/fAvTT0QP+25MlnSpoFGv+PiyB31xLP\n"
              "B+xj2N3vSukXZDmuuc9Xm+m6u0ZqN3qq\n"
              "-----END PUBLIC KEY-----\n") == "file: keys are RSA or on the curve P-256");
}
