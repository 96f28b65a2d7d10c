#include "mqsub/number_path.h"

#include <optional>
#include <string>

#include <doctest/doctest.h>

using namespace mq;

namespace {

std::optional<double> find(std::string_view path, std::string_view payload) {
  const auto parsed = NumberPath::parse(path);
  if (!parsed) FAIL(parsed.error().text);
  return parsed->find(to_bytes(payload));
}

bool finds(std::string_view path, std::string_view payload, double value) {
  return find(path, payload) == value;
}

std::string error(std::string_view path) {
  const auto parsed = NumberPath::parse(path);
  return parsed ? "" : parsed.error().text;
}

}  // namespace

TEST_CASE("a payload that is a number") {
  CHECK(finds(".", "21.5", 21.5));
  CHECK(finds("$", " -3e2\r\n", -300));
  CHECK(finds(".", "+7", 7));
  CHECK(finds(".", "0", 0));
  CHECK(finds(".", "true", 1));
  CHECK(finds(".", "false", 0));
  CHECK(finds(".", "\"21.5\"", 21.5));
  for (const char* payload : {"", " ", "x", "21.5 C", "nan", "inf", "-inf", "1e999", "1e301", "--1",
                              "0x10", "null", "[1]", "{}", "+", "1 2", "\xFF"}) {
    CAPTURE(payload);
    CHECK(!find(".", payload));
  }
  CHECK(finds(".", "1e300", 1e300));
}

TEST_CASE("members and elements") {
  const std::string payload =
      R"({"a":{"x":1},"t":21.5,"list":[1,[2,3],{"v":4,"w":[5]}],"b.c":6,"s":"7","on":true})";
  CHECK(finds("t", payload, 21.5));
  CHECK(finds(".t", payload, 21.5));
  CHECK(finds("$.t", payload, 21.5));
  CHECK(finds("a.x", payload, 1));
  CHECK(finds("list[0]", payload, 1));
  CHECK(finds("list[1][1]", payload, 3));
  CHECK(finds("list[2].v", payload, 4));
  CHECK(finds("list[2].w[0]", payload, 5));
  CHECK(finds("[\"b.c\"]", payload, 6));
  CHECK(finds("['t']", payload, 21.5));
  CHECK(finds("s", payload, 7));
  CHECK(finds("on", payload, 1));
  for (const char* path : {"x", "a", "a.t", "t.x", "t[0]", "list", "list[3]", "list.v", "list[1]",
                           "list[2].w[1]", "a[0]"}) {
    CAPTURE(path);
    CHECK(!find(path, payload));
  }
  CHECK(finds("[1]", "[1,2]", 2));
  CHECK(finds("[2][0]", "[[9],{\"a\":[8]},[7]]", 7));
}

TEST_CASE("names that lead astray deeper down") {
  CHECK(finds("t", R"({"x":{"t":1},"t":2})", 2));
  CHECK(finds("t", R"({"x":[{"t":1}],"t":2})", 2));
  CHECK(finds("a.t", R"({"t":{"t":9},"a":{"b":{"t":8},"t":7}})", 7));
  CHECK(!find("a.t", R"({"a":{"b":1},"t":2})"));
}

TEST_CASE("JSON that is broken or hostile") {
  CHECK(!find("t", R"({"t")"));
  CHECK(!find("t", R"({"x":1)"));
  CHECK(!find("t", "{\"x\":\"\xFF\",\"t\":1}"));
  CHECK(!find("t", R"({"t":1e999})"));
  CHECK(!find("t", std::string(1'000'000, '[')));
  CHECK(!find("t", std::string(100'000, '{')));
}

TEST_CASE("paths that are none") {
  for (const char* path : {"", "a.", "a..b", "..", "a[", "a[x]", "a[-1]", "a[0", "[\"a]", "a]b[",
                           "a[0]b", "a[99999999999999999999]"}) {
    CAPTURE(path);
    CHECK(error(path).starts_with(std::string("Invalid path '") + path + "'"));
  }
  std::string deep = "a";
  for (size_t i = 1; i < NumberPath::kStepsMax; ++i) deep += ".a";
  CHECK(error(deep) == "");
  CHECK(error(deep + ".a").find("too deep") != std::string::npos);
}
