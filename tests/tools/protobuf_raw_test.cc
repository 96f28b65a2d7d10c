#include "clients/protobuf_raw.h"

#include <algorithm>
#include <string>

#include <doctest/doctest.h>

#include "base/random.h"
#include "clients/notation.h"

namespace mq {
namespace {

std::string shown(std::string_view message) {
  Buffer out;
  out.append("before");
  const auto result = protobuf_to_text(to_bytes(message), out);
  const std::string text(to_string_view(out.bytes()));
  if (!result) {
    CHECK(text == "before");
    return result.error().text;
  }
  return text.substr(6);
}

std::string automatic(std::string_view payload) {
  Buffer out;
  REQUIRE(to_text(Notation::kAuto, to_bytes(payload), out));
  return std::string(to_string_view(out.bytes()));
}

using namespace std::string_literals;

}  // namespace

TEST_CASE("fields as protoc --decode_raw shows them") {
  CHECK(shown("") == "");
  CHECK(shown("\x08\x96\x01") == "1: 150");
  CHECK(shown("\x12\x07testing") == "2: \"testing\"");
  CHECK(shown("\x1A\x03\x08\x96\x01") == "3 {\n  1: 150\n}");
  CHECK(shown("\x0D\x0A\0\0\0"s) == "1: 0x0000000a");
  CHECK(shown("\x09\x01\0\0\0\0\0\0\x80"s) == "1: 0x8000000000000001");
  CHECK(shown("\x08\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01") == "1: 18446744073709551615");
  CHECK(shown("\x12\0"s) == "2: \"\"");
  CHECK(shown("\x12\x08\"'\\\n\r\t\x01\xC3") == R"(2: "\"\'\\\n\r\t\001\303")");
  CHECK(shown("\x0B\x10\x01\x0C\x10\x02") == "1 {\n  2: 1\n}\n2: 2");  // a group
  CHECK(shown("\xF8\xFF\xFF\xFF\x0F\x01") == "536870911: 1");
}

TEST_CASE("what is not Protocol Buffers") {
  for (const std::string& bytes :
       {"\x08"s, "\x08\x96"s, "\x12\x08short"s, "\x00\x01"s, "\x0D\x01"s, "\x09\x01"s, "\x0E\x01"s,
        "\x0F"s, "\x0B"s, "\x0C"s, "\x0B\x14"s, "\x80\x80\x80\x80\x10\x01"s,
        "\x08\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x02"s,
        "\x08\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01"s,
        "\x12\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01"s}) {
    CAPTURE(bytes.size());
    CHECK(shown(bytes) == "is not Protocol Buffers");
  }
  std::string large(kProtobufSizeMax + 1, '\x08');
  CHECK(shown(large).starts_with("is too large"));
  large.pop_back();
  CHECK(shown(large).starts_with("1: 8\n1: 8\n"));
}

TEST_CASE("depth has its limit, for messages and for groups") {
  std::string message = "\x08\x01";
  for (size_t depth = 1; depth < kProtobufDepthMax + 5; ++depth) {
    message = "\x0A" + std::string(1, static_cast<char>(message.size())) + message;
    const std::string text = shown(message);
    const auto braces = static_cast<size_t>(std::count(text.begin(), text.end(), '{'));
    CHECK(braces == std::min(depth, kProtobufDepthMax - 1));
  }
  const auto groups = [](size_t count) {
    return std::string(count, '\x0B') + std::string(count, '\x0C');
  };
  CHECK(shown(groups(kProtobufDepthMax)).find('{') != std::string::npos);
  CHECK(shown(groups(kProtobufDepthMax + 1)) == "is not Protocol Buffers");
  CHECK(shown(groups(500'000)) == "is not Protocol Buffers");
}

TEST_CASE("hostile bytes: no crash, and text in proportion") {
  Random random(7);
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes(random.next() % 64, '\0');
    // Mostly small bytes: keys and lengths that fit.
    for (char& c : bytes) {
      c = static_cast<char>(random.next() % 8 == 0 ? random.next() : random.next() % 32);
    }
    CHECK(shown(bytes).size() <= 64 + bytes.size() * (2 * kProtobufDepthMax + 20));
  }
}

TEST_CASE("auto: JSON, text, CBOR, MessagePack, else hexadecimal") {
  CHECK(automatic(R"({ "a" : [1, 2] })") == R"({"a":[1,2]})");
  CHECK(automatic("21.5") == "21.5");
  CHECK(automatic("grüß dich\n") == "grüß dich\n");
  CHECK(automatic("A") == "A");                          // 65 in MessagePack
  CHECK(automatic("dabcd") == "dabcd");                  // "abcd" in CBOR
  CHECK(automatic("\xA1\x61\x61\x01") == R"({"a":1})");  // CBOR
  CHECK(automatic("\x83\x01\x02\x03") == "[1,2,3]");     // CBOR
  CHECK(automatic("\x81\xA1\x61\x01") == R"({"a":1})");  // MessagePack
  CHECK(automatic("\x00\xFF"s) == "00ff");
  CHECK(automatic("a\0b"s) == "610062");
  CHECK(automatic("") == "");
}

}  // namespace mq
