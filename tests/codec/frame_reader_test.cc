#include "codec/frame_reader.h"

#include <algorithm>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "base/random.h"
#include "codec/encode.h"
#include "support/random_packet.h"
#include "support/vectors.h"

using namespace mq;
using namespace mq::test;

namespace {

// A PUBLISH of exactly `size` bytes.
Buffer publish_of(size_t size) {
  Buffer bytes;
  for (size_t payload = size; payload-- > 0;) {
    const std::string text(payload, 'x');
    Publish publish;
    publish.topic = "t";
    publish.payload = to_bytes(text);
    bytes.clear();
    encode(publish, Version::kV311, bytes);
    if (bytes.size() == size) return bytes;
  }
  FAIL("no such size");
  return bytes;
}

Bytes all(const std::vector<uint8_t>& bytes) {
  return bytes;
}

}  // namespace

TEST_CASE("a frame that is whole is returned in place") {
  const std::vector<uint8_t> bytes = from_hex("32 05 0001 61 0001 c0 00");
  FrameReader reader;
  Bytes in = bytes;
  const auto first = reader.next(in);
  REQUIRE((first && *first));
  CHECK((*first)->first_byte == 0x32);
  CHECK((*first)->header_size == 2);
  CHECK((*first)->body.data() == bytes.data() + 2);
  CHECK((*first)->body.size() == 5);
  const auto second = reader.next(in);
  REQUIRE((second && *second));
  CHECK((*second)->type() == PacketType::kPingreq);
  CHECK((*second)->body.empty());
  CHECK(in.empty());
  CHECK(reader.pending() == 0);
  const auto nothing = reader.next(in);
  REQUIRE(nothing.has_value());
  CHECK(!nothing->has_value());
}

TEST_CASE("a stream cut anywhere gives the same frames") {
  RandomPackets packets(3);
  Buffer stream;
  std::vector<size_t> sizes;
  for (int i = 0; i < 300; ++i) {
    const size_t before = stream.size();
    encode(packets.next(Version::kV5, Side::kClient), Version::kV5, stream);
    sizes.push_back(stream.size() - before);
  }
  Random random(4);
  for (int round = 0; round < 30; ++round) {
    FrameReader reader;
    std::vector<size_t> seen;
    std::vector<uint8_t> bodies;
    for (Bytes rest = stream.bytes(); !rest.empty();) {
      const size_t n =
          std::min<size_t>(1 + random.below(random.chance(0.5) ? 5 : 5000), rest.size());
      Bytes in = rest.first(n);
      rest = rest.subspan(n);
      for (;;) {
        const auto frame = reader.next(in);
        REQUIRE(frame.has_value());
        if (!*frame) break;
        bodies.push_back((*frame)->first_byte);
        bodies.insert(bodies.end(), (*frame)->body.begin(), (*frame)->body.end());
        seen.push_back((*frame)->size());
      }
      CHECK(in.empty());
    }
    CHECK(seen == sizes);
    // First bytes and bodies are the stream without its lengths.
    size_t at = 0, body_at = 0;
    for (const size_t size : sizes) {
      const size_t header = size < 2 + 128 ? 2 : size < 3 + 16384 ? 3 : 4;
      REQUIRE(bodies[body_at] == stream.data()[at]);
      REQUIRE(equal({stream.data() + at + header, size - header},
                    Bytes(bodies).subspan(body_at + 1, size - header)));
      at += size;
      body_at += 1 + size - header;
    }
  }
}

TEST_CASE("[MQTT-3.2.2-15] the maximum packet size is exact to the byte") {
  for (const size_t size : {20u, 129u, 131u, 1000u, 20000u}) {
    const Buffer bytes = publish_of(size);
    FrameReader reader;
    reader.set_packet_max(static_cast<uint32_t>(size));
    Bytes in = bytes.bytes();
    const auto frame = reader.next(in);
    REQUIRE((frame && *frame));
    CHECK((*frame)->size() == size);

    FrameReader smaller;
    smaller.set_packet_max(static_cast<uint32_t>(size - 1));
    in = bytes.bytes();
    const auto refused = smaller.next(in);
    REQUIRE(!refused.has_value());
    CHECK(refused.error().reason == ReasonCode::kPacketTooLarge);
  }
}

TEST_CASE("a packet that is too large is refused as soon as its length is known") {
  FrameReader reader;
  reader.set_packet_max(1000);
  const std::vector<uint8_t> bytes = from_hex("30 ffffff7f");
  for (size_t i = 0; i < bytes.size(); ++i) {
    Bytes in(&bytes[i], 1);
    const auto frame = reader.next(in);
    CHECK(frame.has_value() == (i < 4));
    if (!frame) CHECK(frame.error().reason == ReasonCode::kPacketTooLarge);
  }
}

TEST_CASE("the largest packet there can be is within the default maximum") {
  FrameReader reader;
  const std::vector<uint8_t> bytes = from_hex("30 ffffff7f 00");
  Bytes in = bytes;
  const auto frame = reader.next(in);
  REQUIRE(frame.has_value());
  CHECK(!frame->has_value());
  CHECK(reader.pending() == 6);
}

TEST_CASE("[MQTT-1.5.5-1] a remaining length that is longer than needed is malformed") {
  for (const char* hex : {"30 8000", "c0 8000", "30 ff8000", "30 80808000", "30 8080808001"}) {
    INFO(hex);
    const std::vector<uint8_t> bytes = from_hex(hex);
    FrameReader whole;
    Bytes in = bytes;
    const auto frame = whole.next(in);
    REQUIRE(!frame.has_value());
    CHECK(frame.error().reason == ReasonCode::kMalformedPacket);

    FrameReader split;
    Decoded<std::optional<Frame>> last = std::nullopt;
    for (size_t i = 0; last && i < bytes.size(); ++i) {
      in = all(bytes).subspan(i, 1);
      last = split.next(in);
    }
    REQUIRE(!last.has_value());
    CHECK(last.error().reason == ReasonCode::kMalformedPacket);
  }
}

TEST_CASE("a split frame does not swallow the one that follows it") {
  const std::vector<uint8_t> bytes = from_hex("c0 00 30 03 0001 61");
  FrameReader reader;
  Bytes in = all(bytes).first(1);
  REQUIRE(reader.next(in).has_value());
  CHECK(reader.pending() == 1);
  in = all(bytes).subspan(1);
  const auto ping = reader.next(in);
  REQUIRE((ping && *ping));
  CHECK((*ping)->type() == PacketType::kPingreq);
  CHECK(in.size() == 5);
  const auto publish = reader.next(in);
  REQUIRE((publish && *publish));
  CHECK((*publish)->body.data() == bytes.data() + 4);
}

TEST_CASE("an announced length costs no memory before its bytes arrive") {
  // 256 MB announced by each of 10,000 peers: this test would not end otherwise.
  const std::vector<uint8_t> bytes = from_hex("30 ffffff7f 61*59");
  std::vector<FrameReader> readers(10'000);
  for (FrameReader& reader : readers) {
    Bytes in = bytes;
    REQUIRE(reader.next(in).has_value());
    CHECK(reader.pending() == bytes.size());
    CHECK(reader.memory() <= 2 * bytes.size());
  }
}

TEST_CASE("memory of a split frame follows its bytes and is given back after it") {
  const Buffer frame_bytes = publish_of(1'000'000);
  FrameReader reader;
  size_t arrived = 0;
  for (Bytes rest = frame_bytes.bytes(); !rest.empty();) {
    Bytes in = rest.first(std::min<size_t>(rest.size(), 7000));
    rest = rest.subspan(in.size());
    arrived += in.size();
    const auto frame = reader.next(in);
    REQUIRE(frame.has_value());
    CHECK(frame->has_value() == rest.empty());
    CHECK(reader.memory() <= std::min<size_t>(2 * arrived, 1'000'000) + 64);
  }
  CHECK(reader.memory() == 1'000'000);
  Bytes nothing;
  REQUIRE(reader.next(nothing).has_value());
  CHECK(reader.memory() == 0);
}
