// What the vectors do not say: fields that a version leaves out, and shortest forms.
#include "codec/encode.h"

#include <doctest/doctest.h>

#include "support/vectors.h"

using namespace mq;
using namespace mq::test;

namespace {

template <class T>
bool encodes_to(const T& packet, Version version, const char* hex) {
  Buffer encoded;
  encode(packet, version, encoded);
  return equal(encoded.bytes(), Bytes(from_hex(hex)));
}

struct WithProperties {
  WithProperties() { PropertyWriter(buffer).add_user("a", "b"); }
  Buffer buffer;
  Properties list() const { return Properties(buffer.bytes()); }
};

constexpr Version kAll3[] = {Version::kV31, Version::kV311};

}  // namespace

TEST_CASE("3.x acknowledgements leave reason code and properties out") {
  const WithProperties properties;
  for (const Version version : kAll3) {
    const Ack ack{PacketType::kPuback, 7, ReasonCode::kNotAuthorized, properties.list()};
    CHECK(encodes_to(ack, version, "40 02 0007"));
    CHECK(encodes_to(Disconnect{ReasonCode::kServerBusy, properties.list()}, version, "e0 00"));
  }
}

TEST_CASE("3.x packets leave properties out") {
  const WithProperties properties;
  Publish publish;
  publish.topic = "t";
  publish.properties = properties.list();
  Connect connect;
  connect.client_id = "c";
  connect.properties = properties.list();
  connect.will = Will{"w", {}, Qos::kAtMostOnce, false, properties.list()};
  for (const Version version : kAll3) CHECK(encodes_to(publish, version, "30 03 0001 74"));
  Buffer encoded;
  encode(connect, encoded);
  CHECK(equal(encoded.bytes(),
              Bytes(from_hex("10 12 0004 4d515454 04 06 0000 0001 63 0001 77 0000"))));
}

TEST_CASE("3.x CONNACK has the return code that corresponds") {
  const WithProperties properties;
  const Connack busy{false, ReasonCode::kServerBusy, properties.list()};
  for (const Version version : kAll3) CHECK(encodes_to(busy, version, "20 02 00 03"));
  const Connack present{true, ReasonCode::kSuccess, {}};
  CHECK(encodes_to(present, Version::kV311, "20 02 01 00"));
  CHECK(encodes_to(present, Version::kV31, "20 02 00 00"));  // 3.1 does not know the flag
}

TEST_CASE("3.x SUBACK has one code for failure and UNSUBACK none at all") {
  const std::vector<uint8_t> codes = from_hex("00 02 87 80 a2");
  for (const Version version : kAll3) {
    CHECK(encodes_to(Suback{1, {}, codes}, version, "90 07 0001 00 02 80 80 80"));
    CHECK(encodes_to(Unsuback{1, {}, codes}, version, "b0 02 0001"));
  }
}

TEST_CASE("3.x SUBSCRIBE has the QoS of its options only") {
  Buffer buffer;
  const SubscribeOptions options{Qos::kExactlyOnce, true, true, RetainHandling::kDoNotSend};
  const FilterList list = FilterListWriter(buffer, true).add("a", options).list();
  CHECK(encodes_to(Subscribe{1, {}, list}, Version::kV311, "82 06 0001 0001 61 02"));
  CHECK(encodes_to(Subscribe{1, {}, list}, Version::kV5, "82 07 0001 00 0001 61 2e"));
}

TEST_CASE("success without properties takes the shortest form") {
  for (const PacketType type : {PacketType::kPuback, PacketType::kPubrec, PacketType::kPubcomp}) {
    Buffer encoded;
    encode(Ack{type, 7, ReasonCode::kSuccess, {}}, Version::kV5, encoded);
    CHECK(encoded.size() == 4);
  }
  CHECK(encodes_to(Ack{PacketType::kPubrel, 7, ReasonCode::kSuccess, {}}, Version::kV5,
                   "62 02 0007"));
  CHECK(encodes_to(Disconnect{}, Version::kV5, "e0 00"));
  CHECK(encodes_to(Auth{}, Version::kV5, "f0 00"));
}

TEST_CASE("a reason code without properties leaves their length out where it may") {
  CHECK(encodes_to(Ack{PacketType::kPuback, 7, ReasonCode::kNoMatchingSubscribers, {}},
                   Version::kV5, "40 03 0007 10"));
  CHECK(encodes_to(Disconnect{ReasonCode::kSessionTakenOver, {}}, Version::kV5, "e0 01 8e"));
}

TEST_CASE("success with properties has its reason code") {
  const WithProperties properties;
  CHECK(encodes_to(Ack{PacketType::kPuback, 7, ReasonCode::kSuccess, properties.list()},
                   Version::kV5, "40 0b 0007 00 07 26 0001 61 0001 62"));
}

TEST_CASE("the bridge bit is for 3.x") {
  Connect connect;
  connect.bridge = true;
  for (const auto& [version, level] :
       {std::pair{Version::kV31, 0x83}, {Version::kV311, 0x84}, {Version::kV5, 0x05}}) {
    connect.version = version;
    Buffer encoded;
    encode(connect, encoded);
    CHECK(encoded.data()[version == Version::kV31 ? 10 : 8] == level);
  }
}

TEST_CASE("encode appends") {
  Buffer encoded;
  encoded.put_u8(0xAA);
  encode(Pingreq{}, Version::kV5, encoded);
  encode(Pingresp{}, Version::kV311, encoded);
  CHECK(equal(encoded.bytes(), Bytes(from_hex("aa c000 d000"))));
}

TEST_CASE("the packet identifier of a PUBLISH at QoS 0 is not sent") {
  Publish publish;
  publish.topic = "t";
  publish.packet_id = 9;
  CHECK(encodes_to(publish, Version::kV311, "30 03 0001 74"));
}
