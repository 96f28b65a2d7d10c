#include "clients/notation.h"

#include <string>

#include <doctest/doctest.h>

using namespace mq;
using namespace std::string_view_literals;

namespace {

std::string bytes_of(Notation notation, std::string_view text) {
  Buffer out;
  const auto made = from_text(notation, text, out);
  return made ? std::string(to_string_view(out.bytes())) : "error: it " + made.error().text;
}

std::string text_of(Notation notation, std::string_view bytes) {
  Buffer out;
  const auto made = to_text(notation, to_bytes(bytes), out);
  return made ? std::string(to_string_view(out.bytes())) : "error: it " + made.error().text;
}

}  // namespace

TEST_CASE("hexadecimal") {
  CHECK(bytes_of(Notation::kHex, "00fF 10\n") == "\0\xFF\x10"sv);
  CHECK(bytes_of(Notation::kHex, "") == "");
  CHECK(bytes_of(Notation::kHex, "0") ==
        "error: it is not hexadecimal: it has an odd number of digits");
  CHECK(bytes_of(Notation::kHex, "0g") == "error: it is not hexadecimal");
  CHECK(text_of(Notation::kHex, "\0\xFF\x10"sv) == "00ff10");
}

TEST_CASE("base64 (RFC 4648 section 10)") {
  const std::pair<std::string_view, std::string_view> kVectors[] = {{"", ""},
                                                                    {"f", "Zg=="},
                                                                    {"fo", "Zm8="},
                                                                    {"foo", "Zm9v"},
                                                                    {"foob", "Zm9vYg=="},
                                                                    {"fooba", "Zm9vYmE="},
                                                                    {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : kVectors) {
    CHECK(bytes_of(Notation::kBase64, text) == bytes);
    CHECK(text_of(Notation::kBase64, bytes) == text);
  }
  CHECK(bytes_of(Notation::kBase64, "Zg") == "f");
  for (const char* wrong : {"Z", "Zg=", "Zg===", "Z=g=", "Zg==Zg==", "Z*=="}) {
    CAPTURE(wrong);
    CHECK(bytes_of(Notation::kBase64, wrong) == "error: it is not base64");
  }
}

TEST_CASE("JSON, CBOR and MessagePack") {
  const std::string_view json = R"({"b":[1,-2,3.5,"x",null,true],"a":{}})";
  CHECK(bytes_of(Notation::kJson, " {\"b\" : [1,-2,3.5,\"x\",null,true],\n\"a\":{}} ") == json);
  for (const Notation notation : {Notation::kCbor, Notation::kMsgpack}) {
    CHECK(text_of(notation, bytes_of(notation, json)) == json);
    CHECK(text_of(notation, bytes_of(notation, json) + "x").starts_with("error: it is not "));
    CHECK(text_of(notation, "").starts_with("error: it is not "));
    CHECK(bytes_of(notation, "{") == "error: it is not JSON");
  }
  CHECK(bytes_of(Notation::kCbor, "[1]") == "\x81\x01");
  CHECK(bytes_of(Notation::kMsgpack, "[1]") == "\x91\x01");
}

TEST_CASE("what strangers nest deeply is refused, not walked") {
  CHECK(text_of(Notation::kCbor, std::string(1 << 20, '\x81')).starts_with("error: "));
  CHECK(text_of(Notation::kMsgpack, std::string(1 << 20, '\x91')).starts_with("error: "));
  CHECK(text_of(Notation::kJson, std::string(1 << 20, '[') + std::string(1 << 20, ']'))
            .starts_with("error: "));
  // A string of 2^63 bytes, of which none is there.
  CHECK(text_of(Notation::kCbor, "\x7B\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF").starts_with("error: "));
}
