#include "base/base64.h"

#include <doctest/doctest.h>

using namespace mq;

TEST_CASE("base64: the vectors of RFC 4648") {
  const struct {
    const char* bytes;
    const char* text;
  } vectors[] = {{"", ""},
                 {"f", "Zg=="},
                 {"fo", "Zm8="},
                 {"foo", "Zm9v"},
                 {"foob", "Zm9vYg=="},
                 {"fooba", "Zm9vYmE="},
                 {"foobar", "Zm9vYmFy"}};
  for (const auto& vector : vectors) {
    CHECK(encode_base64(to_bytes(vector.bytes)) == vector.text);
    const auto back = decode_base64(vector.text);
    REQUIRE(back);
    CHECK(to_string_view(*back) == vector.bytes);
  }
}

TEST_CASE("base64: the URL-safe alphabet has no padding") {
  const uint8_t bytes[] = {0xfb, 0xff, 0xbf, 0xfe};
  CHECK(encode_base64(bytes) == "+/+//g==");
  CHECK(encode_base64url(bytes) == "-_-__g");
  CHECK(equal(*decode_base64url("-_-__g"), bytes));
  CHECK(!decode_base64url("-_-__g=="));
  CHECK(!decode_base64url("+/+//g"));
  CHECK(!decode_base64("-_-__g=="));
}

TEST_CASE("base64: bytes have one form only") {
  for (const char* text : {"Z", "Zg", "Zg=", "Zg===", "Zm9v=", "Zg==Zg==", "Z g=", "Zh==", "Zm9=",
                           "====", "Zm9v\n", "=Zm9"}) {
    CAPTURE(text);
    CHECK(!decode_base64(text));
  }
  CHECK(!decode_base64url("Zh"));
  CHECK(!decode_base64url("Zm9vY"));
}
