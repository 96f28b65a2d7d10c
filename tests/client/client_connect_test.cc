#include <doctest/doctest.h>

#include "client/client_script.h"
#include "codec/decode.h"

using namespace mq;
using namespace mq::test;
using namespace std::chrono_literals;

TEST_CASE("[MQTT-3.1.0-1] CONNECT is the first packet, and the only one before CONNACK") {
  ClientScript c(v311());
  c.publish("a", "0", 0).publish("a", "1", 1);
  c.open().expect("10 0c 0004 'MQTT' 04 02 003c 0000");
  c.publish("a", "2", 2);
  c.expect_nothing();
  c.send("20 02 00 00").event("connected");
  c.expect("30 04 0001 'a' '0'")
      .expect("32 06 0001 'a' 0001 '1'")
      .expect("34 06 0001 'a' 0002 '2'");
}

TEST_CASE("every protocol level has its own CONNECT") {
  ClientScript(v311()).open().expect("10 0c 0004 'MQTT' 04 02 003c 0000");
  ClientScript(v5()).open().expect("10 0d 0004 'MQTT' 05 02 003c 00 0000");
  ClientScript(v31()).open().expect("10 0f 0006 'MQIsdp' 03 02 003c 0001 'c'");
}

TEST_CASE("[MQTT-3.1.3-1] every option of CONNECT is on the wire, in the standard's order") {
  ClientOptions options = v5();
  options.client_id = "id";
  options.clean_start = false;
  options.keep_alive_s = 10;
  options.user_name = "u";
  options.password = std::string("p\0w", 3);
  options.will = WillOptions{
      .topic = "w", .payload = "bye", .qos = Qos::kExactlyOnce, .retain = true, .properties = {}};
  options.will->properties.add(PropertyId::kWillDelayInterval, 5u);
  SUBCASE("5.0") {
    ClientScript(options).open().expect(
        "10 25 0004 'MQTT' 05 f4 000a 00 0002 'id' 05 18 00000005 0001 'w' 0003 'bye'"
        "0001 'u' 0003 'p' 00 'w'");
  }
  SUBCASE("3.1.1") {
    options.version = Version::kV311;
    ClientScript(options).open().expect(
        "10 1e 0004 'MQTT' 04 f4 000a 0002 'id' 0001 'w' 0003 'bye' 0001 'u' 0003 'p' 00 'w'");
  }
}

TEST_CASE("CONNECT properties: those with fields first, then the others in the order given") {
  ClientOptions options = v5();
  options.topic_alias_maximum = uint16_t{4};
  options.maximum_packet_size = 100u;
  options.receive_maximum = uint16_t{20};
  options.session_expiry_s = 7u;
  SUBCASE("each once") {
    options.properties.add_user("k", "v").add(PropertyId::kRequestProblemInformation, 0u);
    ClientScript(options).open().expect(
        "10 26 0004 'MQTT' 05 02 003c 19 11 00000007 21 0014 27 00000064 22 0004"
        "26 0001 'k' 0001 'v' 17 00 0000");
  }
  SUBCASE("a property in the list takes the place of the field, and its effect") {
    options.properties.add(PropertyId::kReceiveMaximum, 1u).add(PropertyId::kTopicAliasMaximum, 2u);
    ClientScript c(options);
    c.open().expect("10 1d 0004 'MQTT' 05 02 003c 10 11 00000007 27 00000064 21 0001 22 0002 0000");
    CHECK(c.session.options().receive_maximum == 1);
    CHECK(c.session.options().topic_alias_maximum == 2);
  }
  SUBCASE("3.x has none") {
    options.version = Version::kV311;
    ClientScript(options).open().expect("10 0c 0004 'MQTT' 04 02 003c 0000");
  }
}

TEST_CASE("a CONNECT that is larger than a batch goes out whole") {
  ClientOptions options = v311();
  options.will = WillOptions{.topic = "w", .payload = std::string(65'535, 'x')};
  options.user_name = std::string(65'535, 'u');
  ClientScript c(options);
  c.open().expect("10 91 80 08 0004 'MQTT' 04 86 003c 0000 0001 'w' ffff 78*65535 ffff 75*65535");
}

TEST_CASE("[MQTT-3.2.2-16] the assigned client identifier is the session's") {
  ClientOptions options = v5();
  options.session_expiry_s = 60u;
  ClientScript c(options);
  c.connect("20 08 00 00 05 12 0002 'X1'");
  CHECK(c.session.client_id() == "X1");
  SUBCASE("[MQTT-3.1.3-2] and the session is asked for under it") {
    c.close().open().expect("10 14 0004 'MQTT' 05 00 003c 05 11 0000003c 0002 'X1'");
  }
  SUBCASE("unless there is none to ask for") {
    c.close();
    c.connect("20 08 00 00 05 11 00000000");  // Session Expiry Interval: the server keeps nothing
    c.close().open().expect("10 12 0004 'MQTT' 05 02 003c 05 11 0000003c 0000");
    CHECK(c.session.client_id().empty());
  }
}

TEST_CASE("[MQTT-3.1.2-21] [MQTT-3.2.2-21] Server Keep Alive takes the place of ours") {
  ClientScript c(v5());
  c.connect("20 06 00 00 03 13 000a");
  CHECK(c.session.keep_alive_s() == 10);
  c.advance(10s).expect("c0 00");
}

TEST_CASE("Server Keep Alive 0 turns keep alive off") {
  ClientScript c(v5());
  c.connect("20 06 00 00 03 13 0000");
  CHECK(c.session.next_deadline() == kNever);
}

TEST_CASE("a refusal is an event and the end of the connection") {
  SUBCASE("3.1.1: every return code") {
    const std::pair<const char*, const char*> cases[] = {
        {"20 02 00 01", "refused: Unsupported Protocol Version (1)"},
        {"20 02 00 02", "refused: Client Identifier not valid (2)"},
        {"20 02 00 03", "refused: Server unavailable (3)"},
        {"20 02 00 04", "refused: Bad User Name or Password (4)"},
        {"20 02 00 05", "refused: Not authorized (5)"}};
    for (const auto& [connack, event] : cases) {
      ClientScript c(v311());
      c.open().skip_output().send(connack).event(event).expect_close();
    }
  }
  SUBCASE("5.0") {
    ClientScript c(v5());
    c.open().skip_output().send("20 03 00 87 00").event("refused: Not authorized (0)");
    CHECK(c.session.state() == ClientSession::State::kClosing);
    c.expect_close();
  }
  SUBCASE("a server that knows no 5.0 refuses it in the form of 3.1.1") {
    ClientScript c(v5());
    c.open().skip_output().send("20 02 00 01");
    c.event("refused: Unsupported Protocol Version (1)").expect_close();
  }
  SUBCASE("what was published waits for the next connection") {
    ClientScript c(v311());
    c.publish("a", "0", 0).publish("a", "1", 1);
    c.open()
        .skip_output()
        .send("20 02 00 03")
        .event("refused: Server unavailable (3)")
        .expect_close();
    CHECK(c.session.queued() == 2);
    c.connect().expect("30 04 0001 'a' '0'").expect("32 06 0001 'a' 0001 '1'");
  }
}

TEST_CASE("[MQTT-3.2.2-4] a session that we did not ask for ends the connection") {
  SUBCASE("5.0") {
    ClientScript c(v5());
    c.open().skip_output().send("20 03 01 00 00").event("error: Protocol Error");
    c.expect("e0 01 82").expect_close();
  }
  SUBCASE("3.1.1") {
    ClientScript c(v311());
    c.open().skip_output().send("20 02 01 00").event("error: Protocol Error").expect_close();
  }
  SUBCASE("with Clean Start 0 it may come from an earlier process") {
    ClientOptions options = v5();
    options.client_id = "id";
    options.clean_start = false;
    ClientScript c(options);
    c.open().skip_output().send("20 03 01 00 00").event("connected, session present");
  }
}

TEST_CASE("[MQTT-3.2.0-1] [MQTT-3.14.0-1] nothing but CONNACK and AUTH may come first") {
  for (const char* packet :
       {"30 03 0001 'a'", "90 04 0001 00 00", "d0 00", "e0 00", "40 02 0001"}) {
    ClientScript c(v5());
    c.open().skip_output().send(packet).event("error: Protocol Error");
    c.expect("e0 01 82").expect_close();
  }
  ClientScript c(v311());
  c.open().skip_output().send("30 03 0001 'a'").event("error: Protocol Error").expect_close();
}

TEST_CASE("a server that speaks before the CONNECT was sent is still told in order") {
  ClientScript c(v5());
  c.open();
  const std::vector<uint8_t> connack = wire("20 03 00 00 00");
  Bytes in = connack;
  CHECK_FALSE(c.session.receive(in, c.now()));
  // [MQTT-3.1.0-1]
  c.expect("10 0d 0004 'MQTT' 05 02 003c 00 0000").expect("e0 01 82").expect_close();
}

TEST_CASE("[MQTT-3.2.0-2] a second CONNACK is a protocol error") {
  ClientScript c(v5());
  c.connect()
      .send("20 03 00 00 00")
      .event("error: Protocol Error")
      .expect("e0 01 82")
      .expect_close();
}

TEST_CASE("[MQTT-3.2.2-1] [MQTT-3.2.2-6] [MQTT-3.2.2-8] a CONNACK that breaks its rules") {
  for (const char* connack : {"20 03 02 00 00", "20 03 00 01 00", "20 02 00 00"}) {
    ClientScript c(v5());
    c.open().skip_output().send(connack).event("error: Malformed Packet");
    c.expect("e0 01 81").expect_close();
  }
  ClientScript c(v5());
  c.open().skip_output().send("20 03 01 87 00").event("error: Protocol Error");
  c.expect("e0 01 82").expect_close();
}

namespace {

ClientOptions with_auth() {
  ClientOptions options = v5();
  options.properties.add(PropertyId::kAuthenticationMethod, "M")
      .add(PropertyId::kAuthenticationData, "1");
  return options;
}

PropertyList answer(std::string_view data) {
  PropertyList list;
  list.add(PropertyId::kAuthenticationMethod, "M").add(PropertyId::kAuthenticationData, data);
  return list;
}

constexpr const char* kConnackWithMethod = "20 07 00 00 04 15 0001 'M'";

}  // namespace

TEST_CASE("[MQTT-4.12.0-2] [MQTT-4.12.0-3] [MQTT-3.1.2-30] enhanced authentication") {
  ClientScript c(with_auth());
  c.publish("a", "x", 0);
  c.open().expect("10 15 0004 'MQTT' 05 02 003c 08 15 0001 'M' 16 0001 '1' 0000");
  c.send("f0 0a 18 08 15 0001 'M' 16 0001 '2'").event("auth: Continue authentication '2'");
  c.session.auth(ReasonCode::kContinueAuthentication, answer("3").view());
  c.expect("f0 0a 18 08 15 0001 'M' 16 0001 '3'").expect_nothing();
  c.send(kConnackWithMethod).event("connected").expect("30 05 0001 'a' 00 'x'");

  SUBCASE("[MQTT-4.12.1-1] and again") {
    c.session.auth(ReasonCode::kReAuthenticate, answer("4").view());
    c.expect("f0 0a 19 08 15 0001 'M' 16 0001 '4'");
    c.send("f0 0a 18 08 15 0001 'M' 16 0001 '5'").event("auth: Continue authentication '5'");
    // Other packets go on (section 4.12.1).
    c.send("30 04 0001 'b' 00").event("message b '' qos=0");
    c.session.auth(ReasonCode::kContinueAuthentication, answer("6").view());
    c.expect("f0 0a 18 08 15 0001 'M' 16 0001 '6'");
    c.send("f0 06 00 04 15 0001 'M'").event("auth: Success 'none'");
    c.send("f0 00").event("error: Protocol Error").expect("e0 01 82").expect_close();
  }
  SUBCASE("the server's Success may be the shortest AUTH") {
    c.session.auth(ReasonCode::kReAuthenticate, answer("4").view());
    c.skip_output().send("f0 00").event("auth: Success 'none'");
  }
  SUBCASE("the server cannot start it") {
    c.send("f0 0a 18 08 15 0001 'M' 16 0001 '5'").event("error: Protocol Error");
    c.expect("e0 01 82").expect_close();
  }
}

TEST_CASE("[MQTT-4.12.0-5] the authentication method stays the same") {
  SUBCASE("in AUTH") {
    ClientScript c(with_auth());
    c.open().skip_output().send("f0 06 18 04 15 0001 'N'").event("error: Protocol Error");
    c.expect("e0 01 82").expect_close();
  }
  SUBCASE("in CONNACK") {
    ClientScript c(with_auth());
    c.open().skip_output().send("20 07 00 00 04 15 0001 'N'").event("error: Protocol Error");
    c.expect("e0 01 82").expect_close();
  }
  SUBCASE("a CONNACK without it did not authenticate the server") {
    ClientScript c(with_auth());
    c.open().skip_output().send("20 03 00 00 00").event("error: Protocol Error");
    c.expect("e0 01 82").expect_close();
  }
}

TEST_CASE("[MQTT-4.12.0-6] AUTH, or a method in CONNACK, without having asked for it") {
  for (const char* packet : {"f0 06 18 04 15 0001 'M'", kConnackWithMethod}) {
    ClientScript c(v5());
    c.open().skip_output().send(packet).event("error: Protocol Error");
    c.expect("e0 01 82").expect_close();
  }
}

TEST_CASE("AUTH does not exist in 3.1.1") {
  ClientScript c(v311());
  c.connect().send("f0 00").event("error: Malformed Packet").expect_close();
}

TEST_CASE("AUTH that only a client sends, or Success before CONNACK") {
  for (const char* packet : {"f0 06 19 04 15 0001 'M'", "f0 06 00 04 15 0001 'M'"}) {
    ClientScript c(with_auth());
    c.open().skip_output().send(packet).event("error: Protocol Error");
    c.expect("e0 01 82").expect_close();
  }
}
