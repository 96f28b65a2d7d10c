#include "codec/packet.h"

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "codec/limits.h"

using namespace mq;

TEST_CASE("packet types have the names of the standard") {
  CHECK(name(PacketType::kConnect) == "CONNECT");
  CHECK(name(PacketType::kPubcomp) == "PUBCOMP");
  CHECK(name(PacketType::kAuth) == "AUTH");
  CHECK(name(static_cast<PacketType>(0)) == "RESERVED");
}

TEST_CASE("a frame's first byte is its type and its flags") {
  const Frame frame{0x3D, 2, {}};
  CHECK(frame.type() == PacketType::kPublish);
  CHECK(frame.flags() == 0x0D);
  CHECK(frame.size() == 2);
}

TEST_CASE("subscription options keep their bits") {
  for (int byte = 0; byte < 0x40; ++byte) {
    CHECK(SubscribeOptions::decoded(static_cast<uint8_t>(byte)).encoded() == byte);
  }
  const SubscribeOptions options{Qos::kExactlyOnce, true, false, RetainHandling::kDoNotSend};
  CHECK(options.encoded() == 0x26);
}

TEST_CASE("a filter list gives back what was added, in order") {
  Buffer buffer;
  FilterListWriter writer(buffer, true);
  const SubscribeOptions options{Qos::kAtLeastOnce, false, true, RetainHandling::kSendIfNew};
  writer.add("a/#", options).add("").add(std::string(kTopicMax, 'x'));
  const FilterList list = writer.list();
  CHECK(list.count() == 3);
  std::vector<Subscription> seen;
  for (const Subscription& subscription : list) seen.push_back(subscription);
  CHECK(seen[0].filter == "a/#");
  CHECK(seen[0].options == options);
  CHECK(seen[1].filter.empty());
  CHECK(seen[1].options == SubscribeOptions{});
  CHECK(seen[2].filter.size() == kTopicMax);
}

TEST_CASE("a filter list of UNSUBSCRIBE has no options") {
  Buffer buffer;
  const FilterList list = FilterListWriter(buffer, false).add("a").add("b").list();
  CHECK(list.encoded().size() == 6);
  CHECK(list.count() == 2);
  std::string filters;
  for (const Subscription& subscription : list) filters += subscription.filter;
  CHECK(filters == "ab");
}

TEST_CASE("an empty filter list has no filters") {
  CHECK(FilterList().count() == 0);
}
