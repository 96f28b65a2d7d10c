#include "common/packet_trace.h"

#include <doctest/doctest.h>

#include "common/exit_code.h"

using namespace mq;

namespace {

std::string sent(const Packet& packet, Version version = Version::kV311) {
  return packet_text(packet, version, true);
}
std::string received(const Packet& packet, Version version = Version::kV311) {
  return packet_text(packet, version, false);
}

}  // namespace

TEST_CASE("packets are worded as mosquitto's clients word them") {
  CHECK(sent(Connect{}) == "CONNECT");
  const Connack refusal{.reason = ReasonCode::kNotAuthorized, .properties = {}};
  CHECK(received(refusal) == "CONNACK (5)");
  CHECK(received(refusal, Version::kV5) == "CONNACK (135)");
  Publish publish;
  publish.qos = Qos::kAtLeastOnce;
  publish.topic = "a/b";
  publish.packet_id = 5;
  publish.payload = to_bytes("12345");
  CHECK(sent(publish) == "PUBLISH (d0, q1, r0, m5, 'a/b', ... (5 bytes))");
  publish.dup = publish.retain = true;
  CHECK(received(publish) == "PUBLISH (d1, q1, r1, m5, 'a/b', ... (5 bytes))");
  const Ack ack{.type = PacketType::kPuback, .packet_id = 7, .properties = {}};
  CHECK(received(ack) == "PUBACK (Mid: 7, RC:0)");
  CHECK(sent(ack) == "PUBACK (m7, rc0)");
  const Ack pubrel{.type = PacketType::kPubrel, .packet_id = 7, .properties = {}};
  CHECK(received(pubrel) == "PUBREL (Mid: 7)");
  CHECK(sent(pubrel) == "PUBREL (m7)");
  CHECK(sent(Pingreq{}) == "PINGREQ");
  CHECK(received(Pingresp{}) == "PINGRESP");
  const Disconnect end{.reason = ReasonCode::kDisconnectWithWill, .properties = {}};
  CHECK(sent(end) == "DISCONNECT");
  CHECK(sent(end, Version::kV5) == "DISCONNECT (4)");
}

TEST_CASE("each filter of a subscription is named, and each code that answers it") {
  Buffer encoded;
  FilterListWriter writer(encoded, true);
  writer.add("a/#", {.qos = Qos::kExactlyOnce}).add("b", {.retain_as_published = true});
  CHECK(sent(Subscribe{.packet_id = 1, .properties = {}, .filters = writer.list()}) ==
        "SUBSCRIBE (Mid: 1, Topic: a/#, QoS: 2, Options: 0x02); "
        "SUBSCRIBE (Mid: 1, Topic: b, QoS: 0, Options: 0x08)");
  const uint8_t codes[] = {2, 0x87};
  CHECK(received(Suback{.packet_id = 1, .properties = {}, .codes = codes}) ==
        "SUBACK (Mid: 1): 2, 135");
  CHECK(received(Unsuback{.packet_id = 2, .properties = {}, .codes = {}}) == "UNSUBACK (Mid: 2)");
}

TEST_CASE("exit codes are mosquitto's") {
  CHECK(exit_code(Error{ErrorCode::kProtocol, ""}) == 2);
  CHECK(exit_code(Error{ErrorCode::kClosed, ""}) == 7);
  CHECK(exit_code(Error{ErrorCode::kTooLarge, ""}) == 9);
  CHECK(exit_code(Error{ErrorCode::kTimedOut, ""}) == 19);
  CHECK(exit_code(Error{ErrorCode::kRefused, ""}) == 1);
  CHECK(exit_code(ReasonCode::kNotAuthorized) == 135);
  ConnectRefused refused;
  refused.reason = ReasonCode::kBadUserNameOrPassword;
  CHECK(exit_code(refused) == 134);
  refused.v3_return_code = 4;
  CHECK(exit_code(refused) == 4);
}
