#include "sim/peer.h"

#include <fmt/core.h>

#include "codec/topic.h"
#include "sim/failure.h"

namespace mq::sim {
namespace {

constexpr size_t kFiltersMax = 6;
constexpr uint32_t kQueuedMax = 60;

// What the session itself found out about the server.
bool is_refusal_of_our_own(const Acked& acked) {
  return acked.packet_id == 0 || acked.reason == ReasonCode::kPacketTooLarge ||
         acked.reason == ReasonCode::kQosNotSupported ||
         acked.reason == ReasonCode::kRetainNotSupported;
}

}  // namespace

Peer::Peer(size_t number, ClientOptions options, const BrokerOptions& broker, Random& random,
           Ledger& ledger)
    : index(number),
      session(std::move(options)),
      backoff({std::chrono::milliseconds(100), std::chrono::seconds(4)}),
      broker_(broker),
      random_(random),
      ledger_(ledger) {
  for (uint64_t n = random_.below(4); n > 0; --n) {
    const std::string filter = random_filter(random_);
    wanted_[filter] =
        random_subscribe_options(random_, session.options().version, is_shared(filter));
  }
}

void Peer::act(Now now) {
  const uint64_t die = random_.below(100);
  if (die < 55) return publish(now);
  if (die < 65) {
    if (random_.chance(0.05)) return publish_around_large(now);
    for (uint64_t n = random_.below(15); n > 0; --n) publish(now);
    return;
  }
  if (session.state() != ClientSession::State::kConnected) return;
  if (die < 80) {
    const std::string filter = random_filter(random_);
    subscribe(filter,
              random_subscribe_options(random_, session.options().version, is_shared(filter)));
  } else if (die < 86) {
    unsubscribe();
  } else if (die < 90) {
    session.ping(now);
  } else if (die < 93) {
    disconnect();
  }
}

// What a transport gets in many parts, between messages of which many go into one part.
void Peer::publish_around_large(Now now) {
  const uint64_t others = random_.below(15);
  const uint64_t place = random_.below(others + 1);
  for (uint64_t i = 0; i <= others; ++i) {
    const Weight other = random_.chance(0.5) ? Weight::kEmpty : Weight::kAny;
    publish(now, Qos::kExactlyOnce, i == place ? Weight::kLarge : other);
  }
}

void Peer::publish(Now now, std::optional<Qos> qos, Weight weight) {
  if (session.queued() >= kQueuedMax) return;
  Publication& publication =
      random_publication(random_, index, session.options().version, broker_, ledger_, weight);
  if (qos) publication.qos = std::min(*qos, broker_.qos_max);
  publication.sessions_lost = sessions_lost_;
  PublishRequest request;
  request.topic = publication.topic;
  request.payload = to_bytes(publication.payload);
  request.qos = publication.qos;
  request.retain = publication.retain;
  request.properties = publication.properties.view();
  request.token = publication.number;
  const auto taken = session.publish(request, now);
  publication.given_up = !taken;
  if (!taken && taken.error().code != ErrorCode::kTooLarge &&
      taken.error().code != ErrorCode::kProtocol) {
    throw Failure("publish(): " + taken.error().text);
  }
}

void Peer::subscribe(std::string filter, SubscribeOptions options) {
  wanted_[filter] = options;
  std::map<std::string, SubscribeOptions> filters{{std::move(filter), options}};
  if (wanted_.size() > kFiltersMax) wanted_.erase(wanted_.begin());
  if (random_.chance(0.2)) filters = wanted_;
  send_request(filters, random_.chance(0.5));
}

void Peer::subscribe_again() {
  if (!wanted_.empty()) send_request(wanted_, random_.chance(0.3));
}

void Peer::send_request(const std::map<std::string, SubscribeOptions>& filters, bool with_id) {
  Buffer list, properties;
  FilterListWriter writer(list, true);
  for (const auto& [filter, options] : filters) writer.add(filter, options);
  if (with_id && session.options().version == Version::kV5) {
    PropertyWriter(properties)
        .add(PropertyId::kSubscriptionIdentifier, static_cast<uint32_t>(1 + random_.below(300)));
  }
  const auto id = session.subscribe({writer.list(), Properties(properties.bytes()), 0});
  if (!id && id.error().code == ErrorCode::kTooLarge) return;
  if (!id) throw Failure("subscribe(): " + id.error().text);
  requests_[*id] = filters.size();
}

void Peer::unsubscribe() {
  std::string filter = random_filter(random_);
  if (!wanted_.empty() && random_.chance(0.8)) {
    auto at = wanted_.begin();
    std::advance(at, random_.below(wanted_.size()));
    filter = at->first;
    wanted_.erase(at);
  }
  Buffer list;
  FilterListWriter writer(list, false);
  writer.add(filter);
  const auto id = session.unsubscribe({writer.list(), {}, 0});
  if (!id) throw Failure("unsubscribe(): " + id.error().text);
  requests_[*id] = 1;
}

void Peer::disconnect() {
  if (session.options().version != Version::kV5) return session.disconnect();
  Buffer properties;
  // A session that was to end with the connection cannot be kept after all [MQTT-3.1.2-23].
  if (session.options().session_expiry_s.value_or(0) != 0 &&
      broker_.session_expiry_max_s.value_or(1) != 0 && random_.chance(0.3)) {
    PropertyWriter(properties)
        .add(PropertyId::kSessionExpiryInterval, static_cast<uint32_t>(random_.below(20)));
  }
  session.disconnect(random_.chance(0.3) ? ReasonCode::kDisconnectWithWill : ReasonCode::kSuccess,
                     Properties(properties.bytes()));
}

// A session can end and begin anew without the client's knowledge, when the CONNACK of its first
// connection is lost. Then the two ends do not agree about what is unfinished, and nothing in MQTT
// tells them.
void Peer::note_session(Epoch& epoch, bool session_present) {
  if (epoch_ != nullptr && epoch_ != &epoch) {
    ++sessions_lost_;
    if (session_present) epoch.trusted = false;
  }
  epoch_ = &epoch;
}

void Peer::on_event(const ClientEvent& event) {
  if (const auto* connected = std::get_if<Connected>(&event)) {
    backoff.reset();
    // MQTT 3.1 does not say whether the session was there.
    if (!connected->session_present || session.options().version == Version::kV31) {
      subscribe_again();
    }
  } else if (const auto* refused = std::get_if<ConnectRefused>(&event)) {
    throw Failure(fmt::format("{} was refused: {}", session.client_id(), text(refused->reason)));
  } else if (const auto* acked = std::get_if<Acked>(&event)) {
    on_acked(*acked);
  } else if (const auto* subscribed = std::get_if<Subscribed>(&event)) {
    const auto request = requests_.find(subscribed->packet_id);
    if (request == requests_.end() || request->second != subscribed->codes.size()) {
      throw Failure("Subscribed does not fit the request");
    }
    requests_.erase(request);
  } else if (const auto* unsubscribed = std::get_if<Unsubscribed>(&event)) {
    if (requests_.erase(unsubscribed->packet_id) == 0) {
      throw Failure("Unsubscribed does not fit the request");
    }
  }
}

void Peer::on_acked(const Acked& acked) {
  Publication& message = ledger_[acked.token];
  const auto fail = [&](const char* what) {
    throw Failure(fmt::format("{}: message {} at QoS {} of {}, acknowledged with {:#x}, {} times "
                              "accepted",
                              what, message.number, static_cast<int>(message.qos),
                              session.client_id(), static_cast<int>(acked.reason),
                              message.accepted));
  };
  if (++message.acked > 1) fail("acknowledged twice");
  if (message.given_up || message.peer != index) fail("acknowledged without being published");
  if (is_refusal_of_our_own(acked)) {
    if (message.accepted != 0) fail("refused and sent");
    return;
  }
  if (message.qos == Qos::kAtMostOnce) fail("QoS 0 acknowledged");
  if (!trusted || message.payload.empty()) return;
  if (is_error(acked.reason)) {
    if (message.answer == acked.reason) return;
    fail("refused for another reason");
  }
  // The broker has it: at least once, or exactly once as long as it kept the session.
  if (message.accepted == 0) fail("acknowledged, but not accepted");
  if (message.sessions_lost != sessions_lost_) return;
  if (message.qos == Qos::kExactlyOnce && message.accepted != 1) fail("not exactly once");
  if (message.accepted == 1 && session.options().version == Version::kV5 &&
      message.answer != acked.reason) {
    fail("the reason is not the broker's");
  }
}

void Peer::check_finished() const {
  for (uint32_t number = 1; number < ledger_.size(); ++number) {
    const Publication& message = ledger_[number];
    if (message.peer != index || message.will || message.given_up ||
        message.qos == Qos::kAtMostOnce || message.acked == 1) {
      continue;
    }
    throw Failure(fmt::format("message {} of {} was never acknowledged", number,
                              session.client_id()));
  }
}

}  // namespace mq::sim
