#include "base/buffer.h"

#include <string>
#include <utility>

#include <doctest/doctest.h>

#include "base/random.h"

using namespace mq;

TEST_CASE("an empty buffer owns nothing") {
  const Buffer buffer;
  CHECK(buffer.empty());
  CHECK(buffer.capacity() == 0);
  CHECK(buffer.bytes().empty());
}

TEST_CASE("big-endian integers are appended and loaded") {
  Buffer buffer;
  buffer.put_u8(0x01);
  buffer.put_be16(0x0203);
  buffer.put_be32(0x04050607);
  const uint8_t expected[] = {1, 2, 3, 4, 5, 6, 7};
  CHECK(equal(buffer.bytes(), expected));
  CHECK(load_be16(buffer.data() + 1) == 0x0203);
  CHECK(load_be32(buffer.data() + 3) == 0x04050607);
}

TEST_CASE("a buffer takes and gives any sequence of appends and consumes") {
  Random random(1);
  Buffer buffer;
  std::string expected;
  for (int i = 0; i < 20'000; ++i) {
    switch (random.below(5)) {
      case 0:
      case 1: {
        const std::string text = random.alphanumeric(random.below(60));
        buffer.append(text);
        expected += text;
        break;
      }
      case 2:
      case 3: {
        const size_t n = random.below(buffer.size() + 1);
        buffer.consume(n);
        expected.erase(0, n);
        break;
      }
      case 4: {
        const size_t n = random.below(buffer.size() + 1);
        buffer.truncate(n);
        expected.resize(n);
        break;
      }
    }
    REQUIRE(to_string_view(buffer.bytes()) == expected);
  }
}

TEST_CASE("a buffer that is drained as it is filled does not grow") {
  Buffer buffer;
  const std::string part(100, 'x');
  buffer.append(part);
  for (int i = 0; i < 10'000; ++i) {
    buffer.append(part);
    buffer.consume(part.size());
  }
  CHECK(buffer.size() == 100);
  CHECK(buffer.capacity() <= 1000);
}

TEST_CASE("a buffer grows by doubling") {
  Buffer buffer;
  int moves = 0;
  size_t capacity = 0;
  for (int i = 0; i < 100'000; ++i) {
    buffer.put_u8(0);
    if (buffer.capacity() != capacity) ++moves;
    capacity = buffer.capacity();
  }
  CHECK(moves <= 12);
  CHECK(capacity <= 200'000);
}

TEST_CASE("a single reserve makes room for exactly what was asked") {
  Buffer buffer;
  buffer.reserve(5000);
  CHECK(buffer.capacity() == 5000);
  const uint8_t* memory = buffer.grow(5000);
  CHECK(buffer.data() == memory);
  CHECK(buffer.size() == 5000);
}

TEST_CASE("clear keeps the memory and release gives it back") {
  Buffer buffer;
  buffer.append(std::string(1000, 'x'));
  buffer.clear();
  CHECK(buffer.empty());
  CHECK(buffer.capacity() >= 1000);
  buffer.release();
  CHECK(buffer.capacity() == 0);
}

TEST_CASE("a moved buffer takes its bytes along") {
  Buffer a;
  a.append("abc");
  const uint8_t* memory = a.data();
  Buffer b(std::move(a));
  CHECK(b.data() == memory);
  Buffer c;
  c.append("old");
  c = std::move(b);
  CHECK(to_string_view(c.bytes()) == "abc");
}

TEST_CASE("appending nothing is allowed, from nowhere, too") {
  Buffer buffer;
  buffer.append(Bytes());
  buffer.append(std::string_view());
  CHECK(buffer.empty());
}
