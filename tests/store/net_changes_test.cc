// What is left of changes that undo each other.
#include <doctest/doctest.h>

#include "store/net_changes.h"
#include "support/store_script.h"

using namespace mq;
using namespace mq::test;

namespace {

std::vector<ChangeKind> kinds_left(Batch& batch) {
  const Buffer bytes = batch.take_all();
  const auto net = net_changes(bytes.bytes());
  REQUIRE(net);
  std::vector<ChangeKind> kinds;
  for (const auto& kept : net->changes) kinds.push_back(kept.change.kind);
  // What is left is itself a run of changes, with nothing more to take out.
  Buffer again;
  net->encode(again);
  const auto same = net_changes(again.bytes());
  REQUIRE(same);
  CHECK(same->changes.size() == net->changes.size());
  return kinds;
}

using Kinds = std::vector<ChangeKind>;
using enum ChangeKind;

}  // namespace

TEST_CASE("a message that was acknowledged in the same run leaves nothing, its payload neither") {
  Batch batch;
  batch.put_queued({"c", 5, message("t", "m"), WallTime::max(), 0, 0x34, 0});
  batch.release_queued("c", 5);
  batch.drop_queued("c", 5);
  const Buffer bytes = batch.take_all();
  const auto net = net_changes(bytes.bytes());
  REQUIRE(net);
  Buffer left;
  net->encode(left);
  CHECK(left.empty());
}

TEST_CASE("what began before the run is still told") {
  Batch batch;
  batch.release_queued("c", 5);
  batch.drop_queued("c", 5);
  batch.drop_inbound("c", 9);
  batch.put_inbound("c", 9);
  CHECK(kinds_left(batch) == Kinds{kDropQueued, kDropInbound, kPutInbound});
}

TEST_CASE("only the last sent mark and the last retained message of a topic are kept") {
  Batch batch;
  batch.put_sent("c", 1);
  batch.put_sent("d", 1);
  batch.put_retained(message("t", "1"), WallTime::max());
  batch.put_retained(message("t", "2"), WallTime::max());
  batch.put_sent("c", 2);
  CHECK(kinds_left(batch) == Kinds{kPutSent, kPutRetained, kPutSent});
  batch.put_retained(message("t", "1"), WallTime::max());
  batch.drop_retained("t");
  CHECK(kinds_left(batch) == Kinds{kDropRetained});
}

TEST_CASE("a message is written once for all sessions, and counts those that still need it") {
  Batch batch;
  const auto shared = message("t", std::string(1000, 'x'));
  for (const char* id : {"a", "b", "c"}) {
    batch.put_queued({id, 0, shared, WallTime::max(), 0, 0x32, 0});
  }
  batch.drop_queued("b", 0);
  const Buffer bytes = batch.take_all();
  CHECK(bytes.size() < 1200);
  const auto net = net_changes(bytes.bytes());
  REQUIRE(net);
  REQUIRE(net->messages.size() == 1);
  CHECK(net->messages[0].queued == 2);
}

TEST_CASE("bytes that are cut off or changed are refused or read, never read beyond") {
  Batch batch;
  RandomChanges changes(3);
  for (int i = 0; i < 200; ++i) changes.next({&batch});
  const Buffer whole = batch.take_all();
  Random random(1);
  size_t refused = 0;
  for (int i = 0; i < 2000; ++i) {
    std::vector<uint8_t> bytes(whole.bytes().begin(), whole.bytes().end());
    bytes.resize(random.below(bytes.size()));
    if (!bytes.empty() && random.chance(0.5)) {
      bytes[random.below(bytes.size())] = static_cast<uint8_t>(random.next());
    }
    if (!net_changes(bytes)) ++refused;
  }
  CHECK(refused > 1000);
}

TEST_CASE("a session that ends and begins anew counts from the start") {
  Batch batch;
  const auto put = [&](uint64_t number) {
    batch.put_queued({"c", number, message("t", "m"), WallTime::max(), 0, 0x32, 0});
  };
  put(7);
  put(8);
  batch.drop_queued("c", 8);
  batch.drop_session("c");
  put(0);
  put(1);
  batch.drop_queued("c", 0);
  batch.drop_queued("d", 1);
  CHECK(kinds_left(batch) == Kinds{kPutQueued, kDropSession, kPutQueued, kDropQueued});
}

TEST_CASE("messages are dropped in any order, some from before the run") {
  Batch batch;
  for (uint64_t number = 10; number < 20; ++number) {
    batch.put_queued({"c", number, message("t", "m"), WallTime::max(), 0, 0x32, 0});
  }
  for (const uint64_t number : {9u, 19u, 10u, 14u, 14u, 20u}) batch.drop_queued("c", number);
  // The second 14 and 20 are not there; 9 was before.
  Kinds left(7, kPutQueued);
  left.insert(left.end(), 3, kDropQueued);
  CHECK(kinds_left(batch) == left);
}
