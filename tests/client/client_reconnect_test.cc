#include <doctest/doctest.h>
#include <fmt/core.h>

#include "client/client_script.h"

using namespace mq;
using namespace mq::test;

namespace {

ClientOptions durable(Version version) {
  ClientOptions options;
  options.version = version;
  options.client_id = "c";
  if (version == Version::kV5) {
    options.session_expiry_s = 100u;
  } else {
    options.clean_start = false;
  }
  return options;
}

constexpr const char* kNoSession5 = "20 03 00 00 00";
constexpr const char* kSession5 = "20 03 01 00 00";
constexpr const char* kSession311 = "20 02 01 00";

}  // namespace

TEST_CASE("[MQTT-4.4.0-1] [MQTT-4.6.0-1] [MQTT-3.3.1-1] unacknowledged messages again, with DUP") {
  ClientScript c(durable(Version::kV311));
  c.connect();
  for (uint32_t i = 1; i <= 4; ++i) c.publish("a", std::to_string(i), i % 2 == 0 ? 2 : 1, i);
  c.expect(
      "32 06 0001 'a' 0001 '1'  34 06 0001 'a' 0002 '2'  32 06 0001 'a' 0003 '3'"
      "34 06 0001 'a' 0004 '4'");
  c.send("40 02 0003").event("acked 3 id=3 qos=1: Success").close();
  c.connect(kSession311);
  c.expect("3a 06 0001 'a' 0001 '1'  3c 06 0001 'a' 0002 '2'  3c 06 0001 'a' 0004 '4'");
  c.send("40 02 0001").event("acked 1 id=1 qos=1: Success");
  // And once more.
  c.close();
  c.connect(kSession311).expect("3c 06 0001 'a' 0002 '2'  3c 06 0001 'a' 0004 '4'");
}

TEST_CASE("[MQTT-3.3.1-3] [MQTT-4.3.2-2] [MQTT-4.3.3-2] no DUP on what was queued but never sent") {
  ClientScript c(durable(Version::kV311));
  c.connect();
  c.publish("a", "1", 1);
  c.expect("32 06 0001 'a' 0001 '1'");
  c.publish("a", "2", 1);
  c.session.closed(c.now());  // the second one never reached a batch
  c.connect(kSession311).expect("3a 06 0001 'a' 0001 '1'  32 06 0001 'a' 0002 '2'");
}

TEST_CASE("[MQTT-4.3.3-6] after PUBREC only PUBREL is sent again") {
  ClientScript c(durable(Version::kV5));
  c.connect().publish("a", "1", 2, 1).publish("a", "2", 2, 2).publish("a", "3", 1, 3);
  c.skip_output().send("50 02 0001 50 02 0002").expect("62 02 0001 62 02 0002").close();
  c.connect(kSession5).expect("62 02 0001 62 02 0002  3a 07 0001 'a' 0003 00 '3'");
  // The server had finished the first one before the connection was lost: not an error.
  c.send("70 03 0001 92").event("acked 1 id=1 qos=2: Success");
  c.send("70 02 0002").event("acked 2 id=2 qos=2: Success");
}

TEST_CASE(
    "repeat_unfinished_qos2: what only PUBREC confirmed is sent anew when the session is lost") {
  ClientOptions options = durable(Version::kV5);
  options.repeat_unfinished_qos2 = true;
  ClientScript c(options);
  c.connect().publish("a", "1", 2, 1).publish("a", "2", 2, 2).publish("a", "3", 2, 3);
  c.skip_output().send("50 02 0001 50 02 0002").expect("62 02 0001 62 02 0002");
  const uint64_t bytes = c.session.queued_bytes();
  c.send("70 02 0001").event("acked 1 id=1 qos=2: Success");
  CHECK(c.session.queued_bytes() < bytes);
  c.close();
  SUBCASE("no session: anew, and in order") {
    c.connect(kNoSession5).expect("34 07 0001 'a' 0001 00 '2'  34 07 0001 'a' 0002 00 '3'");
    c.send("50 02 0001").expect("62 02 0001").send("70 02 0001");
    c.event("acked 2 id=1 qos=2: Success");
    c.send("50 02 0002").expect("62 02 0002").send("70 02 0002");
    c.event("acked 3 id=2 qos=2: Success");
    CHECK(c.session.queued_bytes() == 0);
  }
  SUBCASE("[MQTT-4.3.3-6] the session is there: PUBREL, as ever") {
    c.connect(kSession5).expect("62 02 0002  3c 07 0001 'a' 0003 00 '3'");
  }
}

TEST_CASE("[MQTT-3.2.2-5] without a session at the server messages are sent anew, as new ones") {
  ClientScript c(durable(Version::kV5));
  c.connect().publish("a", "1", 1, 1).publish("a", "2", 2, 2).publish("a", "3", 2, 3);
  c.publish("a", "4", 1, 4);
  c.skip_output().send("40 02 0001").event("acked 1 id=1 qos=1: Success");
  // The third was confirmed: sending it again would deliver it twice.
  c.send("50 02 0003").expect("62 02 0003").close();
  c.publish("a", "5", 1, 5);
  c.connect(kNoSession5).event("acked 3 id=3 qos=2: Success");
  c.expect("34 07 0001 'a' 0001 00 '2'  32 07 0001 'a' 0002 00 '4'  32 07 0001 'a' 0003 00 '5'");
  CHECK(c.session.queued() == 3);
  c.send("40 02 0002").event("acked 4 id=2 qos=1: Success");
}

TEST_CASE("the outcome of a confirmed message is not lost with the session") {
  ClientScript c(durable(Version::kV5));
  c.connect().publish("a", "1", 2, 1);
  c.skip_output().send("50 03 0001 10").expect("62 02 0001").close();
  c.connect(kNoSession5).event("acked 1 id=1 qos=2: No matching subscribers");
}

TEST_CASE("Clean Start of a reconnect") {
  SUBCASE("5.0: asked for once, as long as the session is to be kept") {
    ClientScript c(durable(Version::kV5));
    c.open().expect("10 13 0004 'MQTT' 05 02 003c 05 11 00000064 0001 'c'");
    c.send(kNoSession5).event("connected").close();
    c.open().expect("10 13 0004 'MQTT' 05 00 003c 05 11 00000064 0001 'c'");
    // An attempt that failed changes nothing.
    c.close().open().expect("10 13 0004 'MQTT' 05 00 003c 05 11 00000064 0001 'c'");
  }
  SUBCASE("5.0: a first attempt that was not accepted is repeated as it was") {
    ClientScript c(durable(Version::kV5));
    c.open().skip_output().close().open();
    c.expect("10 13 0004 'MQTT' 05 02 003c 05 11 00000064 0001 'c'");
  }
  SUBCASE("5.0: without a Session Expiry Interval there is nothing to come back to") {
    ClientScript c(v5());
    c.connect().close().open().expect("10 0d 0004 'MQTT' 05 02 003c 00 0000");
  }
  SUBCASE("5.0: the server may set the interval") {
    ClientScript c(v5());
    c.connect("20 08 00 00 05 11 00000064");
    c.close().open().expect("10 0d 0004 'MQTT' 05 00 003c 00 0000");
  }
  SUBCASE("3.1.1: it is as the user says") {
    ClientScript clean(v311());
    clean.connect().close().open().expect("10 0c 0004 'MQTT' 04 02 003c 0000");
    ClientScript kept(durable(Version::kV311));
    kept.connect().close().open().expect("10 0d 0004 'MQTT' 04 00 003c 0001 'c'");
  }
}

TEST_CASE("3.1.1 with clean session starts over every time, and loses nothing") {
  ClientScript c(v311());
  c.connect().publish("a", "1", 1, 1).publish("a", "2", 2, 2);
  c.skip_output().close();
  c.connect().expect("32 06 0001 'a' 0001 '1'  34 06 0001 'a' 0002 '2'");
}

TEST_CASE("3.1 has no Session Present: a session that was to be kept is taken to be there") {
  ClientOptions options = durable(Version::kV31);
  SUBCASE("kept") {
    ClientScript c(options);
    c.connect().publish("a", "1", 1, 1);
    c.skip_output().close();
    c.open().skip_output().send("20 02 00 00").event("connected, session present");
    c.expect("3a 06 0001 'a' 0001 '1'");
  }
  SUBCASE("not kept") {
    options.clean_start = true;
    ClientScript c(options);
    c.connect().publish("a", "1", 1, 1);
    c.skip_output().close();
    c.connect().expect("32 06 0001 'a' 0001 '1'");
  }
}

TEST_CASE("QoS 2 messages that were received: the session decides what a duplicate is") {
  ClientScript c(durable(Version::kV5));
  c.connect()
      .send("34 06 0001 'a' 0001 00")
      .event("message a '' qos=2")
      .expect("50 02 0001")
      .close();
  SUBCASE("[MQTT-4.3.3-10] the same session: the message was delivered") {
    c.connect(kSession5).send("3c 06 0001 'a' 0001 00").expect("50 02 0001");
    c.send("62 02 0001").expect("70 02 0001");
  }
  SUBCASE("even when PUBREC was never sent") {
    c.connect(kSession5);
    c.send("34 06 0001 'a' 0002 00").event("message a '' qos=2").skip_output().close();
    c.connect(kSession5).send("3c 06 0001 'a' 0002 00").expect("50 02 0002");
  }
  SUBCASE("a new session: the identifier means nothing") {
    c.connect(kNoSession5).send("34 06 0001 'a' 0001 00").event("message a '' qos=2");
    c.expect("50 02 0001");
  }
}

TEST_CASE("acknowledgements of a lost connection are not sent on the next one") {
  ClientScript c(durable(Version::kV5));
  c.connect();
  const std::vector<uint8_t> bytes = wire("32 06 0001 'a' 0001 00");
  Bytes in = bytes;
  REQUIRE(c.session.receive(in, c.now()));
  c.session.closed(c.now());
  c.connect(kSession5).expect_nothing();
}

TEST_CASE("a request without an answer is forgotten with its connection") {
  ClientScript c(durable(Version::kV5));
  c.connect().publish("a", "1", 1, 1).subscribe("s").publish("a", "2", 1, 2);
  c.skip_output().close();
  c.connect(kSession5).expect("3a 07 0001 'a' 0001 00 '1'  3a 07 0001 'a' 0003 00 '2'");
  c.subscribe("s", {}, 9).expect("82 07 0004 00 0001 's' 00");
  c.send("90 04 0004 00 00").event("subscribed 9 id=4: 00");
}

TEST_CASE("QoS 0 messages wait for the next connection, in their order") {
  ClientScript c(v311());
  c.publish("a", "1", 0);
  c.connect().expect("30 04 0001 'a' '1'");
  c.publish("a", "2", 0).publish("a", "3", 0);
  c.session.closed(c.now());  // not produced yet
  c.publish("a", "4", 0);
  CHECK(c.session.queued() == 3);
  c.connect().expect("30 04 0001 'a' '2'  30 04 0001 'a' '3'  30 04 0001 'a' '4'");
  CHECK(c.session.queued() == 0);
  CHECK(c.session.queued_bytes() == 0);
}

TEST_CASE("QoS 0 messages that were ready to be sent are messages again, with all that they had") {
  ClientOptions options = durable(Version::kV5);
  options.inflight_max = 1;
  ClientScript c(options);
  c.connect();
  const PropertyList properties = [] {
    PropertyList list;
    list.add(PropertyId::kContentType, "t");
    return list;
  }();
  REQUIRE(c.session.publish({.topic = "a",
                             .payload = to_bytes("1"),
                             .retain = true,
                             .properties = properties.view()},
                            c.now()));
  c.publish("a", "2", 1).publish("a", std::string(5000, 'x'), 0).publish("b", "", 0);
  c.publish("a", "3", 1).publish("a", "4", 0);  // behind the window
  CHECK(c.session.queued() == 6);
  c.session.closed(c.now());
  CHECK(c.session.queued() == 6);
  c.publish("a", "5", 0);
  c.connect(kSession5);
  c.expect("32 07 0001 'a' 0001 00 '2'  31 09 0001 'a' 04 03 0001 't' '1'");
  c.expect("30 8c 27 0001 'a' 00 78*5000  30 04 0001 'b' 00").expect_nothing();
  CHECK(c.session.produced_qos0() == 3);
  c.send("40 02 0001").event("acked 0 id=1 qos=1: Success");
  c.expect("32 07 0001 'a' 0002 00 '3'  30 05 0001 'a' 00 '4'  30 05 0001 'a' 00 '5'");
  c.send("40 02 0002").event("acked 0 id=2 qos=1: Success");
  CHECK(c.session.queued() == 0);
  CHECK(c.session.queued_bytes() == 0);
  CHECK(c.session.produced_qos0() == 5);
}

TEST_CASE("[MQTT-4.3.3-10] identifiers of a client that was here before are released first") {
  ClientScript c(durable(Version::kV311));
  c.connect(kSession311).publish("a", "1", 2, 1).expect("62 02 0001").expect_nothing();
  c.publish("a", "2", 2, 2).publish("b", "3", 0).publish("a", "4", 2, 4);
  c.expect_nothing();
  CHECK(c.session.queued() == 4);
  CHECK(c.session.window_left() == 0);
  c.send("70 02 0001").expect("34 06 0001 'a' 0001 '1'  62 02 0002  62 02 0003  62 02 0004");
  SUBCASE("and then all is as ever") {
    c.send("50 02 0001").expect("62 02 0001");
    c.send("70 02 0002").expect("34 06 0001 'a' 0002 '2'  30 04 0001 'b' '3'").expect_nothing();
    c.send("70 02 0001").event("acked 1 id=1 qos=2: Success");
    c.send("70 02 0003").expect("34 06 0001 'a' 0003 '4'");
    c.publish("a", "5", 2, 5).expect_nothing();  // 0004 is still asked for
    c.send("70 02 0004").expect("34 06 0001 'a' 0004 '5'");
  }
  SUBCASE("a request that comes between takes an identifier, which is another thing") {
    c.subscribe("f").expect("82 06 0002 0001 'f' 00");
    c.send("70 02 0002").expect_nothing();
    c.send("70 02 0003").expect("34 06 0001 'a' 0003 '2'  30 04 0001 'b' '3'");
    c.send("90 03 0002 00").event("subscribed 0 id=2: 00");
  }
  SUBCASE("what was sent is sent again after a loss, what was asked for is asked again") {
    c.close();
    c.connect(kSession311).expect("3c 06 0001 'a' 0001 '1'  62 02 0002  62 02 0003  62 02 0004");
    c.send("70 02 0002").expect("34 06 0001 'a' 0002 '2'  30 04 0001 'b' '3'");
  }
  SUBCASE("a server that ends the connection twice in place of an answer is not asked again") {
    c.close();
    c.connect(kSession311).expect("3c 06 0001 'a' 0001 '1'  62 02 0002  62 02 0003  62 02 0004");
    c.close();
    c.connect(kSession311).expect("3c 06 0001 'a' 0001 '1'  34 06 0001 'a' 0002 '2'");
    c.expect("30 04 0001 'b' '3'  34 06 0001 'a' 0003 '4'");
  }
  SUBCASE("a server that has lost the session holds nothing") {
    c.close();
    c.connect("20 02 00 00").expect("34 06 0001 'a' 0001 '1'  34 06 0001 'a' 0002 '2'");
    c.expect("30 04 0001 'b' '3'  34 06 0001 'a' 0003 '4'");
  }
}

TEST_CASE("identifiers are released where the server may hold a QoS 2 message, and else not") {
  SUBCASE("QoS 1 has no repetitions that are left out") {
    ClientOptions options = durable(Version::kV5);
    options.clean_start = false;
    ClientScript c(options);
    c.connect(kSession5).publish("a", "1", 1).expect("32 07 0001 'a' 0001 00 '1'");
    c.publish("a", "2", 2).expect("62 02 0002");
    c.send("70 03 0002 92").expect("34 07 0001 'a' 0002 00 '2'");
  }
  SUBCASE("a new session") {
    ClientScript c(durable(Version::kV5));
    c.connect(kNoSession5).publish("a", "1", 2).expect("34 07 0001 'a' 0001 00 '1'");
    c.close();
    c.connect(kSession5).expect("3c 07 0001 'a' 0001 00 '1'");
    c.publish("a", "2", 2).expect("34 07 0001 'a' 0002 00 '2'");
  }
  SUBCASE("3.1 does not say whether the session is new") {
    ClientScript c(durable(Version::kV31));
    c.connect().publish("a", "1", 2).expect("62 02 0001");
    c.send("70 02 0001").expect("34 06 0001 'a' 0001 '1'");
  }
  SUBCASE("each of the 65535 once") {
    ClientScript c(durable(Version::kV311));
    c.connect(kSession311);
    uint32_t released = 0;
    for (uint32_t i = 0; i < 65'535 + 10; ++i) {
      const auto id = static_cast<uint16_t>(i % 65'535 + 1);
      c.publish("a", "", 2);
      if (i < 65'535) {
        c.expect(fmt::format("62 02 {:04x}", id)).send(fmt::format("70 02 {:04x}", id));
        ++released;
      }
      c.expect(fmt::format("34 05 0001 'a' {:04x}", id)).send(fmt::format("50 02 {:04x}", id));
      c.expect(fmt::format("62 02 {:04x}", id)).send(fmt::format("70 02 {:04x}", id));
      c.event(fmt::format("acked 0 id={} qos=2: Success", id));
    }
    CHECK(released == 65'535);
  }
}

TEST_CASE("what a batch had no room for is sent on the next connection, in its order") {
  ClientScript c(v5());
  c.connect();
  for (int i = 0; i < 2000; ++i) c.publish("topic", fmt::format("{:064}", i), 0);
  OutBatch batch;
  c.session.produce(batch, c.now());
  const uint64_t first = c.session.produced_qos0();
  CHECK(first * (2 + 7 + 1 + 64) == batch.size());
  CHECK(batch.size() > OutBatch::kScratchSize - OutQueue::kFramesMax);
  c.session.closed(c.now());
  CHECK(c.session.queued() == 2000 - first);
  c.connect();
  for (uint64_t i = first; i < 2000; ++i) {
    c.expect(fmt::format("30 48 0005 'topic' 00 '{:064}'", i));
  }
  CHECK(c.session.queued_bytes() == 0);
}

TEST_CASE("a window that is smaller than before holds back what is sent again") {
  ClientScript c(durable(Version::kV5));
  c.connect();
  for (uint32_t i = 1; i <= 5; ++i) c.publish("a", std::to_string(i), 2, i);
  c.skip_output().send("50 02 0001").expect("62 02 0001").close();
  c.connect("20 06 01 00 03 21 0002").publish("a", "6", 1, 6);
  // The message that is complete but for PUBCOMP counts, the others go one by one.
  c.expect("62 02 0001  3c 07 0001 'a' 0002 00 '2'").expect_nothing();
  SUBCASE("in the order of the acknowledgements") {
    c.send("70 02 0001").event("acked 1 id=1 qos=2: Success").expect("3c 07 0001 'a' 0003 00 '3'");
    c.send("50 03 0003 80").event("acked 3 id=3 qos=2: Unspecified error");
    c.expect("3c 07 0001 'a' 0004 00 '4'");
    c.send("50 02 0002 70 02 0002").event("acked 2 id=2 qos=2: Success");
    c.expect("62 02 0002  3c 07 0001 'a' 0005 00 '5'").expect_nothing();
    c.send("50 02 0004 70 02 0004").event("acked 4 id=4 qos=2: Success");
    c.expect("62 02 0004  32 07 0001 'a' 0006 00 '6'");
  }
  SUBCASE("one that is acknowledged before its turn is not sent again") {
    c.send("50 02 0004").expect("62 02 0004").expect_nothing();
    c.send("70 02 0001").event("acked 1 id=1 qos=2: Success").expect_nothing();
    c.send("70 02 0004").event("acked 4 id=4 qos=2: Success").expect("3c 07 0001 'a' 0003 00 '3'");
    c.send("50 02 0003 70 02 0003").event("acked 3 id=3 qos=2: Success");
    c.expect("62 02 0003  3c 07 0001 'a' 0005 00 '5'");
  }
  SUBCASE("a subscription in between does not disturb it") {
    c.subscribe("s", {}, 9).expect("82 07 0006 00 0001 's' 00");
    c.send("70 02 0001").event("acked 1 id=1 qos=2: Success").expect("3c 07 0001 'a' 0003 00 '3'");
  }
}

TEST_CASE("nothing that was published later overtakes what is sent again") {
  ClientScript c(durable(Version::kV5));
  c.connect().publish("a", "1", 1, 1).publish("a", "2", 1, 2);
  c.skip_output().close();
  CHECK(c.session.window_left() == 0);
  c.connect("20 06 01 00 03 21 0001").publish("a", "3", 0);
  c.expect("3a 07 0001 'a' 0001 00 '1'").expect_nothing();
  c.send("40 02 0001").event("acked 1 id=1 qos=1: Success");
  c.expect("3a 07 0001 'a' 0002 00 '2'  30 05 0001 'a' 00 '3'");
}

TEST_CASE("a message that is acknowledged while it waits in the queue is not sent again") {
  ClientScript c(durable(Version::kV5));
  c.connect().publish("a", "1", 1, 1).publish("a", "2", 2, 2);
  c.skip_output().close();
  c.open().skip_output();
  const std::vector<uint8_t> bytes = wire("20 03 01 00 00  40 02 0001  50 02 0002");
  Bytes in = bytes;
  REQUIRE(c.session.receive(in, c.now()));
  const auto acked = c.session.receive(in, c.now());
  REQUIRE((acked && acked->has_value()));
  CHECK(std::get<Acked>(**acked).token == 1);
  REQUIRE(c.session.receive(in, c.now()));
  c.expect("62 02 0002").expect_nothing();
}

TEST_CASE("what the next server does not take any more ends with an event") {
  ClientScript c(durable(Version::kV5));
  c.connect().publish("a", "12345", 1, 1).publish("a", "x", 1, 2).publish("a", "y", 2, 3);
  c.skip_output().close();
  SUBCASE("Maximum Packet Size") {
    c.connect("20 08 01 00 05 27 0000000a").event("acked 1 id=1 qos=1: Packet too large");
    c.expect("3a 07 0001 'a' 0002 00 'x'  3c 07 0001 'a' 0003 00 'y'");
    CHECK(c.session.queued() == 2);
  }
  SUBCASE("a QoS 0 message that was ready to be sent") {
    c.connect(kSession5).skip_output();
    c.publish("a", "12345", 0, 7).publish("a", "z", 0, 8);
    c.session.closed(c.now());
    c.connect("20 08 01 00 05 27 0000000a").event("acked 1 id=1 qos=1: Packet too large");
    c.event("acked 7 id=0 qos=0: Packet too large");
    c.skip_output();
    CHECK(c.session.produced_qos0() == 1);
  }
  SUBCASE("Maximum QoS, with a session") {
    c.connect("20 05 01 00 02 24 01").event("acked 3 id=3 qos=2: QoS not supported");
    c.expect("3a 0b 0001 'a' 0001 00 '12345'  3a 07 0001 'a' 0002 00 'x'");
  }
  SUBCASE("Maximum QoS, without") {
    c.connect("20 05 00 00 02 24 00").event("acked 1 id=0 qos=1: QoS not supported");
    c.event("acked 2 id=0 qos=1: QoS not supported").event("acked 3 id=0 qos=2: QoS not supported");
    CHECK(c.session.queued() == 0);
    CHECK(c.session.queued_bytes() == 0);
  }
}

TEST_CASE("no message outlives its session object") {
  const size_t before = Message::alive();
  {
    ClientScript c(durable(Version::kV5));
    c.publish("a", "0", 0).connect().publish("a", "1", 1).publish("a", "2", 2);
    c.skip_output();
    c.close();
    c.publish("a", "3", 1);
    CHECK(Message::alive() == before + 3);
  }
  CHECK(Message::alive() == before);
}
