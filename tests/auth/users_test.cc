#include "auth/users.h"

#include <doctest/doctest.h>

using namespace mq;

namespace {

constexpr std::string_view kHash = "$7$1$YWJj$";

PasswordHash hash(std::string_view password) {
  return *PasswordHash::make(to_bytes(password), PasswordHash::Scheme::kPbkdf2, 1);
}

bool is(const Users& users, std::string_view name, std::string_view password) {
  const PasswordHash* found = users.find(name);
  return found != nullptr && found->matches(to_bytes(password));
}

}  // namespace

TEST_CASE("users are set, replaced, removed, and survive the file") {
  Users users;
  CHECK(users.any() == nullptr);
  users.set("alice", hash("a"));
  users.set("bob", hash("b"));
  users.set("carol", hash("c"));
  users.set("bob", hash("B"));
  CHECK(users.remove("alice"));
  CHECK(!users.remove("alice"));
  const auto again = Users::parse(users.text(), "file");
  REQUIRE(again);
  CHECK(again->find("alice") == nullptr);
  CHECK(is(*again, "bob", "B"));
  CHECK(!is(*again, "bob", "b"));
  CHECK(is(*again, "carol", "c"));
}

TEST_CASE("lines: comments, carriage returns, and errors that do not show what they found") {
  Users users;
  users.set("alice", hash("a"));
  std::string text = "# users\n\n" + users.text();
  text.insert(text.size() - 1, "\r");
  CHECK(is(*Users::parse(text, "file"), "alice", "a"));
  const auto plain = Users::parse("alice:letmein\n", "file");
  REQUIRE(!plain);
  CHECK(plain.error().text.starts_with("file:1: it is not a hash"));
  CHECK(plain.error().text.find("letmein") == std::string::npos);
  CHECK(Users::parse("\nalice\n", "file").error().text == "file:2: a line is NAME:HASH");
  CHECK(Users::parse(":" + std::string(kHash), "file").error().text.starts_with("file:1: "));
  CHECK(Users::parse(users.text() + users.text(), "file").error().text ==
        "file:2: 'alice' is there already");
}

TEST_CASE("a file of plain passwords is hashed; what is hashed stays") {
  Users old;
  old.set("bob", hash("b"));
  const auto users = hash_passwords("alice:a:b c\n" + old.text(), "file",
                                    PasswordHash::Scheme::kPbkdf2, 1);
  REQUIRE(users);
  CHECK(is(*users, "alice", "a:b c"));
  CHECK(is(*users, "bob", "b"));
}

TEST_CASE("names that a password file cannot hold") {
  CHECK(user_name_fault("alice") == nullptr);
  CHECK(user_name_fault("b\xC3\xB6rn m") == nullptr);
  for (const char* name : {"", "a:b", "a\nb", "#a"}) CHECK(user_name_fault(name) != nullptr);
}
