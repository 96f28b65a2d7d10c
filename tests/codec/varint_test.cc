#include "codec/varint.h"

#include <vector>

#include <doctest/doctest.h>

using namespace mq;

namespace {

std::vector<uint8_t> stored(uint32_t value) {
  std::vector<uint8_t> bytes(8, 0xEE);
  bytes.resize(static_cast<size_t>(store_varint(bytes.data(), value) - bytes.data()));
  return bytes;
}

Varint load(std::vector<uint8_t> bytes) {
  return load_varint(bytes.data(), bytes.size());
}

}  // namespace

TEST_CASE("[MQTT-1.5.5-1] a varint takes the least bytes at every edge") {
  // Table 1-1 of MQTT 5.0.
  CHECK(stored(0) == std::vector<uint8_t>{0x00});
  CHECK(stored(127) == std::vector<uint8_t>{0x7F});
  CHECK(stored(128) == std::vector<uint8_t>{0x80, 0x01});
  CHECK(stored(16'383) == std::vector<uint8_t>{0xFF, 0x7F});
  CHECK(stored(16'384) == std::vector<uint8_t>{0x80, 0x80, 0x01});
  CHECK(stored(2'097'151) == std::vector<uint8_t>{0xFF, 0xFF, 0x7F});
  CHECK(stored(2'097'152) == std::vector<uint8_t>{0x80, 0x80, 0x80, 0x01});
  CHECK(stored(kVarintMax) == std::vector<uint8_t>{0xFF, 0xFF, 0xFF, 0x7F});
}

TEST_CASE("a varint that was stored is loaded again") {
  for (uint32_t value = 0; value <= kVarintMax; value = value * 9 / 8 + 1) {
    const std::vector<uint8_t> bytes = stored(value);
    CHECK(bytes.size() == varint_size(value));
    const Varint varint = load(bytes);
    CHECK(varint.status == VarintStatus::kOk);
    CHECK(varint.size == bytes.size());
    CHECK(varint.value == value);
  }
}

TEST_CASE("[MQTT-1.5.5-1] a varint longer than needed is malformed") {
  for (const std::vector<uint8_t>& bytes : std::vector<std::vector<uint8_t>>{
           {0x80, 0x00}, {0xFF, 0x00}, {0x80, 0x80, 0x00}, {0xFF, 0xFF, 0xFF, 0x00}}) {
    CHECK(load(bytes).status == VarintStatus::kMalformed);
  }
}

TEST_CASE("a varint of more than four bytes is malformed, without a look at the fifth") {
  CHECK(load({0x80, 0x80, 0x80, 0x80}).status == VarintStatus::kMalformed);
  CHECK(load({0xFF, 0xFF, 0xFF, 0xFF, 0x01}).status == VarintStatus::kMalformed);
}

TEST_CASE("a varint whose end is missing is incomplete") {
  CHECK(load({}).status == VarintStatus::kIncomplete);
  CHECK(load({0x80}).status == VarintStatus::kIncomplete);
  CHECK(load({0xFF, 0xFF, 0xFF}).status == VarintStatus::kIncomplete);
}

TEST_CASE("what follows a varint is not looked at") {
  const Varint varint = load({0x05, 0xFF, 0xFF, 0xFF, 0xFF});
  CHECK(varint.status == VarintStatus::kOk);
  CHECK(varint.size == 1);
  CHECK(varint.value == 5);
}
