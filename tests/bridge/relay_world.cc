#include "bridge/relay_world.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "session/via.h"

namespace mq::test {
namespace {

void append(std::vector<uint8_t>& to, OutBatch& batch) {
  for (const OutBatch::Piece& piece : batch.pieces()) {
    to.insert(to.end(), piece.bytes.begin(), piece.bytes.end());
  }
  batch.clear();
}

std::string way_of(const Publish& publish) {
  std::string way;
  for (const Property& property : publish.properties) {
    if (property.text == kVia) way += fmt::format("{} ", property.value);
  }
  return way;
}

}  // namespace

void Line::connect(Now now) {
  REQUIRE(!up());
  id_ = broker_->accepted(now);
  if (inside_) broker_->trust(id_, "");
  session.opened(now);
}

void Line::cut(Now now) {
  if (!up()) return;
  broker_->closed(id_, now);
  session.closed(now);
  id_ = {};
  to_broker_.clear();
  to_client_.clear();
}

void Line::take_output(Now now) {
  // As with a socket that takes no more while it is busy.
  while (to_broker_.empty()) {
    session.produce(batch_, now);
    if (batch_.empty()) break;
    append(to_broker_, batch_);
  }
  for (;;) {
    broker_->produce(id_, batch_, now);
    if (batch_.empty()) break;
    append(to_client_, batch_);
  }
}

template <class OnEvent>
bool Line::pump(Now now, size_t bytes, OnEvent&& on_event) {
  if (!up() || bytes == 0) return false;
  take_output(now);
  const auto cut_off = [bytes](std::vector<uint8_t>& from) {
    const auto n = static_cast<ptrdiff_t>(std::min(bytes, from.size()));
    std::vector<uint8_t> part(from.begin(), from.begin() + n);
    from.erase(from.begin(), from.begin() + n);
    return part;
  };
  const std::vector<uint8_t> up_part = cut_off(to_broker_), down_part = cut_off(to_client_);
  if (!up_part.empty()) broker_->receive(id_, up_part, now);
  Bytes in = down_part;
  while (!in.empty()) {
    auto event = session.receive(in, now);
    REQUIRE_MESSAGE(event.has_value(), event.error().text);
    if (!event->has_value()) break;
    on_event(**event);
  }
  take_output(now);
  return !up_part.empty() || !down_part.empty() || !to_broker_.empty() || !to_client_.empty() ||
         session.has_output();
}

RelayWorld::RelayWorld(Options options) : options_(std::move(options)) {
  auto topics = TopicMap::make(options_.topics);
  REQUIRE(topics);
  bridge_.name = "b";
  bridge_.topics = std::move(*topics);
  bridge_.notification_topic = "$SYS/broker/connection/remote/state";
  bridge_.notify_remote = options_.notify_remote;
  bridge_.outgoing_retain = options_.outgoing_retain;
  bridge_.via = "HERE";
  now.mono = Time{} + std::chrono::hours(1);
  for (const BridgeEnd at : {BridgeEnd::kLocal, BridgeEnd::kRemote}) {
    const BrokerOptions& of = at == BridgeEnd::kRemote ? options_.remote : BrokerOptions();
    brokers_[at == BridgeEnd::kLocal ? 0 : 1] = std::make_unique<Broker>(of, access_, random_, now);
    broker(at).set_via(at == BridgeEnd::kLocal ? "HERE" : "THERE");
    make_client(at);
  }
  make_bridge();
  settle();
}

void RelayWorld::make_client(BridgeEnd at) {
  ClientOptions options;
  options.version = Version::kV5;
  options.client_id = "client";
  options.clean_start = false;
  options.session_expiry_s = kSessionNeverExpires;
  options.keep_alive_s = 0;
  auto& client = clients_[at == BridgeEnd::kLocal ? 0 : 1];
  client = std::make_unique<Line>(broker(at), options);
  client->connect(now);
}

void RelayWorld::make_bridge() {
  ClientOptions options;
  options.version = Version::kV5;
  options.client_id = "local";
  options.clean_start = options_.clean;
  if (!options_.clean) options.session_expiry_s = kSessionNeverExpires;
  options.keep_alive_s = 0;
  options.inflight_max = 8;
  options.receive_maximum = 8;
  options.hold_acks = options.repeat_unfinished_qos2 = true;
  options.will = Relay::will(bridge_, BridgeEnd::kLocal);
  local_ = std::make_unique<Line>(broker(BridgeEnd::kLocal), options, true);
  options.client_id = "remote";
  options.send_packet_max = options_.send_packet_max;
  options.properties.add_user(kVia, bridge_.via);
  options.version = options_.version;
  options.enforce_receive_maximum = options.version == Version::kV5;
  options.bridge = options_.bridge_bit;
  options.will = Relay::will(bridge_, BridgeEnd::kRemote);
  remote_ = std::make_unique<Line>(broker(BridgeEnd::kRemote), options);
  relay_ = std::make_unique<Relay>(bridge_, local_->session, remote_->session);
}

// What the owner does.
void RelayWorld::follow() {
  if (wants_remote_ && !remote_->up()) remote_->connect(now);
  if (relay_->wants_local() && !local_->up()) local_->connect(now);
  if (!local_->up()) return;
  // A connection that is ended is there for a moment.
  if (local_->session.wants_close()) {
    local_->cut(now);
    relay_->on_lost(BridgeEnd::kLocal);
  } else if (!relay_->wants_local()) {
    local_->session.disconnect(ReasonCode::kDisconnectWithWill);
  }
}

bool RelayWorld::step(size_t bytes) {
  follow();
  bool moved = local_->pump(now, 1 << 20, [&](const ClientEvent& event) {
    relay_->on_event(BridgeEnd::kLocal, event, now);
  });
  moved |= remote_->pump(now, bytes, [&](const ClientEvent& event) {
    relay_->on_event(BridgeEnd::kRemote, event, now);
  });
  if (remote_->up() && remote_->session.wants_close()) {
    remote_->cut(now);
    relay_->on_lost(BridgeEnd::kRemote);
  }
  relay_->look_at_queues();
  for (size_t i = 0; i < 2; ++i) {
    moved |= clients_[i]->pump(now, 1 << 20, [&](const ClientEvent& event) {
      const auto* arrived = std::get_if<MessageArrived>(&event);
      if (arrived == nullptr) return;
      heard_[i].push_back(std::string(arrived->publish.topic) + " " +
                          std::string(to_string_view(arrived->publish.payload)) +
                          (arrived->publish.retain ? " retained" : ""));
      way_[i] = way_of(arrived->publish);
    });
  }
  for (auto& broker : brokers_) {
    for (const ConnId id : broker->take_dirty()) broker->clean(id);
  }
  return moved || (wants_remote_ && !relay_->established());
}

void RelayWorld::settle() {
  for (int i = 0; i < 10'000; ++i) {
    if (!step(1 << 20)) return;
  }
  FAIL("never settles");
}

void RelayWorld::rounds(int count, size_t bytes) {
  for (int i = 0; i < count; ++i) step(bytes);
}

void RelayWorld::connect_remote() {
  wants_remote_ = true;
}

void RelayWorld::cut_remote() {
  wants_remote_ = false;
  if (!remote_->up()) return;
  remote_->cut(now);
  relay_->on_lost(BridgeEnd::kRemote);
}

void RelayWorld::restart_bridge() {
  local_->cut(now);
  remote_->cut(now);
  relay_.reset();
  make_bridge();
}

void RelayWorld::restart_bridge(const std::vector<BridgeTopic>& topics) {
  bridge_.topics = *TopicMap::make(topics);
  restart_bridge();
}

void RelayWorld::publish(BridgeEnd at, std::string_view topic, std::string_view payload, int qos,
                         bool retain, Properties properties) {
  REQUIRE(client(at).session.publish({.topic = topic,
                                      .payload = to_bytes(payload),
                                      .qos = static_cast<Qos>(qos),
                                      .retain = retain,
                                      .properties = properties},
                                     now));
}

void RelayWorld::subscribe(BridgeEnd at, std::string_view filter, int qos) {
  settle();
  Buffer encoded;
  FilterListWriter writer(encoded, true);
  writer.add(filter, {.qos = static_cast<Qos>(qos), .retain_as_published = true});
  REQUIRE(client(at).session.subscribe({.filters = writer.list()}));
  settle();
}

}  // namespace mq::test
