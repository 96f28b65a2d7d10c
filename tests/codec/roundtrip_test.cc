// Random packets through encode() and decode() and back.
#include <doctest/doctest.h>

#include "codec/encode.h"
#include "support/packet_equal.h"
#include "support/random_packet.h"
#include "wire.h"

using namespace mq;
using namespace mq::test;

TEST_CASE("a random packet comes out of encode and decode as it went in") {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    RandomPackets packets(seed);
    for (int i = 0; i < 100; ++i) {
      for (const Version version : {Version::kV31, Version::kV311, Version::kV5}) {
        for (const Side from : {Side::kClient, Side::kServer}) {
          INFO("seed ", seed, ", packet ", i, ", version ", static_cast<int>(version));
          const Packet packet = packets.next(version, from);
          Buffer encoded;
          encode(packet, version, encoded);
          const Decoded<Packet> decoded = decode_bytes(encoded.bytes(), version, from);
          if (!decoded) FAIL(decoded.error().what, " at ", decoded.error().offset);
          CHECK(equal(*decoded, packet));
          Buffer again;
          encode(*decoded, version, again);
          CHECK(equal(again.bytes(), encoded.bytes()));
        }
      }
    }
  }
}

TEST_CASE("random packets have every type") {
  RandomPackets packets(1);
  bool seen[std::variant_size_v<Packet>] = {};
  for (int i = 0; i < 500; ++i) {
    seen[packets.next(Version::kV5, Side::kClient).index()] = true;
    seen[packets.next(Version::kV5, Side::kServer).index()] = true;
  }
  for (const bool type : seen) CHECK(type);
}

TEST_CASE("packets that differ in one field are not equal") {
  Publish publish;
  publish.topic = "t";
  publish.payload = to_bytes("x");
  Publish other = publish;
  CHECK(equal(Packet(publish), Packet(other)));
  other.payload = to_bytes("y");
  CHECK(!equal(Packet(publish), Packet(other)));
  other = publish;
  other.expiry_s = 0;
  CHECK(!equal(Packet(publish), Packet(other)));
  CHECK(!equal(Packet(Pingreq{}), Packet(Pingresp{})));
}
