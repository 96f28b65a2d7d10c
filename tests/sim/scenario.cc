#include "sim/scenario.h"

#include <algorithm>
#include <initializer_list>

#include <fmt/core.h>

#include "codec/topic.h"

namespace mq::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

template <class T>
T pick(Random& random, std::initializer_list<T> from) {
  return *(from.begin() + random.below(from.size()));
}

// Payloads of 3.x clients fit into the smallest packet that a broker here takes: they could not
// be told of the limit.
constexpr uint32_t kSmallPacket = 400;

}  // namespace

BrokerOptions random_broker(Random& random) {
  BrokerOptions options;
  options.sys_interval = random.chance(0.1) ? seconds(5) : seconds(0);
  options.connect_timeout = pick<Duration>(random, {seconds(1), seconds(10)});
  const auto sometimes = [&](auto& option, auto value) {
    if (random.chance(0.12)) option = value;
  };
  sometimes(options.connections_max, static_cast<uint32_t>(14 + random.below(4)));
  sometimes(options.retained_messages_max, static_cast<uint32_t>(1 + random.below(4)));
  sometimes(options.packet_max, static_cast<uint32_t>(kSmallPacket + random.below(200)));
  sometimes(options.queued_messages_max, static_cast<uint32_t>(1 + random.below(30)));
  sometimes(options.queued_bytes_max, 1 + random.below(3000));
  sometimes(options.subscriptions_max, static_cast<uint32_t>(1 + random.below(4)));
  sometimes(options.inflight_max, static_cast<uint32_t>(1 + random.below(5)));
  sometimes(options.receive_maximum, static_cast<uint16_t>(1 + random.below(5)));
  sometimes(options.topic_alias_maximum, static_cast<uint16_t>(random.below(4)));
  sometimes(options.qos_max, static_cast<Qos>(random.below(3)));
  sometimes(options.retain_available, false);
  sometimes(options.server_keep_alive_s, static_cast<uint16_t>(random.below(20)));
  sometimes(options.session_expiry_max_s, static_cast<uint32_t>(random.below(60)));
  return options;
}

Weather random_weather(Random& random) {
  Weather weather;
  weather.delay_max = milliseconds(small_below(random, 300));
  weather.split_max = pick<size_t>(random, {1, 5, 50, 1000, 1 << 16});
  weather.room = pick<size_t>(random, {1, 100, 2000, 1 << 16});
  weather.cut_chance = pick(random, {0.0, 0.2, 0.6, 0.9});
  weather.cut_bytes_max = pick<uint64_t>(random, {60, 500, 3000, 20000});
  weather.notice_max = milliseconds(small_below(random, 3000));
  weather.silent_chance = pick(random, {0.0, 0.05, 0.3});
  return weather;
}

Weather calm_weather() {
  Weather weather;
  weather.delay_max = milliseconds(1);
  return weather;
}

ClientOptions random_client(Random& random, size_t index, const BrokerOptions& broker,
                            Ledger& ledger) {
  ClientOptions options;
  options.version = pick(random, {Version::kV31, Version::kV311, Version::kV5, Version::kV5});
  const bool v5 = options.version == Version::kV5;
  options.client_id = fmt::format("c{}", index);
  options.clean_start = random.chance(v5 ? 0.5 : 0.3);
  if (random.chance(0.15) && (v5 || (options.version == Version::kV311 && options.clean_start))) {
    options.client_id.clear();
  }
  options.keep_alive_s = pick<uint16_t>(random, {0, 1, 3, 10, 60});
  options.inflight_max = pick<uint32_t>(random, {1, 2, 5, 20, 65535});
  if (random.chance(0.2)) options.user_name = "user";
  if (v5) {
    options.session_expiry_s =
        pick<std::optional<uint32_t>>(random, {std::nullopt, 0, 1, 5, 30, 3600, 3600,
                                               kSessionNeverExpires, kSessionNeverExpires});
    options.receive_maximum =
        pick<std::optional<uint16_t>>(random, {std::nullopt, std::nullopt, 1, 2, 5, 100});
    options.topic_alias_maximum =
        pick<std::optional<uint16_t>>(random, {std::nullopt, 0, 1, 2, 10});
    if (random.chance(0.2)) {
      options.maximum_packet_size = static_cast<uint32_t>(80 + small_below(random, 2000));
    }
    options.use_topic_aliases = random.chance(0.5);
  }
  if (random.chance(0.5)) {
    Publication will;
    will.peer = index;
    will.will = true;
    // A topic of its own: which of two wills that are due together goes first is not laid down.
    will.topic = fmt::format("w/{}", index);
    will.qos = std::min(static_cast<Qos>(random.below(3)), broker.qos_max);
    will.retain = broker.retain_available && broker.retained_messages_max > 100 &&
                  random.chance(0.3);
    if (v5 && random.chance(0.3)) {
      will.expiry_s = pick<uint32_t>(random, {1, 3600});
      will.properties.add(PropertyId::kMessageExpiryInterval, *will.expiry_s);
    }
    if (v5 && random.chance(0.3)) will.properties.add_user("will", options.client_id);
    const Publication& added = ledger.add(std::move(will), random.below(20), false);
    options.will = WillOptions{added.topic, added.payload, added.qos, added.retain,
                               added.properties};
    if (v5 && random.chance(0.6)) {
      options.will->properties.add(PropertyId::kWillDelayInterval,
                                   pick<uint32_t>(random, {0, 1, 3, 20}));
    }
  }
  return options;
}

std::string random_topic(Random& random) {
  return pick<const char*>(random, {"a", "a/b", "a/b/c", "a/c", "a//c", "b", "b/x", "/", "$d/a",
                                    "long/enough/to/make/a/topic/alias/worth/it"});
}

std::string random_filter(Random& random) {
  return pick<const char*>(
      random, {"#", "+", "a/#", "a/+", "a/b", "+/b", "a/+/c", "b/#", "b", "/", "+/+", "$d/#",
               "w/+", "w/#", "long/#", "$share/g/a/#", "$share/g/#", "$share/h/a/+",
               "$share/h/b", "$share/g/w/+"});
}

SubscribeOptions random_subscribe_options(Random& random, Version version, bool shared) {
  SubscribeOptions options;
  options.qos = static_cast<Qos>(random.below(3));
  if (version != Version::kV5) return options;
  options.no_local = !shared && random.chance(0.2);
  options.retain_as_published = random.chance(0.4);
  options.retain_handling = static_cast<RetainHandling>(random.below(3));
  return options;
}

Publication& random_publication(Random& random, size_t peer, Version version,
                                const BrokerOptions& broker, Ledger& ledger, Weight weight) {
  const bool v5 = version == Version::kV5;
  Publication publication;
  publication.peer = peer;
  publication.topic = random_topic(random);
  publication.qos = static_cast<Qos>(random.below(3));
  publication.retain = random.chance(0.2);
  bool empty = publication.retain ? random.chance(0.3) : random.chance(0.02);
  size_t filler = small_below(random, 60);
  if (random.chance(0.03)) filler = small_below(random, 100'000);
  if (weight == Weight::kEmpty) empty = true;
  if (weight == Weight::kLarge) {
    empty = false;
    filler = 200'000 + random.below(1'000'000);
  }
  if (!v5) {
    // A server has no way to refuse one of these to a 3.x client but to close the connection, and
    // the client would try again for ever.
    publication.qos = std::min(publication.qos, broker.qos_max);
    if (!broker.retain_available || broker.retained_messages_max < 100) publication.retain = false;
    if (broker.packet_max < kPacketMax) filler = std::min<size_t>(filler, 100);
    return ledger.add(std::move(publication), filler, empty);
  }
  if (empty) return ledger.add(std::move(publication), 0, true);
  PropertyList& properties = publication.properties;
  if (random.chance(0.2)) {
    publication.expiry_s = pick<uint32_t>(random, {1, 2, 5, 3600});
    properties.add(PropertyId::kMessageExpiryInterval, *publication.expiry_s);
  }
  if (random.chance(0.1)) properties.add(PropertyId::kPayloadFormatIndicator, uint32_t{0});
  if (random.chance(0.1)) properties.add(PropertyId::kContentType, "text/plain");
  if (random.chance(0.1)) properties.add(PropertyId::kResponseTopic, "a/b");
  if (random.chance(0.1)) properties.add(PropertyId::kCorrelationData, "\x01\x02\x03");
  for (uint64_t i = random.chance(0.2) ? small_below(random, 4) : 0; i > 0; --i) {
    properties.add_user(fmt::format("name{}", random.below(2)), fmt::format("value{}", i));
  }
  return ledger.add(std::move(publication), filler, false);
}

}  // namespace mq::sim
