#include "mqbench/sequence_track.h"

#include <algorithm>
#include <set>
#include <vector>

#include <doctest/doctest.h>

#include "base/random.h"

using namespace mq;
using Kind = SequenceTrack::Kind;

static_assert(sizeof(SequenceTrack) == 24);

TEST_CASE("sequence: in order") {
  SequenceTrack track;
  for (uint64_t i = 0; i < 1000; ++i) CHECK(track.arrived(i).kind == Kind::kNew);
  CHECK(track.received() == 1000);
  CHECK(track.next() == 1000);
}

TEST_CASE("sequence: gaps, late ones and duplicates") {
  SequenceTrack track;
  CHECK(track.arrived(0).kind == Kind::kNew);
  CHECK(track.arrived(3).kind == Kind::kNew);  // 1 and 2 are missing
  CHECK(track.arrived(3).kind == Kind::kDuplicate);
  const auto late = track.arrived(1);
  CHECK(late.kind == Kind::kLate);
  CHECK(late.behind == 2);
  CHECK(track.arrived(1).kind == Kind::kDuplicate);
  CHECK(track.arrived(0).kind == Kind::kDuplicate);
  CHECK(track.arrived(4).kind == Kind::kNew);
  CHECK(track.received() == 4);  // of 5: one is lost
  CHECK(track.next() == 5);
}

TEST_CASE("sequence: the first message may be lost") {
  SequenceTrack track;
  CHECK(track.arrived(2).kind == Kind::kNew);
  CHECK(track.arrived(0).kind == Kind::kLate);
  CHECK(track.received() == 2);
}

TEST_CASE("sequence: a whole window sent again is duplicates, however old") {
  SequenceTrack track;
  for (uint64_t i = 0; i < 1000; ++i) track.arrived(i);
  for (uint64_t i = 0; i < 1000; ++i) CHECK(track.arrived(i).kind == Kind::kDuplicate);
  CHECK(track.received() == 1000);
}

TEST_CASE("sequence: far steps and the edges of the window") {
  SequenceTrack track;
  track.arrived(0);
  track.arrived(63);
  CHECK(track.arrived(0).kind == Kind::kDuplicate);  // the last place in the window
  track.arrived(64);
  CHECK(track.arrived(1).kind == Kind::kLate);
  track.arrived(10'000);
  CHECK(track.arrived(9'937).kind == Kind::kLate);
  CHECK(track.arrived(9'937).kind == Kind::kDuplicate);
  CHECK(track.received() == 6);
  // Beyond the window while something is missing there: taken for the missing one.
  CHECK(track.arrived(500).kind == Kind::kLate);
  CHECK(track.received() == 7);
}

TEST_CASE("sequence: every loss, duplicate and overtaking of a bad network is counted") {
  Random random(42);
  for (int round = 0; round < 200; ++round) {
    CAPTURE(round);
    // Drop some, repeat some, and swap within 20 places.
    struct Copy { uint64_t at, sequence; };
    std::vector<Copy> network;
    const uint64_t sent = 500;
    uint64_t lost = 0, copies = 0;
    for (uint64_t i = 0; i < sent; ++i) {
      if (random.chance(0.05)) {
        ++lost;
        continue;
      }
      network.push_back({10 * i + random.below(200), i});
      if (random.chance(0.05)) {
        network.push_back({10 * i + random.below(200), i});
        ++copies;
      }
    }
    std::stable_sort(network.begin(), network.end(),
                     [](const Copy& a, const Copy& b) { return a.at < b.at; });
    SequenceTrack track;
    std::set<uint64_t> seen;
    uint64_t newest = 0, duplicates = 0;
    for (const Copy& copy : network) {
      const auto arrival = track.arrived(copy.sequence);
      const bool is_new = seen.insert(copy.sequence).second;
      CHECK((arrival.kind == Kind::kDuplicate) == !is_new);
      if (is_new && seen.size() > 1) {
        CHECK((arrival.kind == Kind::kLate) == (copy.sequence < newest));
      }
      if (arrival.kind == Kind::kDuplicate) ++duplicates;
      newest = std::max(newest, copy.sequence);
    }
    CHECK(sent - track.received() == lost);
    CHECK(duplicates == copies);
  }
}
