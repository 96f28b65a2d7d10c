#include "auth/password_hash.h"

#include <doctest/doctest.h>

#include "base/base64.h"

using namespace mq;

namespace {

PasswordHash parsed(std::string_view text) {
  auto hash = PasswordHash::parse(text);
  if (!hash) FAIL(hash.error().text);
  return std::move(*hash);
}

// NUL is a character like others.
constexpr std::string_view kPassword("pass\0word", 9);

bool matches(const PasswordHash& hash, std::string_view password) {
  return hash.matches(to_bytes(password));
}

}  // namespace

TEST_CASE("hashes by other programs") {
  // Written by Debian's mosquitto_passwd for "secret".
  const PasswordHash pbkdf2 = parsed(
      "$7$101$f9UEFdruMZArPjYx$5TaJ4ghp0tbvnzLXXdgygpOJah0NhwE/pYOT"
      "TBkmOfC1C4KiqKAs0Pewah87DmRpYfz2rGwmEArYio/sT/6L9w==");
  CHECK(pbkdf2.scheme() == PasswordHash::Scheme::kPbkdf2);
  CHECK(matches(pbkdf2, "secret"));
  CHECK(!matches(pbkdf2, "Secret"));
  CHECK(!matches(pbkdf2, ""));
  const PasswordHash sha512 = parsed(
      "$6$u/TjY2Zi86nJ4IaN$Wl6QTJ3Q0Uginx6DUKT80/iRxXl2SucU3JIvijYW"
      "SqHdDhRpIGz88v77vSNBTY/FsB4B4sMjeychEt/8a5a8zw==");
  CHECK(sha512.scheme() == PasswordHash::Scheme::kSha512);
  CHECK(matches(sha512, "secret"));
  CHECK(!matches(sha512, "secreT"));
  // By libargon2 itself.
  const PasswordHash argon2 = parsed(
      "$argon2id$v=19$m=1024,t=2,p=1$c29tZXNhbHQ$L+Zv6RUcZHNM8MRv8N"
      "xKmDbA+W2z7wbsR1KkBvCYVuU");
  CHECK(matches(argon2, "secret"));
  CHECK(!matches(argon2, "secret "));
}

TEST_CASE("what is made is read again, and has a salt of its own") {
  for (const auto scheme : {PasswordHash::Scheme::kPbkdf2, PasswordHash::Scheme::kArgon2id}) {
    const auto one = PasswordHash::make(to_bytes(kPassword), scheme, 10);
    const auto two = PasswordHash::make(to_bytes(kPassword), scheme, 10);
    REQUIRE(one);
    REQUIRE(two);
    CHECK(one->text() != two->text());
    const PasswordHash again = parsed(one->text());
    CHECK(again.text() == one->text());
    CHECK(matches(again, kPassword));
    CHECK(!matches(again, "password"));
  }
}

TEST_CASE("a salt has the size that mosquitto 2.0 insists on") {
  const auto hash =
      PasswordHash::make(to_bytes("secret"), PasswordHash::Scheme::kPbkdf2, 101)->text();
  const std::string_view salt = std::string_view(hash).substr(7, 16);
  CHECK(hash.starts_with("$7$101$"));
  CHECK(hash[23] == '$');
  CHECK(decode_base64(salt)->size() == 12);
}

TEST_CASE("what is no hash, and what asks for too much") {
  for (const char* text :
       {"", "plain", "$7$", "$7$0$YWJj$YWJj", "$7$101$YWJj$YWJj", "$7$99999999$YWJj$YWJj",
        "$7$x$YWJj$YWJj", "$6$YWJj", "$6$*$*", "$5$a$b", "$argon2id$v=19$t=3$x$y",
        "$argon2id$v=19$m=4194304,t=1,p=1$c2FsdHNhbHQ$aGFzaA"}) {
    CAPTURE(text);
    CHECK(!PasswordHash::parse(text));
  }
}
