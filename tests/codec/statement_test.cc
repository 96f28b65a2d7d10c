// What the codec does about each normative statement that a single packet can show: the vectors
// with that statement, by name. Statements of 5.0 first, then those of 3.1.1.
#include <doctest/doctest.h>

#include "wire.h"

using namespace mq;
using namespace mq::test;

namespace {

void check_statement(bool v5, const char* statement) {
  size_t checked = 0;
  for (const WireVector& vector : vectors()) {
    if (vector.statement != statement || (vector.version == Version::kV5) != v5) continue;
    check_vector(vector);
    ++checked;
  }
  CHECK(checked > 0);
}

void v5(const char* statement) { check_statement(true, statement); }
void v311(const char* statement) { check_statement(false, statement); }

}  // namespace

TEST_CASE("[MQTT-1.5.4-1] a string that is not UTF-8 is malformed") { v5("MQTT-1.5.4-1"); }
TEST_CASE("[MQTT-1.5.4-2] a string with U+0000 is malformed") { v5("MQTT-1.5.4-2"); }
TEST_CASE("[MQTT-1.5.4-3] U+FEFF is kept at the start of a string") { v5("MQTT-1.5.4-3"); }
TEST_CASE("[MQTT-1.5.5-1] a varint is written short, and one longer than needed is malformed") {
  v5("MQTT-1.5.5-1");
}
TEST_CASE("[MQTT-1.5.7-1] both halves of a string pair are UTF-8") { v5("MQTT-1.5.7-1"); }
TEST_CASE("[MQTT-2.1.3-1] wrong flags in the fixed header are malformed") { v5("MQTT-2.1.3-1"); }
TEST_CASE("[MQTT-2.2.1-3] a packet identifier of 0 from a client is an error") {
  v5("MQTT-2.2.1-3");
}
TEST_CASE("[MQTT-2.2.1-4] a packet identifier of 0 from a server is an error") {
  v5("MQTT-2.2.1-4");
}
TEST_CASE("[MQTT-2.2.2-1] a property length is there even without properties") {
  v5("MQTT-2.2.2-1");
}
TEST_CASE("[MQTT-3.1.2-1] a protocol name other than ours is refused") { v5("MQTT-3.1.2-1"); }
TEST_CASE("[MQTT-3.1.2-2] a protocol level other than ours is refused") { v5("MQTT-3.1.2-2"); }
TEST_CASE("[MQTT-3.1.2-3] a set reserved connect flag is malformed") { v5("MQTT-3.1.2-3"); }
TEST_CASE("[MQTT-3.1.2-9] a will flag without the will is malformed") { v5("MQTT-3.1.2-9"); }
TEST_CASE("[MQTT-3.1.2-11] will QoS without the will flag is malformed") { v5("MQTT-3.1.2-11"); }
TEST_CASE("[MQTT-3.1.2-12] will QoS is 0, 1 or 2") { v5("MQTT-3.1.2-12"); }
TEST_CASE("[MQTT-3.1.2-13] will retain without the will flag is malformed") { v5("MQTT-3.1.2-13"); }
TEST_CASE("[MQTT-3.1.2-16] a user name without its flag is malformed") { v5("MQTT-3.1.2-16"); }
TEST_CASE("[MQTT-3.1.2-17] a user name flag without the user name is malformed") {
  v5("MQTT-3.1.2-17");
}
TEST_CASE("[MQTT-3.1.2-18] a password without its flag is malformed") { v5("MQTT-3.1.2-18"); }
TEST_CASE("[MQTT-3.1.2-19] a password flag without the password is malformed") {
  v5("MQTT-3.1.2-19");
}
TEST_CASE("[MQTT-3.1.3-1] the payload of CONNECT has its fields in order") { v5("MQTT-3.1.3-1"); }
TEST_CASE("[MQTT-3.1.3-3] a CONNECT without a client identifier is malformed") {
  v5("MQTT-3.1.3-3");
}
TEST_CASE("[MQTT-3.1.3-4] a client identifier that is not UTF-8 is malformed") {
  v5("MQTT-3.1.3-4");
}
TEST_CASE("[MQTT-3.1.3-6] an empty client identifier is well-formed") { v5("MQTT-3.1.3-6"); }
TEST_CASE("[MQTT-3.1.3-11] a will topic that is not UTF-8 is malformed") { v5("MQTT-3.1.3-11"); }
TEST_CASE("[MQTT-3.1.3-12] a user name that is not UTF-8 is malformed") { v5("MQTT-3.1.3-12"); }
TEST_CASE("[MQTT-3.2.2-1] reserved acknowledge flags are malformed") { v5("MQTT-3.2.2-1"); }
TEST_CASE("[MQTT-3.2.2-6] session present in a refusal is an error") { v5("MQTT-3.2.2-6"); }
TEST_CASE("[MQTT-3.2.2-8] a CONNACK has one of its reason codes") { v5("MQTT-3.2.2-8"); }
TEST_CASE("[MQTT-3.3.1-2] DUP at QoS 0 is malformed") { v5("MQTT-3.3.1-2"); }
TEST_CASE("[MQTT-3.3.1-4] QoS 3 is malformed") { v5("MQTT-3.3.1-4"); }
TEST_CASE("[MQTT-3.3.2-1] a topic is the first field of PUBLISH and UTF-8") { v5("MQTT-3.3.2-1"); }
TEST_CASE("[MQTT-3.3.2-2] a wildcard in the topic of a PUBLISH is refused") { v5("MQTT-3.3.2-2"); }
TEST_CASE("[MQTT-3.3.2-8] topic alias 0 is refused") { v5("MQTT-3.3.2-8"); }
TEST_CASE("[MQTT-3.3.2-13] a response topic is UTF-8") { v5("MQTT-3.3.2-13"); }
TEST_CASE("[MQTT-3.3.2-14] a wildcard in a response topic is an error") { v5("MQTT-3.3.2-14"); }
TEST_CASE("[MQTT-3.3.2-19] a content type is UTF-8") { v5("MQTT-3.3.2-19"); }
TEST_CASE("[MQTT-3.3.4-6] a subscription identifier from a client is an error") {
  v5("MQTT-3.3.4-6");
}
TEST_CASE("[MQTT-3.4.2-1] a PUBACK has one of its reason codes") { v5("MQTT-3.4.2-1"); }
TEST_CASE("[MQTT-3.5.2-1] a PUBREC has one of its reason codes") { v5("MQTT-3.5.2-1"); }
TEST_CASE("[MQTT-3.6.1-1] wrong flags of PUBREL are malformed") { v5("MQTT-3.6.1-1"); }
TEST_CASE("[MQTT-3.6.2-1] a PUBREL has one of its reason codes") { v5("MQTT-3.6.2-1"); }
TEST_CASE("[MQTT-3.7.2-1] a PUBCOMP has one of its reason codes") { v5("MQTT-3.7.2-1"); }
TEST_CASE("[MQTT-3.8.1-1] wrong flags of SUBSCRIBE are malformed") { v5("MQTT-3.8.1-1"); }
TEST_CASE("[MQTT-3.8.3-1] a filter of SUBSCRIBE that is not UTF-8 is malformed") {
  v5("MQTT-3.8.3-1");
}
TEST_CASE("[MQTT-3.8.3-2] a SUBSCRIBE without a filter is an error") { v5("MQTT-3.8.3-2"); }
TEST_CASE("[MQTT-3.8.3-4] no local on a shared subscription is an error") { v5("MQTT-3.8.3-4"); }
TEST_CASE("[MQTT-3.8.3-5] reserved subscription options are malformed") { v5("MQTT-3.8.3-5"); }
TEST_CASE("[MQTT-3.9.3-1] the reason codes of SUBACK keep their order") { v5("MQTT-3.9.3-1"); }
TEST_CASE("[MQTT-3.9.3-2] a SUBACK has its own reason codes") { v5("MQTT-3.9.3-2"); }
TEST_CASE("[MQTT-3.10.1-1] wrong flags of UNSUBSCRIBE are malformed") { v5("MQTT-3.10.1-1"); }
TEST_CASE("[MQTT-3.10.3-1] a filter of UNSUBSCRIBE that is not UTF-8 is malformed") {
  v5("MQTT-3.10.3-1");
}
TEST_CASE("[MQTT-3.10.3-2] an UNSUBSCRIBE without a filter is an error") { v5("MQTT-3.10.3-2"); }
TEST_CASE("[MQTT-3.11.3-1] the reason codes of UNSUBACK keep their order") { v5("MQTT-3.11.3-1"); }
TEST_CASE("[MQTT-3.11.3-2] an UNSUBACK has its own reason codes") { v5("MQTT-3.11.3-2"); }
TEST_CASE("[MQTT-3.14.1-1] wrong flags of DISCONNECT are malformed") { v5("MQTT-3.14.1-1"); }
TEST_CASE("[MQTT-3.14.2-1] a DISCONNECT has one of the reason codes of its sender") {
  v5("MQTT-3.14.2-1");
}
TEST_CASE("[MQTT-3.14.2-2] a session expiry interval from a server is an error") {
  v5("MQTT-3.14.2-2");
}
TEST_CASE("[MQTT-3.15.1-1] wrong flags of AUTH are malformed") { v5("MQTT-3.15.1-1"); }
TEST_CASE("[MQTT-3.15.2-1] an AUTH has one of its reason codes") { v5("MQTT-3.15.2-1"); }
TEST_CASE("[MQTT-4.7.0-1] a topic name contains no wildcard") { v5("MQTT-4.7.0-1"); }
TEST_CASE("[MQTT-4.7.3-1] an empty topic name or filter is an error") { v5("MQTT-4.7.3-1"); }
TEST_CASE("[MQTT-4.7.3-2] a topic name or filter with U+0000 is malformed") { v5("MQTT-4.7.3-2"); }
TEST_CASE("[MQTT-4.7.3-3] a topic name may have 65,535 bytes") { v5("MQTT-4.7.3-3"); }

TEST_CASE("3.1.1 [MQTT-1.5.3-1] a string that is not UTF-8 is malformed") { v311("MQTT-1.5.3-1"); }
TEST_CASE("3.1.1 [MQTT-1.5.3-2] a string with U+0000 is malformed") { v311("MQTT-1.5.3-2"); }
TEST_CASE("3.1.1 [MQTT-2.2.2-2] wrong flags in the fixed header are malformed") {
  v311("MQTT-2.2.2-2");
}
TEST_CASE("3.1.1 [MQTT-2.3.1-1] a packet identifier of 0 from a client is an error") {
  v311("MQTT-2.3.1-1");
}
TEST_CASE("3.1.1 [MQTT-2.3.1-4] a packet identifier of 0 from a server is an error") {
  v311("MQTT-2.3.1-4");
}
TEST_CASE("3.1.1 [MQTT-3.1.2-2] a protocol level other than ours is refused") {
  v311("MQTT-3.1.2-2");
}
TEST_CASE("3.1.1 [MQTT-3.1.2-3] a set reserved connect flag is malformed") { v311("MQTT-3.1.2-3"); }
TEST_CASE("3.1.1 [MQTT-3.1.2-9] a will flag without the will is malformed") {
  v311("MQTT-3.1.2-9");
}
TEST_CASE("3.1.1 [MQTT-3.1.2-11] will bits without the will flag are malformed") {
  v311("MQTT-3.1.2-11");
}
TEST_CASE("3.1.1 [MQTT-3.1.2-13] will QoS without the will flag is malformed") {
  v311("MQTT-3.1.2-13");
}
TEST_CASE("3.1.1 [MQTT-3.1.2-14] will QoS is 0, 1 or 2") { v311("MQTT-3.1.2-14"); }
TEST_CASE("3.1.1 [MQTT-3.1.2-15] will retain without the will flag is malformed") {
  v311("MQTT-3.1.2-15");
}
TEST_CASE("3.1.1 [MQTT-3.1.2-18] a user name without its flag is malformed") {
  v311("MQTT-3.1.2-18");
}
TEST_CASE("3.1.1 [MQTT-3.1.2-19] a user name flag without the user name is malformed") {
  v311("MQTT-3.1.2-19");
}
TEST_CASE("3.1.1 [MQTT-3.1.2-20] a password without its flag is malformed") {
  v311("MQTT-3.1.2-20");
}
TEST_CASE("3.1.1 [MQTT-3.1.2-21] a password flag without the password is malformed") {
  v311("MQTT-3.1.2-21");
}
TEST_CASE("3.1.1 [MQTT-3.1.2-22] a password flag without the user name flag is malformed") {
  v311("MQTT-3.1.2-22");
}
TEST_CASE("3.1.1 [MQTT-3.1.3-1] the payload of CONNECT has its fields in order") {
  v311("MQTT-3.1.3-1");
}
TEST_CASE("3.1.1 [MQTT-3.1.3-3] a CONNECT without a client identifier is malformed") {
  v311("MQTT-3.1.3-3");
}
TEST_CASE("3.1.1 [MQTT-3.1.3-4] a client identifier that is not UTF-8 is malformed") {
  v311("MQTT-3.1.3-4");
}
TEST_CASE("3.1.1 [MQTT-3.1.3-6] an empty client identifier is well-formed") {
  v311("MQTT-3.1.3-6");
}
TEST_CASE("3.1.1 [MQTT-3.1.3-10] a will topic that is not UTF-8 is malformed") {
  v311("MQTT-3.1.3-10");
}
TEST_CASE("3.1.1 [MQTT-3.1.3-11] a user name that is not UTF-8 is malformed") {
  v311("MQTT-3.1.3-11");
}
TEST_CASE("3.1.1 [MQTT-3.2.2-4] session present in a refusal is an error") { v311("MQTT-3.2.2-4"); }
TEST_CASE("3.1.1 [MQTT-3.3.1-2] DUP at QoS 0 is malformed") { v311("MQTT-3.3.1-2"); }
TEST_CASE("3.1.1 [MQTT-3.3.1-4] QoS 3 is malformed") { v311("MQTT-3.3.1-4"); }
TEST_CASE("3.1.1 [MQTT-3.3.2-1] a topic is the first field of PUBLISH and UTF-8") {
  v311("MQTT-3.3.2-1");
}
TEST_CASE("3.1.1 [MQTT-3.3.2-2] a wildcard in the topic of a PUBLISH is refused") {
  v311("MQTT-3.3.2-2");
}
TEST_CASE("3.1.1 [MQTT-3.6.1-1] wrong flags of PUBREL are malformed") { v311("MQTT-3.6.1-1"); }
TEST_CASE("3.1.1 [MQTT-3.8.1-1] wrong flags of SUBSCRIBE are malformed") { v311("MQTT-3.8.1-1"); }
TEST_CASE("3.1.1 [MQTT-3.8.3-1] a filter of SUBSCRIBE that is not UTF-8 is malformed") {
  v311("MQTT-3.8.3-1");
}
TEST_CASE("3.1.1 [MQTT-3.8.3-3] a SUBSCRIBE without a filter is an error") { v311("MQTT-3.8.3-3"); }
TEST_CASE("3.1.1 [MQTT-3.8.3-4] reserved bits and QoS 3 in SUBSCRIBE are malformed") {
  v311("MQTT-3.8.3-4");
}
TEST_CASE("3.1.1 [MQTT-3.10.1-1] wrong flags of UNSUBSCRIBE are malformed") {
  v311("MQTT-3.10.1-1");
}
TEST_CASE("3.1.1 [MQTT-3.10.3-1] a filter of UNSUBSCRIBE that is not UTF-8 is malformed") {
  v311("MQTT-3.10.3-1");
}
TEST_CASE("3.1.1 [MQTT-3.10.3-2] an UNSUBSCRIBE without a filter is an error") {
  v311("MQTT-3.10.3-2");
}
TEST_CASE("3.1.1 [MQTT-4.7.0-1] an empty topic name or filter is an error") {
  v311("MQTT-4.7.0-1");
}
TEST_CASE("3.1.1 [MQTT-4.7.3-1] a topic name contains no wildcard") { v311("MQTT-4.7.3-1"); }
TEST_CASE("3.1.1 [MQTT-4.7.3-2] a wildcard inside a level of a topic name is refused") {
  v311("MQTT-4.7.3-2");
}
