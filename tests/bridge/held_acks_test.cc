#include "session/held_acks.h"

#include <doctest/doctest.h>

#include <optional>
#include <vector>

using namespace mq;

namespace {

constexpr Qos kOne = Qos::kAtLeastOnce, kTwo = Qos::kExactlyOnce;

// The identifiers that can be acknowledged now, in order.
std::vector<int> taken(HeldAcks& acks) {
  std::vector<int> ids;
  while (const auto entry = acks.take()) ids.push_back(entry->packet_id);
  return ids;
}

bool comes_again(HeldAcks& acks, uint16_t id, Qos qos) {
  bool came_again = false;
  return acks.find_again(id, qos, came_again) != nullptr && came_again;
}

using Ids = std::vector<int>;

}  // namespace

TEST_CASE("held acknowledgements: in the order of arrival, whatever is done first") {
  HeldAcks acks;
  const uint32_t a = acks.add(1, kOne), b = acks.add(2, kTwo), c = acks.add(3, kOne);
  acks.done(c);
  CHECK(taken(acks) == Ids{});
  acks.done(a);
  CHECK(taken(acks) == Ids{1});
  acks.done(b);
  CHECK(taken(acks) == Ids{2, 3});
  CHECK(acks.size() == 0);
}

TEST_CASE("held acknowledgements: after a lost connection only what comes again") {
  HeldAcks acks;
  const uint32_t a = acks.add(1, kOne), b = acks.add(2, kOne);
  acks.connection_lost();
  CHECK(acks.unowed() == 2);
  acks.done(a);
  CHECK(taken(acks) == Ids{});
  CHECK(comes_again(acks, 1, kOne));
  CHECK(taken(acks) == Ids{1});
  CHECK(comes_again(acks, 2, kOne));
  CHECK_FALSE(comes_again(acks, 2, kOne));  // QoS 1, owed: another message
  CHECK(taken(acks) == Ids{});
  acks.done(b);
  CHECK(taken(acks) == Ids{2});
}

TEST_CASE("held acknowledgements: what does not come again is in nobody's way") {
  HeldAcks acks;
  const uint32_t a = acks.add(1, kOne), b = acks.add(2, kTwo);
  acks.connection_lost();
  acks.done(a);
  SUBCASE("a later one comes again") {
    CHECK(comes_again(acks, 2, kTwo));
  }
  SUBCASE("a new one comes") {
    CHECK(acks.add(2, kTwo) != b);
  }
  CHECK(taken(acks) == Ids{});
  CHECK(acks.size() <= 2);
  acks.done(b);
  acks.done(b + 1);
  CHECK(taken(acks) == Ids{2});
  CHECK(acks.size() == 0);
  CHECK(acks.unowed() == 0);
}

TEST_CASE("held acknowledgements: receipts of a session that was forgotten are none") {
  HeldAcks acks;
  const uint32_t a = acks.add(1, kOne);
  acks.clear();
  const uint32_t b = acks.add(1, kOne);
  acks.done(a);
  acks.done(HeldAcks::kReceiptMax + 1);
  CHECK(taken(acks) == Ids{});
  acks.done(b);
  CHECK(taken(acks) == Ids{1});
}

TEST_CASE("held acknowledgements: of two with one identifier the newer comes again") {
  HeldAcks acks;
  acks.add(7, kOne);
  acks.connection_lost();
  const uint32_t b = acks.add(7, kOne);  // the sender has given the first up
  acks.connection_lost();
  CHECK(comes_again(acks, 7, kOne));
  acks.done(b);
  CHECK(acks.size() == 2);
}
