// What happens in a simulation from its beginning to its end.
#include "sim/world.h"

#include <algorithm>

#include <fmt/core.h>

#include "sim/failure.h"

namespace mq::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr Now kStart{Time(seconds(1000)), WallTime(seconds(1'700'000'000))};
// When everything is well again, this is more than enough for whatever is left.
constexpr Duration kDrainMax = minutes(20);

}  // namespace

World::World(uint64_t seed, bool trace, MakeFilters make_filters)
    : trace_(trace),
      make_filters_(std::move(make_filters)),
      random_(seed),
      options_(random_broker(random_)),
      weather_(random_weather(random_)),
      now_(kStart) {
  stored_ = random_.chance(0.4);
  broker_ = std::make_unique<Broker>(options_, access_, random_, now_,
                                     stored_ ? &store_ : nullptr);
  actions_left_ = 20 + small_below(random_, 400);
  pause_max_ = milliseconds(10 + small_below(random_, 3000));
  late_max_ = milliseconds(small_below(random_, 20));
  add_peers();
}

World::~World() = default;

void World::add_peers() {
  const size_t count = 2 + random_.below(9);
  for (size_t i = 0; i < count; ++i) {
    peers_.push_back(std::make_unique<Peer>(
        i, random_client(random_, i, options_, ledger_), options_, random_, ledger_));
  }
  // Clients that take the identifier of another one.
  for (uint64_t n = random_.chance(0.2) ? 1 + random_.below(2) : 0; n > 0; --n) {
    Peer& victim = *peers_[random_.below(count)];
    if (victim.session.client_id().empty()) continue;
    ClientOptions options = random_client(random_, peers_.size(), options_, ledger_);
    options.client_id = victim.session.client_id();
    peers_.push_back(std::make_unique<Peer>(peers_.size(), std::move(options), options_, random_,
                                            ledger_));
    peers_.back()->trusted = victim.trusted = false;
  }
  for (const auto& peer : peers_) {
    if (!peer->trusted) model_.distrust(peer->session.options().client_id);
    peer->connect_at = now_.mono + up_to(seconds(2));
    peer->act_at = now_.mono + up_to(pause_max_);
  }
}

Totals World::run() {
  chaos();
  clear_up();
  drain("after the chaos");
  probe();
  audit_retained();
  shut_down();
  check_end();
  return {ledger_.size() - 1, deliveries_.arrived_count()};
}

void World::chaos() {
  while (actions_left_ > 0) step();
}

// Something that no client wants.
void World::disturb() {
  if (links_.empty() || random_.chance(0.93)) return;
  auto link = links_.begin();
  std::advance(link, random_.below(links_.size()));
  switch (random_.below(8)) {
    case 0:
    case 1:
    case 2:
      trace([&] { return fmt::format("{:3} is cut", link->number); });
      link->net.cut(now_.mono);
      break;
    case 3:
    case 4:
    case 5:
      if (link->peer != nullptr) close_client(*link->peer);
      break;
    case 6: advance(now_.mono + up_to(seconds(10))); break;
    default:
      // All machines were asleep.
      trace([] { return std::string("the clock jumps"); });
      advance(now_.mono + up_to(minutes(10)));
  }
}

// The weather becomes fine, everybody comes back, and those who took others' names leave.
void World::clear_up() {
  trace([] { return std::string("the weather clears up"); });
  weather_ = calm_weather();
  for (Link& link : links_) link.net.clear_up(now_.mono);
  std::set<std::string_view> seen;
  for (const auto& peer : peers_) {
    peer->act_at = kNever;
    peer->gone = !seen.insert(peer->session.options().client_id).second &&
                 !peer->session.options().client_id.empty();
    if (peer->gone) {
      peer->connect_at = kNever;
      peer->session.disconnect();
      touch(*peer);
    } else if (peer->connect_at != kNever) {
      peer->connect_at = now_.mono + up_to(seconds(1));
    }
  }
}

bool World::quiet() const {
  if (broker_->has_dirty() || broker_flush_at_ != kNever || store_.pending() > 0) return false;
  // After a jump of the clock there are connections that the broker has yet to give up.
  if (broker_->next_deadline() <= now_.mono) return false;
  for (const auto& peer : peers_) {
    if (!peer->gone && !peer->at_rest()) return false;
  }
  for (const Link& link : links_) {
    if (link.peer == nullptr || link.peer->gone || !link.net.idle()) return false;
    if (broker_->has_output(link.conn)) return false;
  }
  return true;
}

void World::drain(const char* when) {
  const Time limit = now_.mono + kDrainMax;
  while (!quiet()) {
    if (now_.mono < limit) {
      step();
      continue;
    }
    std::string who;
    for (const auto& peer : peers_) {
      if (peer->gone || peer->at_rest()) continue;
      who += fmt::format(" peer {} is in state {} with {} messages queued, {} unfinished;",
                         peer->index, static_cast<int>(peer->session.state()),
                         peer->session.queued(), peer->sent.entries.size());
    }
    throw Failure(fmt::format("no rest {}:{}", when, who));
  }
  check_quiet();
}

// Nothing is on its way any more: what has not come now will never come.
void World::check_quiet() {
  const Counters& counters = broker_->counters();
  if (counters.limit_queued_messages + counters.limit_queued_bytes > 0) deliveries_.set_lossy();
  deliveries_.check(now_.mono);
  for (const Link& link : links_) {
    // With a Maximum Packet Size a message may fit by its topic alias and be dropped later, when
    // it would have to be sent again without.
    if (!link.peer->trusted || link.model.epoch->packet_max < kPacketMax) continue;
    if (const auto& left = link.model.epoch->sent.entries; !left.empty()) {
      throw Failure(fmt::format("the broker has not finished message {} on connection {}",
                                left.begin()->first, link.number));
    }
  }
  if (broker_->sessions() != model_.sessions()) {
    throw Failure(fmt::format("the broker has {} sessions, the model {}", broker_->sessions(),
                              model_.sessions()));
  }
  if (counters.clients_connected != model_.connected()) {
    throw Failure("the broker's number of connected clients is not the model's");
  }
  // $SYS is retained, too.
  if (options_.sys_interval == Duration::zero() &&
      broker_->retained_messages() != model_.retained()) {
    throw Failure(fmt::format("the broker has {} retained messages, the model {}",
                              broker_->retained_messages(), model_.retained()));
  }
}

// In fine weather nothing gets lost, not even QoS 0.
void World::probe() {
  deliveries_.set_calm(true);
  for (const auto& peer : peers_) {
    if (peer->gone) continue;
    for (const Qos qos : {Qos::kAtMostOnce, Qos::kAtLeastOnce, Qos::kExactlyOnce}) {
      peer->publish(now_, qos);
    }
    touch(*peer);
  }
  drain("after the probe");
}

// A new client is sent every retained message.
void World::audit_retained() {
  ClientOptions options;
  options.version = Version::kV5;
  options.client_id = "auditor";
  peers_.push_back(
      std::make_unique<Peer>(peers_.size(), std::move(options), options_, random_, ledger_));
  Peer& auditor = *peers_.back();
  auditor.connect_at = now_.mono;
  while (auditor.session.state() != ClientSession::State::kConnected) step();
  for (const char* filter : {"#", "$d/#"}) auditor.subscribe(filter, {Qos::kExactlyOnce});
  touch(auditor);
  drain("after the audit");
}

void World::shut_down() {
  for (const auto& peer : peers_) {
    if (!peer->gone && random_.chance(0.3)) peer->session.disconnect();
    if (!peer->gone) peer->check_finished();
    peer->gone = true;
    touch(*peer);
  }
  for (uint64_t n = random_.below(20); n > 0 && next_event() != kNever; --n) step();
  broker_->shut_down(now_);
  model_.shut_down(now_.mono);
  touch_broker();
  const Time limit = now_.mono + kDrainMax;
  while (!links_.empty()) {
    if (now_.mono > limit) throw Failure("connections do not end");
    step();
  }
}

void World::check_end() {
  const auto same = [](uint64_t counted, uint64_t expected, const char* what) {
    if (counted == expected) return;
    throw Failure(fmt::format("the broker counts {} {}, the simulation {}", counted, what,
                              expected));
  };
  const Counters& counters = broker_->counters();
  same(broker_->connections(), 0, "connections");
  same(counters.clients_connected, 0, "connected clients");
  same(counters.sockets, expected_.sockets, "sockets");
  same(counters.connections, expected_.connections, "CONNECTs");
  same(counters.bytes_received, expected_.bytes_received, "bytes received");
  same(counters.bytes_sent, expected_.bytes_sent, "bytes sent");
  same(counters.messages_received, expected_.messages_received, "packets received");
  same(counters.messages_sent, expected_.messages_sent, "packets sent");
  same(counters.publishes_received, expected_.publishes_received, "PUBLISHes received");
  same(counters.publishes_sent, expected_.publishes_sent, "PUBLISHes sent");
  same(counters.publish_bytes_received, expected_.publish_bytes_received, "payload received");
  same(counters.publish_bytes_sent, expected_.publish_bytes_sent, "payload sent");
  broker_ = nullptr;
  peers_.clear();
  batch_.clear();
  same(mq::Message::alive(), 0, "messages alive");
  same(mq::Message::alive_bytes(), 0, "bytes alive");
}

}  // namespace mq::sim
