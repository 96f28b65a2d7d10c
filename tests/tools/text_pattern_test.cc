#include "clients/text_pattern.h"

#include <string>

#include <doctest/doctest.h>

using namespace mq;
using namespace std::string_view_literals;

TEST_CASE("extended regular expressions, anywhere in a payload") {
  const auto found = [](const char* pattern, std::string_view bytes) {
    return TextPattern::compile(pattern)->found_in(bytes);
  };
  CHECK(found("b+", "abbc"));
  CHECK(!found("^b", "abbc"));
  CHECK(found("^(a|x).*c$", "abbc"));
  CHECK(found("c", "a\0c"sv));
  CHECK(!found("c", ""));
  CHECK(found("", ""));
  // Where the payload ends, the match does.
  CHECK(!found("c", std::string_view("abc", 2)));
  const auto wrong = TextPattern::compile("a(");
  REQUIRE(!wrong);
  CHECK(wrong.error().text.starts_with("'a(' is not a regular expression: "));
}
