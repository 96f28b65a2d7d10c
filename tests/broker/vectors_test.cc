// The wire vectors against the broker: good packets are taken, bad ones end the connection with the
// reason code that is due.
#include <doctest/doctest.h>

#include "support/broker_script.h"
#include "support/vectors.h"

using namespace mq;
using namespace mq::test;

namespace {

bool is_connect(const WireVector& vector) {
  return vector.bytes[0] >> 4 == 1;
}

// Everything the broker sends on the connection, and whether it wants to close it.
struct Answer {
  std::vector<uint8_t> bytes;
  bool closes;
};

Answer answer_to(BrokerScript& s, Peer& peer, const std::vector<uint8_t>& packet) {
  peer.send(packet);
  Answer answer{peer.output(), s.broker().wants_close(peer.id())};
  peer.skip_output().drop();
  return answer;
}

}  // namespace

TEST_CASE("every CONNECT vector: accepted, or refused with its reason") {
  size_t checked = 0;
  for (const WireVector& vector : load_vectors()) {
    if (!is_connect(vector) || vector.from != Side::kClient) continue;
    INFO(vector.name);
    BrokerScript s;
    const Answer answer = answer_to(s, s["a"].open(), vector.bytes);
    ++checked;
    if (!vector.fault) {
      if (answer.bytes.empty()) {  // not even the shortest refusal fits
        CHECK(vector.fields.find("maximum-packet-size") != std::string::npos);
        CHECK(answer.closes);
        continue;
      }
      REQUIRE(answer.bytes.size() >= 4);
      CHECK(answer.bytes[0] == 0x20);
      const uint8_t code = answer.bytes[3];
      // What decodes may still be refused: by its empty identifier, its authentication method or
      // the room it leaves for CONNACK.
      CHECK((code == 0 || code == 0x02 || code == 0x8C || code == 0x95));
      CHECK(answer.closes == (code != 0));
      continue;
    }
    CHECK(answer.closes);
    const ReasonCode reason = vector.fault->reason;
    if (answer.bytes.empty()) {
      // Silence is for 3.x, and for 5.0 before name and level have been read.
      CHECK((vector.version != Version::kV5 || vector.bytes[0] != 0x10 ||
             vector.fault->offset < 7 || reason == ReasonCode::kPacketTooLarge ||
             reason == ReasonCode::kUnsupportedProtocolVersion));
    } else if (answer.bytes == wire("20 02 00 01")) {
      CHECK(reason == ReasonCode::kUnsupportedProtocolVersion);
    } else {
      CHECK((vector.version == Version::kV5 || reason == ReasonCode::kUnsupportedProtocolVersion));
      CHECK(answer.bytes[3] == static_cast<uint8_t>(reason));
    }
  }
  CHECK(checked > 200);
}

TEST_CASE("every other vector: taken, or answered with DISCONNECT and its reason") {
  size_t good = 0, bad = 0;
  for (const WireVector& vector : load_vectors()) {
    if (is_connect(vector) || vector.from != Side::kClient) continue;
    INFO(vector.name);
    BrokerScript s;
    Peer& peer = s["a"].connect({.version = vector.version});
    const Answer answer = answer_to(s, peer, vector.bytes);
    if (vector.fault) {
      ++bad;
      CHECK(answer.closes);
      if (vector.version == Version::kV5) {
        REQUIRE(answer.bytes.size() >= 3);
        CHECK(answer.bytes[0] == 0xE0);
        // AUTH is out of place altogether, whatever else is wrong with it.
        CHECK(answer.bytes[2] ==
              (vector.bytes[0] >> 4 == 15 ? 0x82 : static_cast<uint8_t>(vector.fault->reason)));
      } else {
        CHECK(answer.bytes.empty());
      }
      continue;
    }
    ++good;
    switch (vector.bytes[0] >> 4) {
      case 14:  // DISCONNECT
        CHECK(answer.closes);
        break;
      case 15:  // AUTH
        REQUIRE(answer.bytes.size() >= 3);
        CHECK(answer.bytes[2] == 0x82);
        break;
      case 8:
      case 10: {  // SUBSCRIBE and UNSUBSCRIBE: answered, unless a filter has its wildcards wrong
        if (vector.version != Version::kV5 && answer.closes) {
          CHECK(vector.name.find("left to the server") != std::string::npos);
          break;
        }
        REQUIRE(!answer.bytes.empty());
        const int reply = (vector.bytes[0] >> 4) + 1;
        CHECK((answer.bytes[0] >> 4 == reply || answer.bytes[2] == 0x8F));
        break;
      }
      case 12: CHECK(answer.bytes == wire("d0 00")); break;
      case 3: {
        const int qos = vector.bytes[0] >> 1 & 3;
        // An alias that was never set is the only thing left to be wrong.
        if (answer.closes) {
          CHECK(vector.fields.find("topic-alias") != std::string::npos);
        } else if (qos > 0) {
          CHECK(answer.bytes[0] == (qos == 1 ? 0x40 : 0x50));
        }
        break;
      }
      default:  // acknowledgements of what was never sent
        CHECK(!answer.closes);
    }
  }
  CHECK(good > 200);
  CHECK(bad > 400);
}
