// Whose a session is: who may go on with it, and who may take its place.
#include <doctest/doctest.h>

#include "support/broker_script.h"
#include "support/memory_store.h"

using namespace mq;
using namespace mq::test;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view kKept = "11 000003e8";

// What becomes of who comes second with the same client identifier.
enum class Outcome {
  kResumed,
  kBeginsAnew,  // the session ends and a new one begins
  kRefused,     // and nothing happens to the session
};

// Listener 0 asks for passwords; at the other one a name is only a name.
struct Owners {
  explicit Owners(const BrokerOptions& options = quiet(), SessionStore* store = nullptr)
      : s(options, store) {
    s.access.prove_names();
    s.access.passwords = {{"alice", "secret"}, {"bob", "secret"}};
    add_open();
  }
  void add_open() {
    open = s.broker().add_listener({});
    s.access.open_listeners = {open};
  }

  BrokerScript s;
  ListenerId open = 0;
};

// Somebody who connects: with a password, or only saying a name.
struct Comer {
  std::string_view user_name;  // "" for none
  bool proven;
};

Hello hello_of(const Comer& comer, bool clean) {
  Hello hello{.clean = clean, .properties = kKept, .client_id = "device"};
  if (!comer.user_name.empty()) hello.user_name = comer.user_name;
  if (comer.proven) hello.password = "secret";
  return hello;
}

Peer& come(Owners& o, std::string_view name, const Comer& comer, bool clean) {
  o.s.listener = comer.proven ? 0 : o.open;
  return o.s[name].hello(hello_of(comer, clean));
}

const Comer kAlice{"alice", true}, kBob{"bob", true};
const Comer kNobody{"", false}, kSaysAlice{"alice", false}, kSaysBob{"bob", false};

struct Pair {
  std::string what;
  Comer first, second;
  Outcome outcome;
};

const Pair kPairs[] = {
    {"the same user", kAlice, kAlice, Outcome::kResumed},
    {"another user", kAlice, kBob, Outcome::kRefused},
    {"somebody without a name", kAlice, kNobody, Outcome::kRefused},
    {"somebody who only says the name", kAlice, kSaysAlice, Outcome::kRefused},
    {"somebody who says another", kAlice, kSaysBob, Outcome::kRefused},
    {"nobody after nobody", kNobody, kNobody, Outcome::kResumed},
    {"names that are only names", kSaysAlice, kSaysBob, Outcome::kResumed},
    {"a user after nobody", kNobody, kAlice, Outcome::kBeginsAnew},
    {"a user after who only said the name", kSaysAlice, kAlice, Outcome::kBeginsAnew},
    {"a user after who said another", kSaysBob, kAlice, Outcome::kBeginsAnew},
};

}  // namespace

TEST_CASE("whose session: every pair, connected and away, with and without Clean Start") {
  for (const Pair& pair : kPairs) {
    for (const bool away : {false, true}) {
      for (const bool clean : {false, true}) {
        CAPTURE(pair.what);
        CAPTURE(away);
        CAPTURE(clean);
        Owners o;
        come(o, "first", pair.first, true).expect("20 06 00 00 03 22 ffff");
        o.s["first"].subscribe("t", 1);
        if (away) o.s["first"].drop();
        Peer& second = come(o, "second", pair.second, clean);
        if (pair.outcome == Outcome::kRefused) {
          second.expect_refusal(0x85);
          if (!away) o.s["first"].send("c0 00").expect("d0 00");
          continue;
        }
        const bool resumed = pair.outcome == Outcome::kResumed && !clean;
        second.expect(resumed ? "20 06 01 00 03 22 ffff" : "20 06 00 00 03 22 ffff");
        if (!away) o.s["first"].expect_disconnect(0x8E);
        CHECK(o.s.broker().sessions() == 1);
        second.publish("t", "x");
        if (resumed) second.expect_publish("t", "x");
        second.expect_nothing();
      }
    }
  }
}

TEST_CASE("whose session: a stranger's packet identifiers and his will stay his") {
  Owners o;
  o.s.listener = o.open;
  o.s["watch"].connect().subscribe("#");
  o.s["stranger"].connect({.properties = kKept,
                           .will = WillOf{"w", "x", 0, false, "18 00000064"},
                           .client_id = "device"});
  o.s["stranger"].publish("t", "planted", {.qos = 2, .id = 1}).expect("50 02 0001").drop();
  o.s["watch"].expect_publish("t", "planted");
  // Of the session that ends, the will is due [MQTT-3.1.2-8].
  come(o, "alice", kAlice, false).expect("20 06 00 00 03 22 ffff");
  o.s["watch"].expect_publish("w", "x");
  o.s["alice"].publish("t", "hers", {.qos = 2, .id = 1}).expect("50 02 0001");
  o.s["watch"].expect_publish("t", "hers");
}

TEST_CASE("whose session: it is still its user's after a restart") {
  for (const Pair& pair : kPairs) {
    CAPTURE(pair.what);
    MemoryStore store;
    Owners o(quiet(), &store);
    come(o, "first", pair.first, true);
    o.s.turn();
    o.s.durable(store.write_all());
    o.s["first"].skip_output();
    store.crash();
    o.s.restart();
    o.add_open();
    Peer& second = come(o, "second", pair.second, false);
    o.s.turn();
    if (store.pending() > 0) o.s.durable(store.write_all());
    switch (pair.outcome) {
      case Outcome::kRefused: second.expect_refusal(0x85); break;
      case Outcome::kResumed: second.expect("20 06 01 00 03 22 ffff"); break;
      case Outcome::kBeginsAnew: second.expect("20 06 00 00 03 22 ffff"); break;
    }
  }
}

TEST_CASE("whose session: where nobody proves a name any more, it is anybody's again") {
  Owners o;
  come(o, "first", kAlice, true).expect("20 06 00 00 03 22 ffff");
  o.s["first"].drop();
  o.s.access.prove_names(false);
  come(o, "second", kNobody, false).expect("20 06 01 00 03 22 ffff");
}

TEST_CASE("whose session: a name that the transport has proved owns it") {
  Owners o;
  o.s["a"].open();
  o.s.broker().prove_name(o.s["a"].id(), "alice");
  o.s["a"]
      .send(connect_packet("device", {.properties = kKept, .user_name = "bob"}))
      .expect("20 06 00 00 03 22 ffff");
  come(o, "b", kSaysAlice, false).expect_refusal(0x85);
  come(o, "c", kBob, false).expect_refusal(0x85);
  come(o, "d", kAlice, false).expect("20 06 01 00 03 22 ffff");
  o.s["a"].expect_disconnect(0x8E);
}

TEST_CASE("whose session: the user name as identifier keeps those who only say it away") {
  Owners o;
  const ListenerId by_name = o.s.broker().add_listener({.user_name_as_id = true});
  o.s.listener = by_name;
  o.s["a"].connect({.user_name = "alice", .password = "secret"});
  o.s.listener = o.open;
  o.s["b"].hello({.clean = false, .client_id = "alice", .user_name = "alice"}).expect_refusal(0x85);
  o.s["a"].send("c0 00").expect("d0 00");
}

TEST_CASE("a session from the store waits for its client under no particular listener's rules") {
  MemoryStore store;
  Owners o(quiet(), &store);
  o.s.listener = o.open;
  o.s["a"].hello({.clean = true, .properties = kKept});
  o.s["a"].send(subscribe_packet(Version::kV5, 1, "t", 1));
  o.s.turn();
  o.s.durable(store.write_all());
  o.s["a"].skip_output();
  store.crash();
  o.s.restart();
  o.add_open();
  o.s.access.restrict_reading();
  o.s.access.asked_at.clear();
  o.s.listener = o.open;
  o.s["b"].connect();
  o.s["b"].publish("t", "x", {.qos = 1, .id = 1});
  o.s.turn();
  CHECK(o.s.access.asked_at == std::set<ListenerId>{kListenerUnknown});
  o.s.durable(store.write_all());
  o.s["b"].expect("40 02 0001");
  o.s["a"].hello({.clean = false, .properties = kKept});
  o.s.turn();
  o.s.durable(store.write_all());
  o.s["a"].expect("20 06 01 00 03 22 ffff").expect_publish("t", "x", {.qos = 1, .id = 1});
  CHECK(o.s.access.asked_at == std::set<ListenerId>{kListenerUnknown, o.open});
  o.s["a"].send("40 02 0001");
}

TEST_CASE("a will from the store that may not be published any more") {
  for (const bool allowed : {true, false}) {
    CAPTURE(allowed);
    MemoryStore store;
    BrokerScript s(quiet(), &store);
    s["a"].hello({.properties = kKept, .will = WillOf{"w", "x", 0, true, "18 00000064"}});
    s.turn();
    s.durable(store.write_all());
    s["a"].skip_output();
    store.crash();
    if (!allowed) s.access.unpublishable.insert("w");
    s.restart();
    s["b"].connect().subscribe("#");
    s.advance(101s);
    if (allowed) s["b"].expect_publish("w", "x");
    s["b"].expect_nothing();
    CHECK(s.broker().retained_messages() == (allowed ? 1 : 0));
  }
}
