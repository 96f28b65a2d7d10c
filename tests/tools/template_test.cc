#include "mqpub/template.h"

#include <cstdlib>
#include <set>
#include <string>

#include <doctest/doctest.h>

using namespace mq;

namespace {

std::string filled(std::string_view text, uint64_t n = 7) {
  const auto parsed = Template::parse(text);
  if (!parsed) return "error: " + parsed.error().text;
  Random random(1);
  return parsed->filled(n, WallTime(std::chrono::microseconds(1'795'353'264'204'360)), random);
}

}  // namespace

TEST_CASE("places are filled in, other braces stay") {
  CHECK(filled("") == "");
  CHECK(filled("plain") == "plain");
  CHECK(filled("a{n}b{n}") == "a7b7");
  CHECK(filled("{\"n\":{n},\"x\":{}}") == "{\"n\":7,\"x\":{}}");
  CHECK(filled("{now}") == "2026-11-22T13:14:24.204Z");
  CHECK(filled("{n") == "{n");
  CHECK(filled("{{n}}") == "{7}");
  CHECK(filled("{uuid}").size() == 36);
  CHECK(filled("{uuid}{uuid}").substr(0, 36) != filled("{uuid}{uuid}").substr(36));
  setenv("MQ_TEMPLATE_TEST", "{n}", 1);
  CHECK(filled("{env MQ_TEMPLATE_TEST}") == "{n}");
  CHECK(filled("{env MQ_NO_SUCH}").starts_with("error: "));
}

TEST_CASE("random numbers of a range, both ends included") {
  const auto parsed = Template::parse("{rand -1 2}");
  REQUIRE(parsed);
  Random random(1);
  std::set<std::string> seen;
  for (int i = 0; i < 200; ++i) seen.insert(parsed->filled(1, WallTime(), random));
  CHECK(seen == std::set<std::string>{"-1", "0", "1", "2"});
  CHECK(filled("{rand 5 5}") == "5");
  CHECK(!filled("{rand -9223372036854775808 9223372036854775807}").starts_with("error"));
  for (const char* wrong : {"{rand 2 1}", "{rand 1}", "{rand a b}", "{rand 1 2 3}"}) {
    CHECK(filled(wrong).starts_with("error: "));
  }
}
