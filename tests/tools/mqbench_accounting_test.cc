#include "mqbench/accounting.h"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include <doctest/doctest.h>

using namespace mq;

namespace {

LoadPlan plan(Pattern pattern, uint32_t publishers, uint32_t subscribers) {
  return *LoadPlan::make({.pattern = pattern,
                          .publishers = publishers,
                          .subscribers = subscribers,
                          .topic = "t/{i}",
                          .share = "g"},
                         {.run = "r"});
}

ReadStamp read(uint32_t stream, uint64_t sequence, bool compact = false) {
  Stamp stamp;
  stamp.stream = stream;
  stamp.sequence = sequence;
  return {stamp, compact};
}

PublisherOutcome sent(uint64_t count, Qos qos) {
  return {.planned = count, .sent = count, .acked = qos == Qos::kAtMostOnce ? 0 : count};
}

}  // namespace

TEST_CASE("accounting: a perfect run") {
  const LoadPlan p = plan(Pattern::kFanIn, 2, 3);
  std::vector<Deliveries> subscribers;
  for (uint32_t s = 0; s < 3; ++s) {
    Deliveries& d = subscribers.emplace_back(p, s);
    d.granted = Qos::kExactlyOnce;
    for (uint64_t i = 0; i < 100; ++i) {
      CHECK(d.arrived(read(0, i), false));
      CHECK(d.arrived(read(1, i), false));
    }
  }
  const Qos qos = Qos::kExactlyOnce;
  const Accounting a = account(p, qos, {sent(100, qos), sent(100, qos)}, subscribers);
  CHECK(a.planned == 200);
  CHECK(a.not_sent() == 0);
  CHECK(a.expected == 600);
  CHECK(a.received == 600);
  CHECK(a.lost.all() == 0);
  CHECK(a.duplicates() == 0);
  CHECK(a.reordered == 0);
  CHECK(a.violations.empty());
}

TEST_CASE("accounting: a sink that drops, repeats and swaps is counted to the message") {
  // Of 10 000 messages every 7th is dropped, every 11th comes twice, every 13th changes places
  // with the one after it.
  struct Case {
    Qos qos;
    std::vector<std::string> violations;
  };
  for (const Case& c :
       {Case{Qos::kAtMostOnce, {"780 duplicates at QoS 0", "overtaken"}},
        Case{Qos::kAtLeastOnce, {"1 428 deliveries", "overtaken"}},
        Case{Qos::kExactlyOnce, {"1 428 deliveries", "780 duplicates at QoS 2", "overtaken"}}}) {
    CAPTURE(static_cast<int>(c.qos));
    constexpr uint64_t kSent = 10'000;
    std::vector<uint64_t> wire;
    uint64_t dropped = 0, repeated = 0;
    for (uint64_t i = 0; i < kSent; ++i) {
      if (i % 7 == 6) {
        ++dropped;
        continue;
      }
      wire.push_back(i);
      if (i % 11 == 10) {
        wire.push_back(i);
        ++repeated;
      }
    }
    for (size_t i = 12; i + 1 < wire.size(); i += 13) std::swap(wire[i], wire[i + 1]);
    // Late is what comes for the first time after something newer.
    uint64_t late = 0, newest = 0;
    std::set<uint64_t> seen;
    for (const uint64_t sequence : wire) {
      if (seen.insert(sequence).second && sequence < newest) ++late;
      newest = std::max(newest, sequence);
    }
    REQUIRE(late > 500);
    const LoadPlan p = plan(Pattern::kP2p, 1, 1);
    std::vector<Deliveries> subscribers{Deliveries(p, 0)};
    subscribers[0].granted = c.qos;
    for (const uint64_t sequence : wire) subscribers[0].arrived(read(0, sequence), true);
    const Accounting a = account(p, c.qos, {sent(kSent, c.qos)}, subscribers);
    CHECK(a.expected == kSent);
    CHECK(a.received == kSent - dropped);
    CHECK(a.lost.all() == dropped);
    CHECK((c.qos == Qos::kAtMostOnce ? a.lost.qos0 : a.lost.acked) == dropped);
    CHECK(a.duplicates_flagged == repeated);
    CHECK(a.duplicates_unflagged == 0);
    CHECK(a.reordered == late);
    CHECK(a.reordered_by_max <= 2);
    REQUIRE(a.violations.size() == c.violations.size());
    for (size_t i = 0; i < c.violations.size(); ++i) {
      CAPTURE(a.violations[i]);
      CHECK(a.violations[i].find(c.violations[i]) != std::string::npos);
    }
  }
}

TEST_CASE("accounting: the lower of the two QoS decides what may be lost") {
  const LoadPlan p = plan(Pattern::kP2p, 1, 1);
  std::vector<Deliveries> subscribers{Deliveries(p, 0)};
  subscribers[0].granted = Qos::kAtMostOnce;
  const Accounting a = account(p, Qos::kExactlyOnce, {sent(5, Qos::kExactlyOnce)}, subscribers);
  CHECK(a.lost.qos0 == 5);
  CHECK(a.violations.empty());
}

TEST_CASE("accounting: loss of what was never acknowledged, refused or cut off is told apart") {
  const LoadPlan p = plan(Pattern::kP2p, 3, 3);
  std::vector<Deliveries> subscribers;
  for (uint32_t s = 0; s < 3; ++s) {
    subscribers.emplace_back(p, s).granted = Qos::kAtLeastOnce;
    for (uint64_t i = 0; i < 80; ++i) subscribers[s].arrived(read(s, i), false);
  }
  // 20 are missing everywhere. Number 0: 15 of them never acknowledged, 5 acknowledged. Number 1:
  // 20 refused. Number 2: the subscriber's connection was lost.
  subscribers[2].disconnects = 1;
  const std::vector<PublisherOutcome> publishers = {
      {.planned = 110, .sent = 100, .acked = 85},
      {.planned = 100, .sent = 100, .acked = 80, .refused = 20},
      {.planned = 100, .sent = 100, .acked = 100}};
  const Accounting a = account(p, Qos::kAtLeastOnce, publishers, subscribers);
  CHECK(a.not_sent() == 10);
  CHECK(a.refused == 20);
  CHECK(a.expected == 280);
  CHECK(a.received == 240);
  CHECK(a.unanswered == 15);
  CHECK(a.lost.unacked == 15);
  CHECK(a.lost.acked == 5);
  CHECK(a.lost.reconnect == 20);
  CHECK(a.disconnects == 1);
  REQUIRE(a.violations.size() == 1);
  CHECK(a.violations[0] == "5 deliveries of acknowledged messages lost");
}

TEST_CASE("accounting: a reconnect excuses duplicates and order, not more") {
  const LoadPlan p = plan(Pattern::kP2p, 1, 1);
  for (const uint32_t disconnects : {0, 1}) {
    std::vector<Deliveries> subscribers{Deliveries(p, 0)};
    subscribers[0].granted = Qos::kExactlyOnce;
    for (const uint64_t i : {0, 1, 3, 2, 3}) subscribers[0].arrived(read(0, i), i == 3);
    PublisherOutcome publisher = sent(4, Qos::kExactlyOnce);
    publisher.disconnects = disconnects;
    const Accounting a = account(p, Qos::kExactlyOnce, {publisher}, subscribers);
    CHECK(a.received == 4);
    CHECK(a.duplicates_flagged == 1);
    CHECK(a.reordered == 1);
    CHECK(a.violations.size() == (disconnects == 0 ? 2 : 0));
  }
}

TEST_CASE("deliveries: what is not for this subscriber is foreign") {
  const LoadPlan p = plan(Pattern::kP2p, 4, 2);
  Deliveries d(p, 1);
  CHECK(d.arrived(read(3, 0), false));
  CHECK_FALSE(d.arrived(read(0, 0), false));
  CHECK_FALSE(d.arrived(read(4, 0), false));
  CHECK_FALSE(d.arrived(read(UINT32_MAX, 0), false));
  d.foreign();
  CHECK(d.foreign_count() == 4);
}

TEST_CASE("deliveries: compact sequences go round") {
  const LoadPlan p = plan(Pattern::kP2p, 1, 1);
  Deliveries d(p, 0);
  // A long way in steps that 32 bits can tell apart.
  const uint64_t step = uint64_t{1} << 30;
  for (uint64_t i = 0; i < 10; ++i) {
    CHECK(d.arrived(read(0, (i * step) & UINT32_MAX, true), false));
  }
  CHECK(d.tracks()[0].next() == 9 * step + 1);
  CHECK_FALSE(d.arrived(read(0, (9 * step) & UINT32_MAX, true), false));
  CHECK(d.duplicates_unflagged() == 1);
}

TEST_CASE("accounting: several topics of one publisher") {
  const LoadPlan p = *LoadPlan::make({.pattern = Pattern::kGiven,
                                      .subscribers = 2,
                                      .topic = "t/{n}",
                                      .topics = 3,
                                      .filter = "t/{i}"},
                                     {.run = "r"});
  std::vector<Deliveries> subscribers;
  for (uint32_t s = 0; s < 2; ++s) subscribers.emplace_back(p, s).granted = Qos::kAtLeastOnce;
  for (uint64_t i = 0; i < 10; ++i) CHECK(subscribers[0].arrived(read(0, i), false));
  for (uint64_t i = 0; i < 7; ++i) CHECK(subscribers[1].arrived(read(1, i), false));
  CHECK_FALSE(subscribers[1].arrived(read(2, 0), false));  // t/2 is nobody's
  const PublisherOutcome publisher{
      .planned = 30, .sent = 30, .acked = 29, .sent_by_stream = {10, 10, 10}};
  const Accounting a = account(p, Qos::kAtLeastOnce, {publisher}, subscribers);
  CHECK(a.sent == 30);
  CHECK(a.expected == 20);
  CHECK(a.received == 17);
  CHECK(a.lost.unacked == 1);
  CHECK(a.lost.acked == 2);
  CHECK(a.foreign == 1);
}

TEST_CASE("accounting: the members of a share receive each message once, together") {
  const LoadPlan p = plan(Pattern::kShared, 2, 3);
  for (const bool again : {false, true}) {
    ShareTracks shares(p);
    std::vector<Deliveries> members;
    for (uint32_t s = 0; s < 3; ++s) {
      members.emplace_back(p, s, &shares).granted = Qos::kAtLeastOnce;
    }
    for (uint64_t i = 0; i < 1000; ++i) {
      if (i == 500) continue;  // lost
      CHECK(members[i % 3].arrived(read(0, i, i % 2 == 0), false));
      CHECK(members[i % 2].arrived(read(1, i), false));
    }
    if (again) CHECK_FALSE(members[2].arrived(read(1, 17), false));
    const std::vector<PublisherOutcome> publishers(2, sent(1000, Qos::kAtLeastOnce));
    const Accounting a = account(p, Qos::kAtLeastOnce, publishers, members, &shares);
    CHECK(a.expected == 2000);
    CHECK(a.received == 1998);
    CHECK(a.lost.acked == 2);
    CHECK(a.duplicates() == (again ? 1 : 0));
    CHECK(a.reordered == 0);
    REQUIRE(a.violations.size() == (again ? 2 : 1));
    if (again) CHECK(a.violations[1] == "1 messages of a shared subscription delivered again");
    // With a connection lost the broker had to give its messages to another member.
    members[0].disconnects = 1;
    CHECK(account(p, Qos::kAtLeastOnce, publishers, members, &shares).violations.empty());
  }
}

TEST_CASE("accounting: a connection that publishes and subscribes is lost once") {
  const LoadPlan p = plan(Pattern::kMesh, 1, 1);
  std::vector<Deliveries> subscribers{Deliveries(p, 0)};
  subscribers[0].disconnects = 2;
  CHECK(account(p, Qos::kAtMostOnce, {{.disconnects = 2}}, subscribers).disconnects == 2);
}

TEST_CASE("accounting: counted only, several topics of one publisher") {
  const LoadPlan p = *LoadPlan::make({.pattern = Pattern::kGiven,
                                      .subscribers = 2,
                                      .topic = "t/{n}",
                                      .topics = 3,
                                      .filter = "t/{i}"},
                                     {.run = "r"});
  std::vector<Deliveries> subscribers;
  for (uint32_t s = 0; s < 2; ++s) {
    subscribers.emplace_back(p, s, nullptr, false).granted = Qos::kAtLeastOnce;
  }
  for (uint64_t i = 0; i < 10; ++i) CHECK(subscribers[0].arrived(read(0, i), false));
  for (uint64_t i = 0; i < 7; ++i) subscribers[1].unstamped();
  const PublisherOutcome publisher{
      .planned = 30, .sent = 30, .acked = 29, .sent_by_stream = {10, 10, 10}};
  const Accounting a =
      account(p, Qos::kAtLeastOnce, {publisher}, subscribers, nullptr, Verify::kCount);
  CHECK(a.expected == 20);
  CHECK(a.received == 17);
  CHECK(a.lost.all() == 3);
  CHECK(a.violations.empty());
  const Accounting off =
      account(p, Qos::kAtLeastOnce, {publisher}, subscribers, nullptr, Verify::kOff);
  CHECK(off.expected == 17);
  CHECK(off.lost.all() == 0);
}

TEST_CASE("accounting: counted only, members of a share") {
  const LoadPlan p = plan(Pattern::kShared, 2, 3);
  const std::vector<PublisherOutcome> publishers(2, sent(1000, Qos::kAtLeastOnce));
  for (const bool stamped : {false, true}) {
    ShareTracks shares(p);
    std::vector<Deliveries> members;
    for (uint32_t s = 0; s < 3; ++s) {
      members.emplace_back(p, s, &shares, false).granted = Qos::kAtLeastOnce;
    }
    for (uint64_t i = 0; i < 1000; ++i) {
      for (const uint32_t publisher : {0, 1}) {
        if (i == 500) continue;  // lost
        if (stamped) {
          CHECK(members[i % 3].arrived(read(publisher, i), false));
        } else {
          members[i % 3].unstamped();
        }
      }
    }
    const Accounting a =
        account(p, Qos::kAtLeastOnce, publishers, members, &shares, Verify::kCount);
    CHECK(a.expected == 2000);
    CHECK(a.received == 1998);
    CHECK(a.lost.all() == 2);
    CHECK(a.violations.empty());
  }
}
