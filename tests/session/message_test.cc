#include "session/message.h"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

#include "base/buffer.h"
#include "base/random.h"

using namespace mq;

TEST_CASE("a message holds copies of everything it was made of") {
  const size_t before = Message::alive();
  const uint64_t bytes_before = Message::alive_bytes();
  {
    Buffer list;
    PropertyWriter(list).add(PropertyId::kContentType, "t").add_user("k", "v");
    std::string topic = "a/b", payload = "pay";
    const Ref<const Message> message = Message::make({.topic = topic,
                                                      .payload = to_bytes(payload),
                                                      .properties = Properties(list.bytes()),
                                                      .qos = Qos::kExactlyOnce,
                                                      .retain = true});
    topic = payload = "xxx";
    const std::string properties(to_string_view(list.bytes()));
    list.clear();
    CHECK(message->topic() == "a/b");
    CHECK(to_string_view(message->payload()) == "pay");
    CHECK(to_string_view(message->properties().encoded()) == properties);
    CHECK(message->qos() == Qos::kExactlyOnce);
    CHECK(message->retain_flag());
    CHECK_FALSE(message->expired(kNever));
    CHECK(Message::alive() == before + 1);
    CHECK(Message::alive_bytes() == bytes_before + message->memory());
  }
  CHECK(Message::alive() == before);
  CHECK(Message::alive_bytes() == bytes_before);
}

TEST_CASE("Topic Alias and Subscription Identifiers of the sender's hop are left out") {
  Buffer list, kept;
  PropertyWriter(list)
      .add(PropertyId::kTopicAlias, 3u)
      .add_user("k", "v")
      .add(PropertyId::kSubscriptionIdentifier, 200u)
      .add(PropertyId::kResponseTopic, "r");
  PropertyWriter(kept).add_user("k", "v").add(PropertyId::kResponseTopic, "r");
  const Ref<const Message> message =
      Message::make({.topic = "a", .properties = Properties(list.bytes())});
  CHECK(equal(message->properties().encoded(), kept.bytes()));
}

TEST_CASE("references are counted") {
  const size_t before = Message::alive();
  Ref<const Message> first = Message::make({.topic = "a"});
  Ref<const Message> second = first;
  first = nullptr;
  CHECK(Message::alive() == before + 1);
  CHECK(second->topic() == "a");
  second = nullptr;
  CHECK(Message::alive() == before);
}

TEST_CASE("messages come and go in any order and size, and none shares its memory with another") {
  Random random(5);
  struct Kept {
    Ref<const Message> message;
    std::string payload;
  };
  std::vector<Kept> kept;
  for (int i = 0; i < 20'000; ++i) {
    if (kept.size() < 3000 && random.below(5) < 3) {
      std::string payload(random.below(700), static_cast<char>('a' + random.below(26)));
      auto message = Message::make({.topic = "t", .payload = to_bytes(payload)});
      kept.push_back({std::move(message), std::move(payload)});
    } else if (!kept.empty()) {
      std::swap(kept[random.below(kept.size())], kept.back());
      CHECK(to_string_view(kept.back().message->payload()) == kept.back().payload);
      kept.pop_back();
    }
  }
  for (const Kept& one : kept) CHECK(to_string_view(one.message->payload()) == one.payload);
  kept.clear();
  CHECK(Message::alive() == 0);
  CHECK(Message::alive_bytes() == 0);
}
