#include "codec/encode.h"

#include <cassert>

#include "codec/limits.h"
#include "codec/varint.h"

namespace mq {
namespace {

constexpr uint8_t kQos1Flags = 0x02;  // of PUBREL, SUBSCRIBE and UNSUBSCRIBE

size_t string_size(size_t bytes) {
  return 2 + bytes;
}

size_t properties_size(const Properties& properties, Version version) {
  if (version != Version::kV5) return 0;
  const size_t size = properties.encoded().size();
  return varint_size(static_cast<uint32_t>(size)) + size;
}

// Writes one packet into room that was made for exactly its size.
class PacketWriter {
 public:
  PacketWriter(Buffer& to, PacketType type, uint8_t flags, size_t remaining_length) {
    assert(remaining_length <= kVarintMax);
    const auto length = static_cast<uint32_t>(remaining_length);
    const size_t size = 1 + varint_size(length) + length;
    at_ = to.grow(size);
    end_ = at_ + size;
    *at_++ = static_cast<uint8_t>(static_cast<uint8_t>(type) << 4 | flags);
    at_ = store_varint(at_, length);
  }
  ~PacketWriter() { assert(at_ == end_); }
  PacketWriter(const PacketWriter&) = delete;
  PacketWriter& operator=(const PacketWriter&) = delete;

  void u8(uint8_t value) { *at_++ = value; }
  void be16(uint16_t value) {
    store_be16(at_, value);
    at_ += 2;
  }
  void raw(Bytes bytes) { at_ = copy_to(at_, bytes); }
  void binary(Bytes bytes) {
    assert(bytes.size() <= kStringMax);
    be16(static_cast<uint16_t>(bytes.size()));
    raw(bytes);
  }
  void string(std::string_view text) { binary(to_bytes(text)); }
  void reason(ReasonCode code) { u8(static_cast<uint8_t>(code)); }
  void properties(const Properties& properties, Version version) {
    if (version != Version::kV5) return;
    at_ = store_varint(at_, static_cast<uint32_t>(properties.encoded().size()));
    raw(properties.encoded());
  }

 private:
  uint8_t* at_;
  uint8_t* end_;
};

void encode_empty(PacketType type, Buffer& to) {
  PacketWriter(to, type, 0, 0);
}

}  // namespace

void encode(const Connect& packet, Buffer& to) {
  const Version version = packet.version;
  assert(version == Version::kV5 || packet.user_name || !packet.password);
  const std::string_view name = version == Version::kV31 ? "MQIsdp" : "MQTT";
  size_t size = string_size(name.size()) + 1 + 1 + 2;
  size += properties_size(packet.properties, version) + string_size(packet.client_id.size());
  uint8_t flags = packet.clean_start ? 0x02 : 0;
  if (packet.will) {
    flags = static_cast<uint8_t>(flags | 0x04 | static_cast<uint8_t>(packet.will->qos) << 3 |
                                 (packet.will->retain ? 0x20 : 0));
    size += properties_size(packet.will->properties, version) +
            string_size(packet.will->topic.size()) + string_size(packet.will->payload.size());
  }
  if (packet.password) {
    flags |= 0x40;
    size += string_size(packet.password->size());
  }
  if (packet.user_name) {
    flags |= 0x80;
    size += string_size(packet.user_name->size());
  }

  PacketWriter out(to, PacketType::kConnect, 0, size);
  const bool bridge = packet.bridge && version != Version::kV5;
  out.string(name);
  out.u8(static_cast<uint8_t>(static_cast<uint8_t>(version) | (bridge ? 0x80 : 0)));
  out.u8(flags);
  out.be16(packet.keep_alive_s);
  out.properties(packet.properties, version);
  out.string(packet.client_id);
  if (packet.will) {
    out.properties(packet.will->properties, version);
    out.string(packet.will->topic);
    out.binary(packet.will->payload);
  }
  if (packet.user_name) out.string(*packet.user_name);
  if (packet.password) out.binary(*packet.password);
}

void encode(const Connack& packet, Version version, Buffer& to) {
  const bool v5 = version == Version::kV5;
  PacketWriter out(to, PacketType::kConnack, 0, 2 + properties_size(packet.properties, version));
  out.u8(packet.session_present && version != Version::kV31 ? 1 : 0);
  out.u8(v5 ? static_cast<uint8_t>(packet.reason) : to_v3_connack(packet.reason));
  out.properties(packet.properties, version);
}

void encode(const Publish& packet, Version version, Buffer& to) {
  const auto flags = static_cast<uint8_t>(
      (packet.dup ? 0x08 : 0) | static_cast<uint8_t>(packet.qos) << 1 | (packet.retain ? 0x01 : 0));
  const bool has_id = packet.qos != Qos::kAtMostOnce;
  PacketWriter out(to, PacketType::kPublish, flags,
                   string_size(packet.topic.size()) + (has_id ? 2 : 0) +
                       properties_size(packet.properties, version) + packet.payload.size());
  out.string(packet.topic);
  if (has_id) out.be16(packet.packet_id);
  out.properties(packet.properties, version);
  out.raw(packet.payload);
}

void encode(const Ack& packet, Version version, Buffer& to) {
  const uint8_t flags = packet.type == PacketType::kPubrel ? kQos1Flags : 0;
  const bool has_properties = version == Version::kV5 && !packet.properties.empty();
  const bool has_reason =
      version == Version::kV5 && (has_properties || packet.reason != ReasonCode::kSuccess);
  PacketWriter out(to, packet.type, flags,
                   2 + (has_reason ? 1u : 0u) +
                       (has_properties ? properties_size(packet.properties, version) : 0));
  out.be16(packet.packet_id);
  if (has_reason) out.reason(packet.reason);
  if (has_properties) out.properties(packet.properties, version);
}

void encode(const Subscribe& packet, Version version, Buffer& to) {
  PacketWriter out(
      to, PacketType::kSubscribe, kQos1Flags,
      2 + properties_size(packet.properties, version) + packet.filters.encoded().size());
  out.be16(packet.packet_id);
  out.properties(packet.properties, version);
  if (version == Version::kV5) return out.raw(packet.filters.encoded());
  for (const Subscription& subscription : packet.filters) {
    out.string(subscription.filter);
    out.u8(static_cast<uint8_t>(subscription.options.qos));
  }
}

void encode(const Suback& packet, Version version, Buffer& to) {
  PacketWriter out(to, PacketType::kSuback, 0,
                   2 + properties_size(packet.properties, version) + packet.codes.size());
  out.be16(packet.packet_id);
  out.properties(packet.properties, version);
  if (version == Version::kV5) return out.raw(packet.codes);
  for (const uint8_t code : packet.codes) out.u8(code < 0x80 ? code : 0x80);
}

void encode(const Unsubscribe& packet, Version version, Buffer& to) {
  PacketWriter out(
      to, PacketType::kUnsubscribe, kQos1Flags,
      2 + properties_size(packet.properties, version) + packet.filters.encoded().size());
  out.be16(packet.packet_id);
  out.properties(packet.properties, version);
  out.raw(packet.filters.encoded());
}

void encode(const Unsuback& packet, Version version, Buffer& to) {
  const Bytes codes = version == Version::kV5 ? packet.codes : Bytes();
  PacketWriter out(to, PacketType::kUnsuback, 0,
                   2 + properties_size(packet.properties, version) + codes.size());
  out.be16(packet.packet_id);
  out.properties(packet.properties, version);
  out.raw(codes);
}

void encode(const Pingreq&, Version, Buffer& to) {
  encode_empty(PacketType::kPingreq, to);
}

void encode(const Pingresp&, Version, Buffer& to) {
  encode_empty(PacketType::kPingresp, to);
}

void encode(const Disconnect& packet, Version version, Buffer& to) {
  const bool has_properties = version == Version::kV5 && !packet.properties.empty();
  const bool has_reason =
      version == Version::kV5 && (has_properties || packet.reason != ReasonCode::kSuccess);
  PacketWriter out(
      to, PacketType::kDisconnect, 0,
      (has_reason ? 1u : 0u) + (has_properties ? properties_size(packet.properties, version) : 0));
  if (has_reason) out.reason(packet.reason);
  if (has_properties) out.properties(packet.properties, version);
}

void encode(const Auth& packet, Version version, Buffer& to) {
  assert(version == Version::kV5);
  if (packet.reason == ReasonCode::kSuccess && packet.properties.empty()) {
    return encode_empty(PacketType::kAuth, to);
  }
  PacketWriter out(to, PacketType::kAuth, 0, 1 + properties_size(packet.properties, version));
  out.reason(packet.reason);
  out.properties(packet.properties, version);
}

void encode(const Packet& packet, Version version, Buffer& to) {
  std::visit(
      [version, &to](const auto& typed) {
        if constexpr (std::is_same_v<decltype(typed), const Connect&>) {
          encode(typed, to);
        } else {
          encode(typed, version, to);
        }
      },
      packet);
}

}  // namespace mq
