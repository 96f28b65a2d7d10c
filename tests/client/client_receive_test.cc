#include <doctest/doctest.h>
#include <fmt/format.h>

#include "client/client_script.h"

using namespace mq;
using namespace mq::test;

TEST_CASE("[MQTT-3.3.4-1] [MQTT-4.3.2-4] [MQTT-4.5.0-2] QoS 0 and 1") {
  ClientScript c(v311());
  c.connect();
  c.send("30 07 0003 'a/b' 'hi'").event("message a/b 'hi' qos=0");
  c.send("33 09 0003 'a/b' 000a 'hi'").event("message a/b 'hi' qos=1 retain").expect("40 02 000a");
}

TEST_CASE("[MQTT-4.3.2-5] after PUBACK the same identifier is a new message, DUP or not") {
  ClientScript c(v311());
  c.connect();
  c.send("32 05 0001 'a' 0001").event("message a '' qos=1").expect("40 02 0001");
  c.send("3a 05 0001 'a' 0001").event("message a '' qos=1 dup").expect("40 02 0001");
}

TEST_CASE("[MQTT-4.3.3-8] [MQTT-4.3.3-10] [MQTT-4.3.3-11] [MQTT-4.3.3-12] QoS 2: exactly once") {
  ClientScript c(v311());
  c.connect();
  c.send("34 06 0001 'a' 0001 'x'").event("message a 'x' qos=2").expect("50 02 0001");
  c.send("3c 06 0001 'a' 0001 'x'").expect("50 02 0001");
  c.send("34 06 0001 'a' 0001 'x'").expect("50 02 0001");
  c.send("62 02 0001").expect("70 02 0001");
  c.send("34 06 0001 'a' 0001 'y'").event("message a 'y' qos=2").expect("50 02 0001");
}

TEST_CASE("PUBREL for an identifier that is not known is answered all the same") {
  SUBCASE("5.0: Packet Identifier not found") {
    ClientScript c(v5());
    c.connect().send("62 02 0005").expect("70 03 0005 92");
  }
  SUBCASE("3.1.1") {
    ClientScript c(v311());
    c.connect().send("62 02 0005").expect("70 02 0005");
  }
}

TEST_CASE("[MQTT-4.6.0-2] [MQTT-4.6.0-3] acknowledgements go out in the order of the messages") {
  ClientScript c(v311());
  c.connect();
  c.send("32 05 0001 'a' 0003  34 05 0001 'a' 0009  32 05 0001 'a' 0001  34 05 0001 'a' 0002");
  c.event("message a '' qos=1").event("message a '' qos=2").event("message a '' qos=1");
  c.event("message a '' qos=2").expect("40 02 0003  50 02 0009  40 02 0001  50 02 0002");
}

TEST_CASE("an acknowledgement waits for produce(): a program that stops has not given it") {
  ClientScript c(v311());
  c.connect();
  const std::vector<uint8_t> bytes = wire("32 05 0001 'a' 0001  32 05 0001 'b' 0002");
  Bytes in = bytes;
  auto first = c.session.receive(in, c.now());
  REQUIRE((first && first->has_value()));
  CHECK(std::get<MessageArrived>(**first).publish.topic == "a");
  CHECK(in.size() == 7);  // the second packet has not been touched
  c.expect("40 02 0001").expect_nothing();
}

TEST_CASE("the stream may be cut anywhere") {
  ClientScript c(v5());
  c.connect();
  c.send_bytewise("32 0b 0001 'a' 0001 00 'hello'  d0 00  62 02 0007");
  c.event("message a 'hello' qos=1").event("pong, 0 outstanding");
  c.expect("40 02 0001").expect("70 03 0007 92");
}

TEST_CASE("a large message arrives whole") {
  ClientScript c(v311());
  c.connect();
  c.send("30 a3 c3 04 0001 'a' 78*74144")
      .event(fmt::format("message a '{}' qos=0", std::string(74'144, 'x')));
}

TEST_CASE("[MQTT-3.3.2-10] [MQTT-3.1.2-26] [MQTT-3.1.2-27] topic aliases from the server") {
  ClientOptions options = v5();
  options.topic_alias_maximum = uint16_t{2};
  ClientScript c(options);
  c.connect();
  c.send("30 07 0001 'a' 03 23 0001").event("message a '' qos=0");
  c.send("30 07 0001 'b' 03 23 0002").event("message b '' qos=0");
  c.send("30 06 0000 03 23 0001").event("message a '' qos=0");
  c.send("30 07 0001 'c' 03 23 0001").event("message c '' qos=0");
  c.send("30 06 0000 03 23 0001").event("message c '' qos=0");

  SUBCASE("above the maximum") {
    c.send("30 07 0001 'd' 03 23 0003").event("error: Topic Alias invalid");
    c.expect("e0 01 94").expect_close();
  }
  SUBCASE("[MQTT-3.3.2-8] 0") {
    c.send("30 07 0001 'd' 03 23 0000").event("error: Topic Alias invalid");
    c.expect("e0 01 94").expect_close();
  }
  SUBCASE("[MQTT-3.3.2-7] forgotten with the connection") {
    c.close();
    c.connect().send("30 06 0000 03 23 0001").event("error: Protocol Error");
    c.expect("e0 01 82").expect_close();
  }
}

TEST_CASE("[MQTT-3.1.2-27] a topic alias without a Topic Alias Maximum") {
  ClientScript c(v5());
  c.connect().send("30 07 0001 'a' 03 23 0001").event("error: Topic Alias invalid");
  c.expect("e0 01 94").expect_close();
}

TEST_CASE("an alias is learned from a QoS 2 duplicate, too") {
  ClientOptions options = v5();
  options.topic_alias_maximum = uint16_t{1};
  options.session_expiry_s = 60u;
  ClientScript c(options);
  c.connect().send("34 09 0001 'a' 0001 03 23 0001").event("message a '' qos=2");
  c.expect("50 02 0001").close();
  c.connect("20 03 01 00 00").send("3c 09 0001 'a' 0001 03 23 0001").expect("50 02 0001");
  c.send("30 06 0000 03 23 0001").event("message a '' qos=0");
}

TEST_CASE("a server that exceeds our Receive Maximum can be put up with") {
  ClientOptions options = v5();
  options.receive_maximum = uint16_t{1};
  options.enforce_receive_maximum = false;
  ClientScript c(options);
  c.connect().send("32 06 0001 'a' 0001 00  32 06 0001 'a' 0002 00  34 06 0001 'a' 0003 00");
  c.event("message a '' qos=1").event("message a '' qos=1").event("message a '' qos=2");
  c.expect("40 02 0001 40 02 0002 50 02 0003");
}

TEST_CASE("[MQTT-3.3.4-9] a server that exceeds our Receive Maximum is told so") {
  ClientOptions options = v5();
  options.receive_maximum = uint16_t{2};
  ClientScript c(options);
  c.connect();
  SUBCASE("QoS 1: what we have not acknowledged yet") {
    c.send("32 06 0001 'a' 0001 00  32 06 0001 'a' 0002 00  32 06 0001 'a' 0003 00");
    c.event("message a '' qos=1").event("message a '' qos=1");
    c.event("error: Receive Maximum exceeded").expect("e0 01 93").expect_close();
  }
  SUBCASE("QoS 1: acknowledged ones do not count") {
    for (int i = 0; i < 5; ++i) {
      c.send("32 06 0001 'a' 0001 00  32 06 0001 'a' 0002 00");
      c.event("message a '' qos=1").event("message a '' qos=1").expect("40 02 0001 40 02 0002");
    }
  }
  SUBCASE("QoS 2: until PUBCOMP") {
    c.send("34 06 0001 'a' 0001 00").event("message a '' qos=2").expect("50 02 0001");
    c.send("34 06 0001 'a' 0002 00").event("message a '' qos=2").expect("50 02 0002");
    c.send("34 06 0001 'a' 0002 00").expect("50 02 0002");  // the same again is not one more
    SUBCASE("too many") {
      c.send("34 06 0001 'a' 0003 00").event("error: Receive Maximum exceeded");
      c.expect("e0 01 93").expect_close();
    }
    SUBCASE("after PUBCOMP") {
      c.send("62 02 0001").expect("70 02 0001");
      c.send("34 06 0001 'a' 0003 00").event("message a '' qos=2").expect("50 02 0003");
    }
  }
  SUBCASE("a new connection counts from the beginning (section 4.9)") {
    c.send("34 06 0001 'a' 0001 00").event("message a '' qos=2").expect("50 02 0001").close();
    c.connect().send("34 06 0001 'a' 0002 00  34 06 0001 'a' 0003 00");
    c.event("message a '' qos=2").event("message a '' qos=2").expect("50 02 0002 50 02 0003");
  }
}

TEST_CASE("packets over our Maximum Packet Size end the connection as soon as they show") {
  SUBCASE("5.0: announced") {
    ClientOptions options = v5();
    options.maximum_packet_size = 10u;
    ClientScript c(options);
    c.connect().send("30 08 0001 'a' 00 '1234'").event("message a '1234' qos=0");
    c.send("30 09").event("error: Packet too large").expect("e0 01 95").expect_close();
  }
  SUBCASE("a cap of our own") {
    ClientOptions options = v311();
    options.packet_max = 10;
    ClientScript c(options);
    c.connect().send("30 08 0001 'a' '12345'").event("message a '12345' qos=0");
    c.send("30 09").event("error: Packet too large").expect_close();
  }
}

TEST_CASE("[MQTT-4.13.1-1] malformed packets: 5.0 says why, 3.1.1 just closes") {
  struct Case {
    const char* bytes;
    const char* event;
    const char* disconnect;
  };
  const Case cases[] = {
      {"36 06 0001 'a' 0001 00", "error: Malformed Packet", "e0 01 81"},  // [MQTT-3.3.1-4]
      {"38 04 0001 'a' 00", "error: Malformed Packet", "e0 01 81"},       // [MQTT-3.3.1-2]
      {"30 04 0001 '+' 00", "error: Topic Name invalid", "e0 01 90"},     // [MQTT-3.3.2-2]
      {"30 04 0001 ff 00", "error: Malformed Packet", "e0 01 81"},        // [MQTT-3.3.2-1]
      {"30 03 0000 00", "error: Protocol Error", "e0 01 82"},
      {"32 06 0001 'a' 0000 00", "error: Protocol Error", "e0 01 82"},
      {"30 ff ff ff ff", "error: Malformed Packet", "e0 01 81"},
      {"00 00", "error: Malformed Packet", "e0 01 81"},
      {"60 02 0001", "error: Malformed Packet", "e0 01 81"},  // [MQTT-3.6.1-1]
      {"40 03 0001 92", "error: Malformed Packet", "e0 01 81"},
      {"d0 01 00", "error: Malformed Packet", "e0 01 81"},
      {"e1 00", "error: Malformed Packet", "e0 01 81"},  // [MQTT-3.14.1-1]
      {"f1 00", "error: Malformed Packet", "e0 01 81"},  // [MQTT-3.15.1-1]
  };
  for (const Case& one : cases) {
    CAPTURE(one.bytes);
    ClientScript c(v5());
    c.connect().send(one.bytes).event(one.event).expect(one.disconnect).expect_close();
  }
  ClientScript c(v311());
  c.connect().send("36 05 0001 'a' 0001").event("error: Malformed Packet").expect_close();
}

TEST_CASE("packets that only a client sends are protocol errors") {
  for (const char* packet : {"10 0d 0004 'MQTT' 05 02 003c 00 0000", "82 07 0001 00 0001 'a' 00",
                             "a2 06 0001 00 0001 'a'", "c0 00"}) {
    ClientScript c(v5());
    c.connect().send(packet).event("error: Protocol Error").expect("e0 01 82").expect_close();
  }
  ClientScript c(v311());
  c.connect().send("e0 00").event("error: Protocol Error").expect_close();  // [MQTT-3.14.4-1]
}

TEST_CASE("[MQTT-4.13.2-1] a DISCONNECT from the server is an event and the end") {
  ClientScript c(v5());
  c.connect().publish("a", "0", 0);
  // Not even what is already queued may follow.
  const std::vector<uint8_t> bytes = wire("e0 01 8b");
  Bytes in = bytes;
  const auto event = c.session.receive(in, c.now());
  REQUIRE((event && event->has_value()));
  CHECK(std::get<Disconnected>(**event).reason == ReasonCode::kServerShuttingDown);
  c.expect_close();
  CHECK(c.session.queued() == 1);
  c.connect().expect("30 05 0001 'a' 00 '0'");
}

TEST_CASE("[MQTT-3.14.2-1] [MQTT-3.14.2-2] a DISCONNECT that a server must not send") {
  const auto check_error = [](const char* packet, const char* event, const char* reply) {
    ClientScript c(v5());
    c.connect().send(packet).event(event).expect(reply).expect_close();
  };
  check_error("e0 01 04", "error: Protocol Error", "e0 01 82");
  check_error("e0 01 01", "error: Malformed Packet", "e0 01 81");
  check_error("e0 07 00 05 11 00000001", "error: Protocol Error", "e0 01 82");
}

TEST_CASE("a server that does not read cannot make us keep acknowledgements without end") {
  ClientScript c(v5());
  c.connect();
  const std::vector<uint8_t> pubrel = wire("62 02 0001");
  for (uint32_t i = 0; i < ClientSession::kQueuedAcksMax; ++i) {
    Bytes in = pubrel;
    if (!c.session.receive(in, c.now())) FAIL("after " << i);
  }
  Bytes in = pubrel;
  const auto last = c.session.receive(in, c.now());
  REQUIRE_FALSE(last);
  CHECK(last.error().code == ErrorCode::kFull);
  c.expect("e0 01 97").expect_close();
}

TEST_CASE("nothing is read any more once the session is closing") {
  ClientScript c(v311());
  c.connect();
  c.session.disconnect();
  const std::vector<uint8_t> bytes = wire("32 05 0001 'a' 0001");
  Bytes in = bytes;
  const auto event = c.session.receive(in, c.now());
  REQUIRE(event);
  CHECK_FALSE(event->has_value());
  CHECK(in.empty());
  c.expect("e0 00").expect_close();
}
