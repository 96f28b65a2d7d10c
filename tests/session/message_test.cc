#include "session/message.h"

#include <doctest/doctest.h>

#include "base/buffer.h"

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
