// Mount points: two listeners whose clients do not see each other, and one that sees both.
#include <doctest/doctest.h>

#include "support/broker_script.h"
#include "support/memory_store.h"

using namespace mq;
using namespace mq::test;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view kKept = "11 000003e8";

struct Mounted : BrokerScript {
  explicit Mounted(SessionStore* store = nullptr) : BrokerScript(quiet(), store) {
    a = below("a/");
    b = below("b/");
  }
  ListenerId below(const char* point) {
    ListenerOptions options;
    options.mount_point = point;
    return broker().add_listener(options);
  }
  Peer& at(ListenerId where, std::string_view name) {
    listener = where;
    return (*this)[name];
  }
  ListenerId a, b;
};

}  // namespace

TEST_CASE("a mount point is put before topics and filters, and taken off again") {
  Mounted s;
  s.at(0, "all").connect().subscribe("#");
  s.at(s.a, "a1").connect().subscribe("#").subscribe("+/x");
  s.at(s.b, "b1").connect().subscribe("#");
  s.at(s.a, "a2").connect();
  s["a2"].publish("t/x", "1", {.qos = 1, .id = 1}).expect("40 02 0001");
  s["a1"].expect_publish("t/x", "1");
  s["all"].expect_publish("a/t/x", "1");
  s["b1"].publish("t", "2");
  s["b1"].expect_publish("t", "2");
  s["all"].expect_publish("b/t", "2");
  // What looks like leaving it does not.
  s["b1"].publish("../a/t", "3").expect_publish("../a/t", "3");
  s["all"].expect_publish("b/../a/t", "3");
  s["all"].publish("a/y", "4").expect_publish("a/y", "4");
  s["a1"].expect_publish("y", "4");
  s["a1"].unsubscribe("#");
  s["all"].publish("a/z", "5").expect_publish("a/z", "5");
  s["a1"].expect_nothing();
}

TEST_CASE("wills, retained messages and shared subscriptions are below it, too") {
  Mounted s;
  s.at(0, "all").connect().subscribe("#");
  s.at(s.a, "w").connect({.will = WillOf{"will", "w", 0, true}}).drop();
  s["all"].expect_publish("a/will", "w");
  s.at(s.a, "r").connect().subscribe("#").expect_publish("will", "w", {.retain = true});
  s.at(s.b, "n").connect().subscribe("#").expect_nothing();
  s.at(s.a, "s").connect().subscribe("$share/g/t/#");
  s["all"].publish("a/t/1", "x").expect_publish("a/t/1", "x");
  s["s"].expect_publish("t/1", "x");
  s["r"].expect_publish("t/1", "x");
  s["s"].unsubscribe("$share/g/t/#");
}

TEST_CASE("nothing of the server's own is to be seen or written through it") {
  BrokerOptions options = quiet();
  options.sys_interval = 10s;
  BrokerScript s(options);
  ListenerOptions mounted;
  mounted.mount_point = "a/";
  s.listener = s.broker().add_listener(mounted);
  s["a"].connect().subscribe("$SYS/#").expect_nothing();
  s["a"].publish("$SYS/x", "1", {.qos = 1, .id = 1}).expect("40 03 0001 87");
}

TEST_CASE("rules are asked about topics as the broker has them") {
  Mounted s;
  s.access.unpublishable = {"a/t"};
  s.access.unsubscribable = {"a/f"};
  s.at(s.a, "a").connect();
  s["a"].publish("t", "1", {.qos = 1, .id = 1}).expect("40 03 0001 87");
  s["a"].send(subscribe_packet(Version::kV5, 1, "f", 0)).expect("90 04 0001 00 87");
  s.at(s.a, "w").hello({.will = WillOf{"t", "w"}}).expect_refusal(0x87);
}

TEST_CASE("topic aliases stand for topics as the client has them") {
  Mounted s;
  s.at(0, "all").connect().subscribe("#");
  s.at(s.a, "a").connect({.properties = "22 0001"}).subscribe("#");
  s["a"].send("30 07 0001 't' 03 23 0001");
  s["all"].expect_publish("a/t", "");
  s["a"].expect("30 07 0001 't' 03 23 0001");
  s["a"].send("30 06 0000 03 23 0001");
  s["all"].expect_publish("a/t", "");
  s["a"].expect("30 06 0000 03 23 0001");
}

TEST_CASE("a session that changes its listener is sent nothing from outside of its mount point") {
  Mounted s;
  s.at(s.a, "c").connect({.clean = false, .properties = kKept}).subscribe("#", 1).drop();
  s.at(0, "all").connect();
  s["all"].publish("a/t", "1", {.qos = 1, .id = 1}).expect("40 02 0001");
  s.at(s.b, "c").resume({.clean = false, .properties = kKept}).expect_nothing();
  s["c"].drop();
  s["all"].publish("a/t", "2", {.qos = 1, .id = 2}).expect("40 02 0002");
  s.at(s.a, "c").resume({.clean = false, .properties = kKept});
  s["c"].expect_publish("t", "2", {.qos = 1, .id = 2});
}

TEST_CASE("subscriptions below a mount point survive the broker") {
  MemoryStore store;
  Mounted s(&store);
  const auto settle = [&](Peer& peer) {
    s.turn();
    if (store.pending() > 0) s.durable(store.write_all());
    peer.skip_output();
  };
  const Hello kept{.clean = false, .properties = kKept};
  Peer& c = s.at(s.a, "c").open();
  c.send(connect_packet("c", kept));
  for (const char* filter : {"t", "$share/g/u", "v", "$share/g/w"}) {
    c.send(subscribe_packet(Version::kV5, 1, filter, 1));
  }
  for (const char* filter : {"v", "$share/g/w"}) {
    c.send(unsubscribe_packet(Version::kV5, 2, filter));
  }
  settle(c);
  store.crash();
  s.restart();
  s.at(s.below("a/"), "c").open().send(connect_packet("c", kept));
  settle(c);
  s.at(0, "all").connect();
  for (const char* topic : {"a/t", "a/u", "a/v", "a/w", "t"}) s["all"].publish(topic, "2");
  c.expect_publish("t", "2").expect_publish("u", "2").expect_nothing();
}

TEST_CASE("a topic that is too long with its mount point") {
  Mounted s;
  s.at(s.a, "a").connect();
  const std::string longest(65'535, 'x');
  s["a"].send(publish_packet(Version::kV5, longest, "", {.qos = 1, .id = 1}));
  s["a"].expect("40 03 0001 90");
  const std::string fits(65'533, 'x');
  s["a"].subscribe("#").publish(fits, "").expect_publish(fits, "");
}
