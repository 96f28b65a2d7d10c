#include "support/random_packet.h"

#include <algorithm>
#include <array>

#include "codec/limits.h"

namespace mq::test {
namespace {

constexpr int kPropertyIdMax = static_cast<int>(PropertyId::kSharedSubscriptionAvailable);

// Whether check_properties() would miss a value the packet needs, or `from` must not send it.
bool is_possible(PropertyId id, PropertiesIn where, Side from) {
  if (!is_allowed(id, where)) return false;
  if (where == PropertiesIn::kPublish && id == PropertyId::kSubscriptionIdentifier) {
    return from == Side::kServer;
  }
  if (where == PropertiesIn::kDisconnect && id == PropertyId::kSessionExpiryInterval) {
    return from == Side::kClient;
  }
  return true;
}

bool may_repeat(PropertyId id, PropertiesIn where) {
  return id == PropertyId::kUserProperty ||
         (id == PropertyId::kSubscriptionIdentifier && where == PropertiesIn::kPublish);
}

}  // namespace

Packet RandomPackets::next(Version version, Side from) {
  texts_.clear();
  lists_.clear();
  const bool v5 = version == Version::kV5;
  // Half of all packets are PUBLISH and its acknowledgements, as on the wire.
  switch (random_.below(12)) {
    case 0:
    case 1:
    case 2: return publish(version, from);
    case 3:
    case 4:
    case 5: return ack(version);
    case 6:
      if (from == Side::kClient) return connect(version);
      return connack(version);
    case 7:
      if (from == Side::kClient) return subscribe(version);
      return suback(version);
    case 8:
      if (from == Side::kClient) return unsubscribe(version);
      return unsuback(version);
    case 9:
      if (from == Side::kClient || v5) return disconnect(version, from);
      break;
    case 10:
      if (v5) return auth();
      break;
  }
  if (from == Side::kClient) return Pingreq{};
  return Pingresp{};
}

Connect RandomPackets::connect(Version version) {
  Connect packet;
  packet.version = version;
  packet.bridge = version != Version::kV5 && random_.chance(0.1);
  packet.clean_start = flip();
  packet.keep_alive_s = static_cast<uint16_t>(random_.below(65536));
  packet.client_id = text();
  if (flip()) {
    packet.will = Will{topic(), bytes(), qos(), flip(),
                       properties(version, PropertiesIn::kWill, Side::kClient)};
  }
  if (flip()) packet.user_name = text();
  if ((packet.user_name || version == Version::kV5) && flip()) packet.password = bytes();
  packet.properties = properties(version, PropertiesIn::kConnect, Side::kClient);
  return packet;
}

Connack RandomPackets::connack(Version version) {
  Connack packet;
  packet.reason = version == Version::kV5 ? reason(ReasonIn::kConnack)
                                          : from_v3_connack(static_cast<uint8_t>(random_.below(6)));
  packet.session_present =
      version != Version::kV31 && packet.reason == ReasonCode::kSuccess && flip();
  packet.properties = properties(version, PropertiesIn::kConnack, Side::kServer);
  return packet;
}

Publish RandomPackets::publish(Version version, Side from) {
  Publish packet;
  packet.qos = qos();
  packet.retain = flip();
  if (packet.qos != Qos::kAtMostOnce) {
    packet.dup = flip();
    packet.packet_id = packet_id();
  }
  packet.properties = properties(version, PropertiesIn::kPublish, from);
  packet.topic_alias =
      static_cast<uint16_t>(packet.properties.number(PropertyId::kTopicAlias).value_or(0));
  packet.expiry_s = packet.properties.number(PropertyId::kMessageExpiryInterval);
  packet.has_subscription_id = packet.properties.has(PropertyId::kSubscriptionIdentifier);
  if (packet.topic_alias == 0 || flip()) packet.topic = topic();
  packet.payload = bytes();
  return packet;
}

Ack RandomPackets::ack(Version version) {
  static constexpr struct {
    PacketType type;
    ReasonIn reason;
    PropertiesIn properties;
  } kKinds[] = {{PacketType::kPuback, ReasonIn::kPuback, PropertiesIn::kPuback},
                {PacketType::kPubrec, ReasonIn::kPubrec, PropertiesIn::kPubrec},
                {PacketType::kPubrel, ReasonIn::kPubrel, PropertiesIn::kPubrel},
                {PacketType::kPubcomp, ReasonIn::kPubcomp, PropertiesIn::kPubcomp}};
  const auto& kind = kKinds[random_.below(4)];
  Ack packet;
  packet.type = kind.type;
  packet.packet_id = packet_id();
  if (version == Version::kV5) packet.reason = reason(kind.reason);
  packet.properties = properties(version, kind.properties, Side::kServer);
  return packet;
}

Subscribe RandomPackets::subscribe(Version version) {
  return {packet_id(), properties(version, PropertiesIn::kSubscribe, Side::kClient),
          filters(version, true)};
}

Unsubscribe RandomPackets::unsubscribe(Version version) {
  return {packet_id(), properties(version, PropertiesIn::kUnsubscribe, Side::kClient),
          filters(version, false)};
}

Suback RandomPackets::suback(Version version) {
  return {packet_id(), properties(version, PropertiesIn::kSuback, Side::kServer),
          codes(version, ReasonIn::kSuback)};
}

Unsuback RandomPackets::unsuback(Version version) {
  return {packet_id(), properties(version, PropertiesIn::kUnsuback, Side::kServer),
          version == Version::kV5 ? codes(version, ReasonIn::kUnsuback) : Bytes()};
}

Disconnect RandomPackets::disconnect(Version version, Side from) {
  using enum ReasonCode;
  static constexpr ReasonCode kFromClient[] = {kSuccess, kDisconnectWithWill, kUnspecifiedError,
                                               kProtocolError, kTopicAliasInvalid};
  Disconnect packet;
  if (version == Version::kV5 && from == Side::kClient) {
    packet.reason = kFromClient[random_.below(std::size(kFromClient))];
  } else if (version == Version::kV5) {
    do {
      packet.reason = reason(ReasonIn::kDisconnect);
    } while (packet.reason == kDisconnectWithWill);
  }
  packet.properties = properties(version, PropertiesIn::kDisconnect, from);
  return packet;
}

Auth RandomPackets::auth() {
  return {reason(ReasonIn::kAuth), properties(Version::kV5, PropertiesIn::kAuth, Side::kClient)};
}

size_t RandomPackets::length() {
  static constexpr size_t kEdges[] = {0, 1, 127, 128, 129, 16383, 16384, kStringMax};
  if (random_.chance(0.02)) return kEdges[random_.below(std::size(kEdges))];
  return random_.below(random_.chance(0.9) ? 12 : 300);
}

std::string_view RandomPackets::text() {
  static constexpr std::string_view kCharacters[] = {"a",
                                                     "Z",
                                                     " ",
                                                     "/",
                                                     "\x01",
                                                     "\x7f",
                                                     "\xC2\x80",
                                                     "\xE2\x82\xAC",
                                                     "\xEF\xBB\xBF",
                                                     "\xEF\xBF\xBF",
                                                     "\xF0\x9F\x98\x80",
                                                     "\xF4\x8F\xBF\xBF"};
  std::string text;
  for (size_t n = length(); n > 0; --n) {
    const std::string_view character =
        flip() ? kCharacters[0] : kCharacters[random_.below(std::size(kCharacters))];
    if (text.size() + character.size() <= kStringMax) text += character;
  }
  return keep(std::move(text));
}

std::string_view RandomPackets::topic() {
  const std::string_view name = text();
  return name.empty() ? "t" : name;
}

Bytes RandomPackets::bytes() {
  std::string bytes(length(), '\0');
  for (char& c : bytes) c = static_cast<char>(random_.below(256));
  return to_bytes(keep(std::move(bytes)));
}

ReasonCode RandomPackets::reason(ReasonIn packet) {
  if (flip() && packet != ReasonIn::kSuback) return ReasonCode::kSuccess;
  for (;;) {
    const auto code = static_cast<ReasonCode>(random_.below(256));
    if (is_allowed(code, packet)) return code;
  }
}

Bytes RandomPackets::codes(Version version, ReasonIn packet) {
  static constexpr char kV3[] = {0, 1, 2, '\x80'};
  std::string codes;
  for (size_t n = 1 + length(); n > 0; --n) {
    codes += version == Version::kV5 ? static_cast<char>(reason(packet)) : kV3[random_.below(4)];
  }
  return to_bytes(keep(std::move(codes)));
}

FilterList RandomPackets::filters(Version version, bool with_options) {
  FilterListWriter writer(lists_.emplace_back(), with_options);
  for (uint64_t n = 1 + random_.below(5); n > 0; --n) {
    SubscribeOptions options;
    options.qos = qos();
    if (version == Version::kV5) {
      options.no_local = flip();  // text() makes no "$share/"
      options.retain_as_published = flip();
      options.retain_handling = static_cast<RetainHandling>(random_.below(3));
    }
    static constexpr std::string_view kWild[] = {"#", "+", "a/+/#", "+/+", "$SYS/#"};
    writer.add(flip() ? topic() : kWild[random_.below(std::size(kWild))], options);
  }
  return writer.list();
}

Properties RandomPackets::properties(Version version, PropertiesIn where, Side from) {
  // AUTH needs one property, its method; elsewhere half of the lists are empty.
  if (version != Version::kV5 || (flip() && where != PropertiesIn::kAuth)) return {};
  Buffer& list = lists_.emplace_back();
  PropertyWriter writer(list);
  bool method = where == PropertiesIn::kAuth;
  if (method) add_property(PropertyId::kAuthenticationMethod, writer);
  // From a random place round, so that the order differs, too.
  const auto start = static_cast<int>(random_.below(kPropertyIdMax));
  const double share = random_.unit();
  for (int i = 0; i < kPropertyIdMax; ++i) {
    const auto id = static_cast<PropertyId>(1 + (start + i) % kPropertyIdMax);
    if (!is_possible(id, where, from) || !random_.chance(share)) continue;
    if (id == PropertyId::kAuthenticationMethod) {
      if (method) continue;
      method = true;
    }
    if (id == PropertyId::kAuthenticationData && !method) {
      add_property(PropertyId::kAuthenticationMethod, writer);
      method = true;
    }
    do {
      add_property(id, writer);
    } while (may_repeat(id, where) && flip());
  }
  return Properties(list.bytes());
}

void RandomPackets::add_property(PropertyId id, PropertyWriter& to) {
  switch (type_of(id)) {
    case PropertyType::kByte: to.add(id, static_cast<uint32_t>(random_.below(2))); break;
    case PropertyType::kTwoByte:
      to.add(id, static_cast<uint32_t>(1 + random_.below(UINT16_MAX)));
      break;
    case PropertyType::kFourByte:
      to.add(id, static_cast<uint32_t>(1 + random_.below(UINT32_MAX)));
      break;
    case PropertyType::kVarint: {
      const uint64_t bits = 1 + random_.below(28);
      to.add(id, static_cast<uint32_t>(1 + random_.below((uint64_t{1} << bits) - 1)));
      break;
    }
    case PropertyType::kUtf8:
      to.add(id, id == PropertyId::kResponseTopic ? topic() : text());
      break;
    case PropertyType::kBinary: to.add(id, to_string_view(bytes())); break;
    case PropertyType::kUtf8Pair: {
      const std::string_view name = text();
      to.add_user(name, text());
      break;
    }
    case PropertyType::kNone: break;
  }
}

}  // namespace mq::test
