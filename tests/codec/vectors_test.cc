// Every vector, whole, cut short, byte by byte, and counted.
#include <algorithm>
#include <set>

#include <doctest/doctest.h>

#include "codec/frame_reader.h"
#include "codec/varint.h"
#include "support/allocations.h"
#include "wire.h"

using namespace mq;
using namespace mq::test;

namespace {

// Lengths to cut a body of `size` bytes to: all, or both ends of a long one.
std::vector<size_t> cuts(size_t size) {
  std::vector<size_t> lengths;
  for (size_t n = 0; n < size; ++n) {
    if (n < 200 || n + 20 > size) lengths.push_back(n);
  }
  return lengths;
}

}  // namespace

TEST_CASE("every vector decodes to its fields or its error and encodes to its bytes") {
  CHECK(vectors().size() >= 1600);
  for (const WireVector& vector : vectors()) check_vector(vector);
}

TEST_CASE("the vectors have every packet type at every version, and every property") {
  std::set<std::pair<uint8_t, Version>> types;
  std::set<PropertyId> properties;
  for (const WireVector& vector : vectors()) {
    if (vector.fault) continue;
    types.insert({static_cast<uint8_t>(vector.bytes[0] >> 4), vector.version});
    for (int id = 0; id < 256; ++id) {
      const auto property = static_cast<PropertyId>(id);
      if (type_of(property) != PropertyType::kNone &&
          vector.fields.find("\"" + std::string(name(property)) + "\"") != std::string::npos) {
        properties.insert(property);
      }
    }
  }
  CHECK(types.size() == 15 + 14 + 14);  // AUTH is 5.0's
  CHECK(properties.size() == 27);
}

TEST_CASE("a vector's name is its own") {
  std::set<std::string> names;
  for (const WireVector& vector : vectors()) {
    INFO(vector.name);
    CHECK(names.insert(vector.name).second);
  }
}

TEST_CASE("a packet whose end has not arrived is incomplete") {
  for (const WireVector& vector : vectors()) {
    if (vector.fault) continue;
    INFO(vector.name);
    for (const size_t n : cuts(vector.bytes.size())) {
      FrameReader reader;
      Bytes in(vector.bytes.data(), n);
      const auto frame = reader.next(in);
      if (!frame || *frame || reader.pending() != n) FAIL("with ", n, " bytes");
    }
  }
}

TEST_CASE("a packet with less of a body than it had is another packet or an error") {
  size_t errors = 0;
  for (const WireVector& vector : vectors()) {
    if (vector.fault) continue;
    INFO(vector.name);
    const Varint length = load_varint(vector.bytes.data() + 1, vector.bytes.size() - 1);
    const Bytes body = Bytes(vector.bytes).subspan(1u + length.size);
    for (const size_t n : cuts(body.size())) {
      // A copy of its own size, so that a sanitizer sees a read beyond it.
      const std::vector<uint8_t> exact(body.begin(), body.begin() + static_cast<ptrdiff_t>(n));
      const auto packet = decode({vector.bytes[0], 2, exact}, vector.version, vector.from);
      if (packet) continue;
      ++errors;
      if (packet.error().offset > n) FAIL("with ", n, " bytes");
    }
  }
  CHECK(errors > 5'000);
}

TEST_CASE("a packet that arrives byte by byte, or a long one in parts, is the same packet") {
  for (const WireVector& vector : vectors()) {
    if (vector.fault) continue;
    INFO(vector.name);
    FrameReader reader;
    Decoded<std::optional<Frame>> frame = std::nullopt;
    Bytes rest = vector.bytes;
    const size_t part = rest.size() < 100'000 ? 1 : 997;
    while (!rest.empty() && frame && !*frame) {
      Bytes in = rest.first(std::min(part, rest.size()));
      rest = rest.subspan(in.size());
      frame = reader.next(in);
    }
    CHECK(rest.empty());
    REQUIRE((frame && *frame));
    const auto packet = decode(**frame, vector.version, vector.from);
    REQUIRE(packet.has_value());
    CHECK(describe(*packet) == vector.fields);
  }
}

TEST_CASE("decoding allocates nothing") {
  for (const WireVector& vector : vectors()) {
    INFO(vector.name);
    FrameReader reader;
    Bytes in = vector.bytes;
    const size_t before = allocations();
    const auto frame = reader.next(in);
    if (frame && *frame) {
      const auto packet = decode(**frame, vector.version, vector.from);
      CHECK(packet.has_value() != vector.fault.has_value());
    }
    CHECK(allocations() == before);
  }
}

TEST_CASE("a type that the other side sends is an error, whatever its contents") {
  for (const WireVector& vector : vectors()) {
    if (vector.fault) continue;
    const Side other = vector.from == Side::kClient ? Side::kServer : Side::kClient;
    const bool both_send = (vector.bytes[0] >> 4 >= 3 && vector.bytes[0] >> 4 <= 7) ||
                           (vector.version == Version::kV5 && vector.bytes[0] >> 4 >= 14);
    if (both_send) continue;
    INFO(vector.name);
    const auto packet = decode_bytes(vector.bytes, vector.version, other);
    REQUIRE(!packet.has_value());
    CHECK(packet.error().reason == ReasonCode::kProtocolError);
  }
}
