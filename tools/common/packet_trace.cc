#include "common/packet_trace.h"

#include <string_view>
#include <variant>

#include <fmt/core.h>

#include "codec/decode.h"

namespace mq {
namespace {

template <class... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};
template <class... Cases>
Overloaded(Cases...) -> Overloaded<Cases...>;

std::string codes_text(Bytes codes) {
  std::string out;
  for (const uint8_t code : codes) out += fmt::format("{}{}", out.empty() ? ": " : ", ", code);
  return out;
}

std::string ack_text(const Ack& ack, bool by_us) {
  const int code = static_cast<int>(ack.reason);
  if (by_us) {
    if (ack.type == PacketType::kPubrel) return fmt::format("PUBREL (m{})", ack.packet_id);
    return fmt::format("{} (m{}, rc{})", name(ack.type), ack.packet_id, code);
  }
  if (ack.type == PacketType::kPubrel) return fmt::format("PUBREL (Mid: {})", ack.packet_id);
  return fmt::format("{} (Mid: {}, RC:{})", name(ack.type), ack.packet_id, code);
}

}  // namespace

std::string packet_text(const Packet& packet, Version version, bool by_us) {
  return std::visit(
      Overloaded{
          [](const Connect&) { return std::string("CONNECT"); },
          [&](const Connack& p) {
            const int code =
                version == Version::kV5 ? static_cast<int>(p.reason) : to_v3_connack(p.reason);
            return fmt::format("CONNACK ({})", code);
          },
          [](const Publish& p) {
            return fmt::format("PUBLISH (d{:d}, q{:d}, r{:d}, m{}, '{}', ... ({} bytes))", p.dup,
                               static_cast<int>(p.qos), p.retain, p.packet_id, p.topic,
                               p.payload.size());
          },
          [&](const Ack& p) { return ack_text(p, by_us); },
          [](const Subscribe& p) {
            std::string out;
            for (const Subscription s : p.filters) {
              out += fmt::format("{}SUBSCRIBE (Mid: {}, Topic: {}, QoS: {:d}, Options: 0x{:02x})",
                                 out.empty() ? "" : "; ", p.packet_id, s.filter,
                                 static_cast<int>(s.options.qos), s.options.encoded());
            }
            return out;
          },
          [](const Suback& p) {
            return fmt::format("SUBACK (Mid: {}){}", p.packet_id, codes_text(p.codes));
          },
          [](const Unsubscribe& p) {
            std::string out;
            for (const Subscription s : p.filters) {
              out += fmt::format("{}UNSUBSCRIBE (Mid: {}, Topic: {})", out.empty() ? "" : "; ",
                                 p.packet_id, s.filter);
            }
            return out;
          },
          [](const Unsuback& p) {
            return fmt::format("UNSUBACK (Mid: {}){}", p.packet_id, codes_text(p.codes));
          },
          [](const Pingreq&) { return std::string("PINGREQ"); },
          [](const Pingresp&) { return std::string("PINGRESP"); },
          [&](const Disconnect& p) {
            if (version != Version::kV5) return std::string("DISCONNECT");
            return fmt::format("DISCONNECT ({})", static_cast<int>(p.reason));
          },
          [](const Auth& p) { return fmt::format("AUTH ({})", static_cast<int>(p.reason)); },
      },
      packet);
}

std::optional<PacketTrace> make_trace(const ConnectOptions& connection) {
  if (!connection.console.debugs()) return std::nullopt;
  return PacketTrace(connection.console, connection.client.version, connection.client.client_id);
}

RunnerOptions with_trace(const ConnectOptions& connection, std::optional<PacketTrace>& trace) {
  RunnerOptions options = connection.runner;
  if (trace) options.tap = &*trace;
  return options;
}

PacketTrace::PacketTrace(const Console& console, Version version, std::string client_id)
    : console_(console), version_(version), client_id_(std::move(client_id)) {
  if (client_id_.empty()) client_id_ = "null";
}

void PacketTrace::opened() {
  received_ = FrameReader();
  sent_ = FrameReader();
}

void PacketTrace::note_names(const Packet& packet) {
  if (const auto* connect = std::get_if<Connect>(&packet)) version_ = connect->version;
  const auto* connack = std::get_if<Connack>(&packet);
  if (connack == nullptr) return;
  if (const auto id = connack->properties.text(PropertyId::kAssignedClientIdentifier)) {
    client_id_ = *id;
  }
}

void PacketTrace::follow(FrameReader& reader, Bytes bytes, Side from) {
  const bool by_us = from == Side::kClient;
  std::string lines;
  for (;;) {
    const auto frame = reader.next(bytes);
    if (!frame || !frame->has_value()) break;
    const auto packet = decode(**frame, version_, from);
    if (packet) note_names(*packet);
    lines += fmt::format("Client {} {} {}\n", client_id_, by_us ? "sending" : "received",
                         packet ? packet_text(*packet, version_, by_us)
                                : fmt::format("{} that is malformed: {}", name((*frame)->type()),
                                              packet.error().what));
  }
  if (!lines.empty()) console_.debug(lines);
}

}  // namespace mq
