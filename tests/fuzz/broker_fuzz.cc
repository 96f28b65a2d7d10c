// The broker between hostile clients: they connect, talk nonsense, stop reading, vanish and come
// back. What it sends is always valid and within what the client takes, its clock goes on, and it
// keeps nothing.
#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include "broker/broker.h"
#include "codec/decode.h"
#include "codec/encode.h"
#include "fuzz/check.h"
#include "fuzz/chunked.h"

using namespace mq;
using namespace mq::test;

namespace {

constexpr size_t kClients = 4;

// Limits so low that a short input reaches them.
BrokerOptions options_of(uint8_t byte) {
  BrokerOptions options;
  options.sys_interval = (byte & 0x01) != 0 ? std::chrono::seconds(10) : Duration::zero();
  options.connections_max = (byte & 0x02) != 0 ? 3 : 100;
  options.sessions_max = (byte & 0x02) != 0 ? 3 : 100;
  options.packet_max = (byte & 0x04) != 0 ? 300 : kPacketMax;
  if ((byte & 0x08) != 0) {
    options.queued_messages_max = 5;
    options.queued_bytes_max = 1000;
    options.retained_messages_max = 2;
    options.retained_bytes_max = 500;
    options.subscriptions_max = 3;
    options.topic_levels_max = 3;
  }
  if ((byte & 0x10) != 0) options.message_bytes_max = 20'000;
  if ((byte & 0x20) != 0) {
    options.receive_maximum = 2;
    options.topic_alias_maximum = 2;
    options.inflight_max = 2;
    options.session_expiry_max_s = 20;
    options.server_keep_alive_s = uint16_t{10};
  }
  if ((byte & 0x40) != 0) options.qos_max = Qos::kAtLeastOnce;
  if ((byte & 0x80) != 0) options.retain_available = false;
  return options;
}

// One network connection as its client sees it: what was sent on it, and a strict reader of what
// comes back.
class Client {
 public:
  explicit Client(ConnId id) : id_(id) {}
  ConnId id() const { return id_; }

  // What a CONNECT announces decides how the answers are to be read.
  void sent(Bytes bytes) {
    if (told_) return;
    const auto frame = sent_.next(bytes);
    if (!frame || !*frame) return;
    told_ = true;
    const auto connect = decode_connect(**frame);
    if (!connect) return;
    version_ = connect->version;
    packet_max_ = connect->properties.number(PropertyId::kMaximumPacketSize).value_or(kPacketMax);
    alias_max_ = connect->properties.number(PropertyId::kTopicAliasMaximum).value_or(0);
  }

  void receive(const OutBatch& batch) {
    for (const OutBatch::Piece& piece : batch.pieces()) {
      Bytes in = piece.bytes;
      for (;;) {
        const auto frame = received_.next(in);
        FUZZ_CHECK(frame);
        if (!*frame) break;
        take(**frame);
      }
    }
  }
  bool between_frames() const { return received_.pending() == 0; }

 private:
  void take(const Frame& frame) {
    const bool first = !connack_;
    FUZZ_CHECK((frame.type() == PacketType::kConnack) == first);  // [MQTT-3.2.0-1] [MQTT-3.2.0-2]
    FUZZ_CHECK(!ended_);                                          // [MQTT-3.14.4-1]
    FUZZ_CHECK(frame.size() <= packet_max_);                      // [MQTT-3.1.2-24]
    connack_ = true;
    if (!version_) {  // refused before its CONNECT could be read
      ended_ = true;
      return;
    }
    const auto packet = decode(frame, *version_, Side::kServer);
    FUZZ_CHECK(packet);
    if (const auto* connack = std::get_if<Connack>(&*packet)) {
      ended_ = connack->reason != ReasonCode::kSuccess;
    } else if (std::holds_alternative<Disconnect>(*packet)) {
      FUZZ_CHECK(*version_ == Version::kV5);
      ended_ = true;
    } else if (const auto* publish = std::get_if<Publish>(&*packet)) {
      FUZZ_CHECK(publish->topic_alias <= alias_max_);  // [MQTT-3.1.2-26]
      FUZZ_CHECK(!publish->topic.empty() || publish->topic_alias != 0);
    }
  }

  ConnId id_;
  FrameReader sent_, received_;
  std::optional<Version> version_;
  uint32_t packet_max_ = kPacketMax, alias_max_ = 0;
  bool told_ = false, connack_ = false, ended_ = false;
};

class Program {
 public:
  Program(const BrokerOptions& options, FuzzInput& input)
      : input_(input), random_(1), broker_(options, access_, random_, now_) {}

  void run() {
    while (!input_.empty()) {
      const uint8_t action = input_.take_u8();
      act(action, clients_[action >> 3 & 3]);
      check();
    }
    if (now_.mono.time_since_epoch().count() % 2 == 0) broker_.shut_down(now_);
    produce_all();
  }

 private:
  using Slot = std::optional<Client>;

  // 0 stands for a client's bytes, so that a packet is a seed.
  void act(uint8_t action, Slot& client) {
    switch (action & 7) {
      case 0: {
        Bytes chunk;
        if (input_.next_chunk(chunk)) deliver(client, chunk);
        return;
      }
      case 1: return connect(client, input_.take_u8(), input_.take_u8());
      case 2: return publish(client, input_.take_u8());
      case 3: return subscribe(client, input_.take_u8());
      case 4: return acknowledge(client, input_.take_u8());
      case 5:
        if (client) produce(client);
        return produce_all();
      case 6: return pass_time(input_.take_u8());
      case 7: return close(client);
    }
  }

  void open(Slot& client) {
    if (client) return;
    const ConnId id = broker_.accepted(now_);
    if (id.generation != 0) client.emplace(id);
  }

  void deliver(Slot& client, Bytes bytes) {
    open(client);
    if (!client) return;
    client->sent(bytes);
    broker_.receive(client->id(), bytes, now_);
  }

  template <class Packet>
  void send(Slot& client, const Packet& packet) {
    // Version 5 throughout: a client of another version sends these by chunks.
    Buffer buffer;
    encode(packet, Version::kV5, buffer);
    deliver(client, buffer.bytes());
  }

  // A new connection with a good CONNECT, under one of two names: so they take over from each
  // other, and no input has to guess one.
  void connect(Slot& client, uint8_t first, uint8_t second) {
    close(client);
    Connect packet;
    packet.version = static_cast<Version>(3 + first % 3);
    packet.client_id = (first & 0x04) != 0 ? "a" : "b";
    packet.clean_start = (first & 0x08) != 0;
    packet.keep_alive_s = (first & 0x10) != 0 ? 10 : 0;
    Buffer properties, will_properties;
    PropertyWriter writer(properties);
    if ((first & 0x20) != 0) writer.add(PropertyId::kSessionExpiryInterval, 5u * (second & 7));
    if ((first & 0x40) != 0) writer.add(PropertyId::kReceiveMaximum, 1u + (second & 1));
    if ((first & 0x80) != 0) writer.add(PropertyId::kTopicAliasMaximum, second & 3u);
    if ((second & 0x08) != 0) writer.add(PropertyId::kMaximumPacketSize, 4u + (second >> 4) * 4u);
    if ((second & 0x10) != 0) {
      if ((second & 0x20) != 0) {
        PropertyWriter(will_properties).add(PropertyId::kWillDelayInterval, second & 7u);
      }
      packet.will = Will{"t/w", to_bytes("will"), static_cast<Qos>(second % 3),
                         (second & 0x40) != 0, Properties(will_properties.bytes())};
    }
    packet.properties = Properties(properties.bytes());
    Buffer buffer;
    encode(packet, buffer);
    deliver(client, buffer.bytes());
  }

  void publish(Slot& client, uint8_t byte) {
    static constexpr std::array<std::string_view, 4> kTopics = {"t", "t/1", "t/1/2", "$x/1"};
    Buffer properties;
    if ((byte & 0x40) != 0) {
      PropertyWriter(properties).add(PropertyId::kMessageExpiryInterval, byte >> 4 & 3u);
    }
    Publish packet;
    packet.topic = kTopics[byte & 3];
    packet.qos = static_cast<Qos>((byte >> 2) % 3);
    packet.packet_id = packet.qos == Qos::kAtMostOnce ? 0 : static_cast<uint16_t>(1 + (byte >> 6));
    packet.retain = (byte & 0x10) != 0;
    packet.properties = Properties(properties.bytes());
    const std::string payload((byte & 0x20) != 0 ? (byte == 0xFF ? 9000 : 0) : 10, 'x');
    packet.payload = to_bytes(payload);
    send(client, packet);
  }

  void subscribe(Slot& client, uint8_t byte) {
    static constexpr std::array<std::string_view, 8> kFilters = {
        "#", "t", "t/+", "t/#", "+/1", "$share/g/t", "$share/g/#", "$share/h/t/+"};
    const std::string_view filter = kFilters[byte & 7];
    Buffer properties, filters;
    if ((byte & 0x80) != 0) {
      FilterListWriter list(filters, false);
      return send(client, Unsubscribe{7, {}, list.add(filter).list()});
    }
    if ((byte & 0x40) != 0) {
      PropertyWriter(properties).add(PropertyId::kSubscriptionIdentifier, 1u + (byte & 7));
    }
    FilterListWriter list(filters, true);
    SubscribeOptions options;
    options.qos = static_cast<Qos>((byte >> 3) % 3);
    options.retain_as_published = (byte & 0x20) != 0;
    send(client, Subscribe{7, Properties(properties.bytes()), list.add(filter, options).list()});
  }

  void acknowledge(Slot& client, uint8_t byte) {
    static constexpr std::array<PacketType, 4> kTypes = {PacketType::kPuback, PacketType::kPubrec,
                                                         PacketType::kPubcomp, PacketType::kPubrel};
    send(client, Ack{kTypes[byte & 3],
                     static_cast<uint16_t>(1 + (byte >> 2 & 7)),
                     (byte & 0x80) != 0 && (byte & 3) < 2 ? ReasonCode::kUnspecifiedError
                                                          : ReasonCode::kSuccess,
                     {}});
  }

  void produce(Slot& client) {
    for (;;) {
      batch_.clear();
      broker_.produce(client->id(), batch_, now_);
      if (batch_.empty()) break;
      client->receive(batch_);
    }
    FUZZ_CHECK(client->between_frames());
    FUZZ_CHECK(!broker_.has_output(client->id()));
    if (broker_.wants_close(client->id())) close(client);
  }

  // Only those that are marked: what has output and no mark would wait for ever.
  void produce_all() {
    while (broker_.has_dirty()) {
      for (const ConnId id : broker_.take_dirty()) {
        broker_.clean(id);
        for (Slot& client : clients_) {
          if (client && client->id() == id) produce(client);
        }
      }
    }
    for (const Slot& client : clients_) {
      if (client) FUZZ_CHECK(!broker_.has_output(client->id()));
    }
  }

  void pass_time(uint8_t byte) {
    now_.mono += std::chrono::milliseconds(100) * byte;
    if (broker_.next_deadline() > now_.mono) return;
    broker_.tick(now_);
    FUZZ_CHECK(broker_.next_deadline() > now_.mono);
  }

  void close(Slot& client) {
    if (!client) return;
    broker_.closed(client->id(), now_);
    client.reset();
  }

  void check() const {
    const auto open = std::ranges::count_if(clients_, [](const Slot& c) { return c.has_value(); });
    FUZZ_CHECK(broker_.connections() == static_cast<size_t>(open));
    FUZZ_CHECK(broker_.counters().clients_connected <= broker_.connections());
    FUZZ_CHECK(broker_.counters().clients_connected <= broker_.sessions());
    FUZZ_CHECK(broker_.sessions() <= broker_.options().sessions_max);
  }

  FuzzInput& input_;
  Now now_{Time(std::chrono::hours(1)), {}};
  AllowAll access_;
  Random random_;
  Broker broker_;
  OutBatch batch_;
  std::array<Slot, kClients> clients_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  FuzzInput input(data, size);
  const BrokerOptions options = options_of(input.take_u8());
  {
    Program program(options, input);
    program.run();
  }
  FUZZ_CHECK(Message::alive() == 0);
  return 0;
}
