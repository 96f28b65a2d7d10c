#include "session/publish_frame.h"

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "base/random.h"
#include "codec/encode.h"
#include "codec/limits.h"

using namespace mq;
using namespace std::chrono_literals;

namespace {

constexpr Time kNow{std::chrono::hours(1)};

std::string contents(const OutBatch& batch) {
  std::string text;
  for (const OutBatch::Piece& piece : batch.pieces()) text += to_string_view(piece.bytes);
  return text;
}

// One PUBLISH as a receiver gets it, described twice: as a Message with a head, and as the packet
// that the codec would encode.
struct Sample {
  Version version = Version::kV311;
  std::string topic = "a/b", payload = "payload";
  Qos qos = Qos::kAtMostOnce;
  bool dup = false, retain = false;
  uint16_t alias = 0;
  bool omit_topic = false;
  std::vector<uint32_t> subscription_ids;
  bool user_property = false;
  size_t user_value_size = 1;
  std::optional<uint32_t> expiry_s;  // counted down by `waited`
  Duration waited = 0s;

  void check() const {
    Buffer list;
    write_properties(list, expiry_s);
    const Ref<const Message> message =
        Message::make({.topic = topic,
                       .payload = to_bytes(payload),
                       .properties = Properties(list.bytes()),
                       .qos = qos,
                       .retain = retain,
                       .expires = expiry_s ? kNow + std::chrono::seconds(*expiry_s) : kNever});
    const PublishHead head{.first_byte = static_cast<uint8_t>(
                               0x30 | dup << 3 | static_cast<uint8_t>(qos) << 1 | retain),
                           .packet_id = 0x1234,
                           .topic_alias = alias,
                           .omit_topic = omit_topic,
                           .subscription_ids = subscription_ids};
    const std::string wanted = encoded();
    CHECK(publish_size(*message, head, version) == wanted.size());

    OutBatch batch;
    REQUIRE(append_publish(message, head, version, kNow + waited, batch));
    CHECK(batch.size() == wanted.size());
    CHECK(contents(batch) == wanted);
    // Three bytes of fixed header: two fewer than append_publish() allows for.
    CHECK(all_copied(batch) == (wanted.size() <= OutBatch::kCopyMax - 2));
    // Again, behind what the batch has already.
    REQUIRE(append_publish(message, head, version, kNow + waited, batch));
    CHECK(contents(batch) == wanted + wanted);
  }

 private:
  static bool all_copied(const OutBatch& batch) {
    for (const OutBatch::Piece& piece : batch.pieces()) {
      if (piece.owner) return false;
    }
    return true;
  }

  void write_properties(Buffer& to, std::optional<uint32_t> expiry) const {
    PropertyWriter writer(to);
    if (user_property) writer.add_user("k", std::string(user_value_size, 'v'));
    if (expiry) writer.add(PropertyId::kMessageExpiryInterval, *expiry);
    if (user_property) writer.add(PropertyId::kContentType, "t");
  }

  std::string encoded() const {
    Buffer list;
    if (alias != 0) PropertyWriter(list).add(PropertyId::kTopicAlias, alias);
    for (const uint32_t id : subscription_ids) {
      PropertyWriter(list).add(PropertyId::kSubscriptionIdentifier, id);
    }
    std::optional<uint32_t> left = expiry_s;
    if (left) {
      // Rounded up: a message has not expired while a part of a second is left.
      const auto gone = std::chrono::floor<std::chrono::seconds>(waited).count();
      left = gone >= *left ? 0 : *left - static_cast<uint32_t>(gone);
    }
    write_properties(list, left);
    Publish publish;
    publish.dup = dup;
    publish.qos = qos;
    publish.retain = retain;
    publish.topic = omit_topic ? std::string_view() : topic;
    publish.packet_id = 0x1234;
    publish.properties = Properties(list.bytes());
    publish.payload = to_bytes(payload);
    Buffer bytes;
    encode(publish, version, bytes);
    return std::string(to_string_view(bytes.bytes()));
  }
};

Sample random_sample(Random& random) {
  constexpr size_t kSizes[] = {0, 1, 100, 126, 127, 128, 4000, 4080, 4090, 4096, 5000, 20'000};
  Sample sample;
  sample.version = static_cast<Version>(3 + random.below(3));
  sample.qos = static_cast<Qos>(random.below(3));
  sample.dup = sample.qos != Qos::kAtMostOnce && random.chance(0.3);
  sample.retain = random.chance(0.3);
  sample.payload = std::string(kSizes[random.below(std::size(kSizes))], 'p');
  if (random.chance(0.1)) sample.topic = std::string(1 + random.below(65'535), 't');
  if (sample.version == Version::kV5) {
    if (random.chance(0.3)) {
      sample.alias = static_cast<uint16_t>(1 + random.below(65'535));
      sample.omit_topic = random.chance(0.5);
    }
    for (uint64_t n = random.below(4); n > 0; --n) {
      sample.subscription_ids.push_back(static_cast<uint32_t>(1 + random.below(kVarintMax)));
    }
  }
  sample.user_property = random.chance(0.4);
  sample.user_value_size = kSizes[random.below(std::size(kSizes))];
  if (random.chance(0.3)) {
    sample.expiry_s = static_cast<uint32_t>(random.below(100));
    sample.waited = std::chrono::milliseconds(random.below(1000) * 1000);
  }
  return sample;
}

}  // namespace

TEST_CASE("a Message becomes the bytes that the codec would encode") {
  SUBCASE("the plainest at every level") {
    for (const Version version : {Version::kV31, Version::kV311, Version::kV5}) {
      Sample sample;
      sample.version = version;
      sample.check();
    }
  }
  SUBCASE("random ones, small and large") {
    Random random(11);
    for (int i = 0; i < 3000; ++i) {
      CAPTURE(i);
      random_sample(random).check();
    }
  }
  SUBCASE("every size around the one from which parts are referenced") {
    for (size_t size = OutBatch::kCopyMax - 40; size < OutBatch::kCopyMax + 10; ++size) {
      for (const Version version : {Version::kV311, Version::kV5}) {
        Sample sample;
        sample.version = version;
        sample.qos = Qos::kAtLeastOnce;
        sample.payload = std::string(size, 'p');
        sample.user_property = true;
        sample.expiry_s = 10;
        sample.check();
      }
    }
  }
}

TEST_CASE("[MQTT-3.3.2-6] the Message Expiry Interval is what is left, in whole seconds") {
  for (const Duration waited : {Duration(0s), Duration(1ms), Duration(999ms), Duration(1s),
                                Duration(9s), Duration(9500ms), Duration(10s), Duration(99s)}) {
    Sample sample;
    sample.version = Version::kV5;
    sample.expiry_s = 10;
    sample.waited = waited;
    sample.user_property = true;
    sample.check();
    sample.payload = std::string(10'000, 'p');
    sample.check();
  }
}

TEST_CASE("without a moment of expiry the interval stays as it was given") {
  Buffer list;
  PropertyWriter(list).add(PropertyId::kMessageExpiryInterval, 77u);
  const Ref<const Message> message =
      Message::make({.topic = "a", .properties = Properties(list.bytes())});
  OutBatch batch;
  REQUIRE(append_publish(message, {}, Version::kV5, kNow + 1000s, batch));
  CHECK(contents(batch) == std::string("\x30\x09\0\1a\5\2\0\0\0\x4d", 11));
}

TEST_CASE("a batch that has no room stays as it is; an empty one takes every packet") {
  const Ref<const Message> small = Message::make({.topic = "a", .payload = to_bytes("x")});
  const std::string large_payload(100'000, 'x');
  const Ref<const Message> large =
      Message::make({.topic = "a", .payload = to_bytes(large_payload)});
  OutBatch batch;
  batch.append(to_bytes(std::string(OutBatch::kScratchSize - 8, '.')));
  CHECK_FALSE(append_publish(small, {}, Version::kV5, kNow, batch));
  CHECK_FALSE(append_publish(large, {}, Version::kV5, kNow, batch));
  CHECK(batch.size() == OutBatch::kScratchSize - 8);

  batch.clear();
  uint32_t fitted = 0;
  while (append_publish(large, {}, Version::kV5, kNow, batch)) ++fitted;
  CHECK(fitted > 5);
  CHECK(batch.pieces().size() <= OutBatch::kPiecesMax);

  batch.clear();
  // The longest topic there is, with every field that goes in between.
  const std::vector<uint32_t> ids(100, kVarintMax);
  const std::string topic(65'535, 't');
  const Ref<const Message> awkward = Message::make({.topic = topic});
  CHECK(append_publish(
      awkward, {.first_byte = 0x32, .packet_id = 1, .topic_alias = 1, .subscription_ids = ids},
      Version::kV5, kNow, batch));
}
