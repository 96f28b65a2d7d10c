// One step of a simulation: whatever is due, moved from one end to the other.
#include <algorithm>

#include <fmt/core.h>

#include "sim/failure.h"
#include "sim/world.h"

namespace mq::sim {
namespace {

constexpr uint64_t kStepsMax = 1'000'000;

std::string describe(const Packet& packet, const Frame& frame) {
  std::string line(name(frame.type()));
  if (const auto* publish = std::get_if<Publish>(&packet)) {
    const Bytes start = publish->payload.first(std::min<size_t>(publish->payload.size(), 5));
    line += fmt::format(" {} QoS {}{}{} '{}' '{}'", publish->packet_id,
                        static_cast<int>(publish->qos), publish->dup ? " DUP" : "",
                        publish->retain ? " RETAIN" : "", publish->topic,
                        to_string_view(start.first(static_cast<size_t>(
                            std::ranges::find(start, '.') - start.begin()))));
  } else if (const auto* ack = std::get_if<Ack>(&packet)) {
    line += fmt::format(" {} {:#x}", ack->packet_id, static_cast<int>(ack->reason));
  } else if (const auto* connect = std::get_if<Connect>(&packet)) {
    line += fmt::format(" '{}' level {}{}{}", connect->client_id,
                        static_cast<int>(connect->version),
                        connect->clean_start ? " clean" : "", connect->will ? " will" : "");
  } else if (const auto* connack = std::get_if<Connack>(&packet)) {
    line += fmt::format(" {:#x}{}", static_cast<int>(connack->reason),
                        connack->session_present ? " present" : "");
  } else if (const auto* subscribe = std::get_if<Subscribe>(&packet)) {
    for (const Subscription filter : subscribe->filters) {
      line += fmt::format(" '{}' QoS {}", filter.filter, static_cast<int>(filter.options.qos));
    }
  } else if (const auto* disconnect = std::get_if<Disconnect>(&packet)) {
    line += fmt::format(" {:#x}", static_cast<int>(disconnect->reason));
  }
  return line;
}

// Whether what the publisher said about its message has come through unaltered and in order.
bool same_properties(Properties sent, Properties received) {
  const auto skip = [](PropertyId id) {
    return id == PropertyId::kSubscriptionIdentifier || id == PropertyId::kTopicAlias ||
           id == PropertyId::kMessageExpiryInterval;
  };
  auto a = sent.begin(), b = received.begin();
  for (;;) {
    while (a != sent.end() && skip(a->id)) ++a;
    while (b != received.end() && skip(b->id)) ++b;
    if (a == sent.end() || b == received.end()) return a == sent.end() && b == received.end();
    if (!equal(a.encoded(), b.encoded())) return false;
    ++a;
    ++b;
  }
}

void must_be(bool same, const Link& link, const char* what) {
  if (same) return;
  throw Failure(fmt::format("the broker's {} on connection {} is not the model's", what,
                            link.number));
}

template <class T>
T pop(std::deque<T>& from, const Link& link, const char* what) {
  must_be(!from.empty(), link, what);
  T value = std::move(from.front());
  from.pop_front();
  return value;
}

}  // namespace

Link::Link(uint32_t n, Peer& p, Random& random, const Weather& weather, Filters between)
    : number(n),
      peer(&p),
      net(random, weather),
      filters(std::move(between)),
      client_tap(Side::kClient, fmt::format("client of connection {}", n)),
      server_tap(Side::kServer, fmt::format("broker on connection {}", n)),
      model(n) {
  client_tap.set_session(&p.sent);
}

void World::print_trace(const std::string& line) const {
  fmt::print(stderr, "{:12.6f} {}\n", seconds(now_.mono.time_since_epoch()), line);
}

Duration World::up_to(Duration most) {
  return Duration(static_cast<int64_t>(random_.below(static_cast<uint64_t>(most.count()) + 1)));
}

void World::advance(Time to) {
  if (to <= now_.mono) return;
  now_.wall += std::chrono::floor<std::chrono::microseconds>(to.time_since_epoch()) -
               std::chrono::floor<std::chrono::microseconds>(now_.mono.time_since_epoch());
  now_.mono = to;
}

void World::touch(Peer& peer) {
  if (peer.link == nullptr) return;
  if (!peer.session.has_output() && !peer.session.wants_close()) return;
  peer.flush_at = std::min(peer.flush_at, now_.mono + up_to(late_max_));
}

void World::touch_broker() {
  broker_flush_at_ = std::min(broker_flush_at_, now_.mono + up_to(late_max_));
}

Time World::next_event() const {
  Time next = std::min({add(broker_->next_deadline(), lateness_), broker_flush_at_, durable_at_});
  for (const auto& peer : peers_) {
    next = std::min({next, peer->connect_at, peer->act_at, peer->flush_at,
                     peer->session.next_deadline()});
  }
  for (const Link& link : links_) {
    next = std::min({next, link.net.next(End::kClient), link.server_close_at});
    if (link.server_reads) next = std::min(next, link.net.next(End::kServer));
  }
  return next;
}

void World::step() {
  if (++steps_ > kStepsMax) throw Failure("it does not come to rest");
  const Time next = next_event();
  if (next == kNever) throw Failure("nothing will ever happen any more");
  advance(next);
  const Time now = now_.mono;
  if (add(broker_->next_deadline(), lateness_) <= now) {
    broker_->tick(now_);
    model_.tick(now);
    lateness_ = up_to(late_max_);
    touch_broker();
  }
  if (durable_at_ <= now) {
    broker_->durable(store_.write_one());
    durable_at_ = store_.pending() > 0 ? now + up_to(late_max_) : kNever;
    touch_broker();
  }
  for (Link& link : links_) {
    if (link.server_close_at <= now) tell_closed(link);
  }
  for (const auto& peer : peers_) {
    if (peer->session.next_deadline() <= now) {
      peer->session.tick(now_);
      touch(*peer);
    }
    if (peer->connect_at <= now) connect(*peer);
    if (peer->act_at <= now) {
      peer->act_at = now + up_to(pause_max_);
      if (actions_left_ > 0) --actions_left_;
      peer->act(now_);
      disturb();
      touch(*peer);
    }
    if (peer->flush_at <= now) pump_client(*peer);
  }
  for (Link& link : links_) {
    while (auto arrival = link.net.take(End::kClient, now)) {
      client_arrival(link, std::move(*arrival));
    }
    while (link.server_reads) {
      auto arrival = link.net.take(End::kServer, now);
      if (!arrival) break;
      server_arrival(link, std::move(*arrival));
    }
  }
  if (broker_flush_at_ <= now) pump_broker();
  links_.remove_if([](const Link& link) {
    return link.peer == nullptr && link.conn.generation == 0 && !link.server_reads;
  });
}

void World::connect(Peer& peer) {
  peer.connect_at = kNever;
  Link& link = links_.emplace_back(next_link_++, peer, random_, weather_,
                                   make_filters_ ? make_filters_() : Filters());
  trace([&] { return fmt::format("peer {} opens connection {}", peer.index, link.number); });
  peer.link = &link;
  peer.session.opened(now_);
  touch(peer);
  link.conn = broker_->accepted(now_);
  ++expected_.sockets;
  if (link.conn.generation == 0) {
    link.net.close(End::kServer, now_.mono);
    link.server_reads = false;
    return;
  }
  model_.accepted(link.model, now_.mono);
  std::vector<uint8_t> nothing;  // so that the side that speaks first does
  unwrap(link, End::kClient, nothing);
  unwrap(link, End::kServer, nothing);
}

bool World::writable(Link& link, End from) {
  const auto& filter = from == End::kClient ? link.filters.client : link.filters.server;
  return link.net.writable(from) && (filter == nullptr || filter->open());
}

// What is in the batch, wrapped up.
void World::send(Link& link, End from) {
  const auto& filter = from == End::kClient ? link.filters.client : link.filters.server;
  if (filter == nullptr) return link.net.write(from, batch_, now_.mono);
  Buffer wire;
  for (const OutBatch::Piece& piece : batch_.pieces()) {
    if (auto done = filter->to_wire(piece.bytes, wire); !done) throw Failure(done.error().text);
  }
  link.net.write(from, wire.bytes(), now_.mono);
}

// Takes from the wire what is for MQTT. True when the other end has closed in its own words.
bool World::unwrap(Link& link, End at, std::vector<uint8_t>& bytes) {
  const auto& filter = at == End::kClient ? link.filters.client : link.filters.server;
  if (filter == nullptr) return false;
  Buffer plain, wire;
  const Result<void> result = filter->from_wire(bytes, plain, wire);
  bytes.assign(plain.bytes().begin(), plain.bytes().end());
  if (!result && result.error().code != ErrorCode::kClosed) throw Failure(result.error().text);
  if (!wire.empty()) link.net.write(at, wire.bytes(), now_.mono);
  return !result;
}

void World::close(Link& link, End by) {
  const auto& filter = by == End::kClient ? link.filters.client : link.filters.server;
  Buffer wire;
  if (filter != nullptr) filter->finish(wire);
  if (!wire.empty()) link.net.write(by, wire.bytes(), now_.mono);
  link.net.close(by, now_.mono);
}

void World::client_arrival(Link& link, SimLink::Arrival arrival) {
  if (arrival.closed) return close_client(*link.peer);
  const bool ended = unwrap(link, End::kClient, arrival.bytes);
  client_bytes(link, arrival.bytes);
  if (ended && link.peer != nullptr) close_client(*link.peer);
}

void World::client_bytes(Link& link, Bytes bytes) {
  Peer& peer = *link.peer;
  ClientSession& session = peer.session;
  if (session.state() != ClientSession::State::kClosing) {
    link.client_tap.received(bytes, [](const Packet&, const Frame&) { return true; });
  }
  Bytes in = bytes;
  for (;;) {
    const auto event = session.receive(in, now_);
    if (!event) {
      trace([&] { return fmt::format("peer {} fails: {}", peer.index, event.error().text); });
      if (peer.trusted) {
        throw Failure(fmt::format("{} cannot go on: {}", session.client_id(),
                                  event.error().text));
      }
      break;
    }
    if (!event->has_value()) break;
    if (const auto* message = std::get_if<MessageArrived>(&**event)) {
      on_message(link, *message);
    } else {
      if (const auto* connected = std::get_if<Connected>(&**event)) {
        peer.note_session(*link.model.epoch, connected->session_present);
      }
      peer.on_event(**event);
    }
  }
  touch(peer);
  if (link.produce) touch_broker();  // there is room again
}

void World::on_message(Link& link, const MessageArrived& event) {
  const Publish& publish = event.publish;
  const bool v5 = link.client_tap.version() == Version::kV5;
  deliveries_.arrived(*link.model.epoch, publish, v5);
  const Publication* message = ledger_.find(publish.payload);
  if (message == nullptr || !v5) return;
  // [MQTT-3.3.2-4] [MQTT-3.3.2-15] [MQTT-3.3.2-16] [MQTT-3.3.2-17] [MQTT-3.3.2-18] [MQTT-3.3.2-20]
  if (!same_properties(message->properties.view(), publish.properties)) {
    throw Failure(fmt::format("message {} came with other properties", message->number));
  }
}

void World::pump_client(Peer& peer) {
  peer.flush_at = kNever;
  Link& link = *peer.link;
  ClientSession& session = peer.session;
  while (session.has_output() && writable(link, End::kClient)) {
    batch_.clear();
    session.produce(batch_, now_);
    if (batch_.empty()) break;
    for (const OutBatch::Piece& piece : batch_.pieces()) {
      link.client_tap.sent(piece.bytes, [&](const Packet& packet, const Frame& frame) {
        trace([&] {
          return fmt::format("{:3} peer {} > {}", link.number, peer.index,
                             describe(packet, frame));
        });
        return true;
      });
    }
    send(link, End::kClient);
  }
  if (session.wants_close()) close_client(peer);
}

void World::close_client(Peer& peer) {
  Link& link = *peer.link;
  trace([&] { return fmt::format("peer {} closes connection {}", peer.index, link.number); });
  close(link, End::kClient);
  link.peer = nullptr;
  peer.link = nullptr;
  peer.session.closed(now_);
  peer.on_closed();
  peer.flush_at = kNever;
  if (peer.gone) return;
  peer.connect_at = now_.mono + peer.backoff.next(random_);
  if (actions_left_ > 0 && random_.chance(0.2)) {
    peer.connect_at += up_to(std::chrono::seconds(40));
  }
}

void World::server_arrival(Link& link, SimLink::Arrival arrival) {
  const bool ended = !arrival.closed && unwrap(link, End::kServer, arrival.bytes);
  if (!arrival.bytes.empty()) server_bytes(link, arrival.bytes);
  if (!arrival.closed && !ended) return;
  link.net.close(End::kServer, now_.mono);
  close_server(link, up_to(late_max_));
}

void World::server_bytes(Link& link, Bytes bytes) {
  const auto closing = [&] { return link.model.state == ModelLink::State::kClosing; };
  if (!closing()) {
    expected_.bytes_received += bytes.size();
    model_.heard(link.model, now_.mono);
  }
  broker_->receive(link.conn, bytes, now_);
  touch_broker();
  if (closing()) return;
  link.server_tap.received(bytes, [&](const Packet& packet, const Frame& frame) {
    if (closing()) return false;
    trace([&] { return fmt::format("{:3} broker < {}", link.number, describe(packet, frame)); });
    ++expected_.messages_received;
    if (const auto* publish = std::get_if<Publish>(&packet)) {
      ++expected_.publishes_received;
      expected_.publish_bytes_received += publish->payload.size();
    }
    model_.receive(link.model, packet, now_.mono);
    if (std::holds_alternative<Connect>(packet)) {
      ++expected_.connections;
      link.server_tap.set_session(&link.model.epoch->sent);
    }
    return true;
  });
  if (link.peer != nullptr) touch(*link.peer);  // there is room again
}

void World::pump_broker() {
  broker_flush_at_ = kNever;
  broker_->commit();
  if (store_.pending() > 0 && durable_at_ == kNever) durable_at_ = now_.mono + up_to(late_max_);
  dirty_.clear();
  broker_->swap_dirty(dirty_);
  for (const ConnId id : dirty_) {
    broker_->clean(id);
    const auto link = std::ranges::find(links_, id, &Link::conn);
    if (link != links_.end()) link->produce = true;
  }
  for (Link& link : links_) {
    if (link.produce && link.conn.generation != 0 && link.server_reads) pump_server(link);
  }
}

void World::pump_server(Link& link) {
  while (writable(link, End::kServer)) {
    batch_.clear();
    broker_->produce(link.conn, batch_, now_);
    if (batch_.empty()) {
      link.produce = false;
      break;
    }
    expected_.bytes_sent += batch_.size();
    for (const OutBatch::Piece& piece : batch_.pieces()) {
      link.server_tap.sent(piece.bytes, [&](const Packet& packet, const Frame& frame) {
        trace([&] {
          return fmt::format("{:3} broker > {}", link.number, describe(packet, frame));
        });
        check_server_sent(link, packet);
        return true;
      });
    }
    send(link, End::kServer);
  }
  const bool closing = link.model.state == ModelLink::State::kClosing;
  if (broker_->wants_close(link.conn)) {
    must_be(closing, link, "wish to close");
    close(link, End::kServer);
    return close_server(link, up_to(late_max_));
  }
  must_be(!closing || broker_->has_output(link.conn), link, "wish to go on");
}

void World::check_server_sent(Link& link, const Packet& packet) {
  ++expected_.messages_sent;
  ModelLink& model = link.model;
  if (const auto* connack = std::get_if<Connack>(&packet)) {
    must_be(model.connack && model.connack->reason == connack->reason &&
                model.connack->session_present == connack->session_present,
            link, "CONNACK");
    const auto id = connack->properties.text(PropertyId::kAssignedClientIdentifier);
    if (id) model_.assigned(model, *id);
  } else if (const auto* ack = std::get_if<Ack>(&packet)) {
    if (ack->type == PacketType::kPuback) {
      must_be(pop(model.pubacks, link, "PUBACK") == ack->reason, link, "PUBACK");
    } else if (ack->type == PacketType::kPubrec) {
      must_be(pop(model.pubrecs, link, "PUBREC") == ack->reason, link, "PUBREC");
    }
  } else if (const auto* suback = std::get_if<Suback>(&packet)) {
    must_be(equal(pop(model.subacks, link, "SUBACK"), suback->codes), link, "SUBACK");
  } else if (const auto* unsuback = std::get_if<Unsuback>(&packet)) {
    must_be(equal(pop(model.unsubacks, link, "UNSUBACK"), unsuback->codes), link, "UNSUBACK");
  } else if (const auto* disconnect = std::get_if<Disconnect>(&packet)) {
    must_be(model.goodbye == disconnect->reason, link, "DISCONNECT");
  } else if (const auto* publish = std::get_if<Publish>(&packet)) {
    ++expected_.publishes_sent;
    expected_.publish_bytes_sent += publish->payload.size();
    must_be(model.state != ModelLink::State::kClosing, link, "PUBLISH after the end");
    const Publication* message = ledger_.find(publish->payload);
    if (message == nullptr) return;
    if (link.server_tap.version() == Version::kV5) {
      must_be(message->expiry_s.has_value() == publish->expiry_s.has_value(), link,
              "Message Expiry Interval");
    }
    if (!message->expiry_s || message->accepted != 1) return;
    const Time expires = message->accepted_at + std::chrono::seconds(*message->expiry_s);
    must_be(expires >= now_.mono || publish->dup, link, "sending of what has expired");
    const auto left = std::chrono::ceil<std::chrono::seconds>(expires - now_.mono).count();
    if (publish->expiry_s) {  // [MQTT-3.3.2-6]
      must_be(*publish->expiry_s == std::max<int64_t>(left, 0), link,
              "Message Expiry Interval");
    }
  }
}

void World::close_server(Link& link, Duration delay) {
  link.server_reads = false;
  link.produce = false;
  link.server_close_at = now_.mono + delay;
}

void World::tell_closed(Link& link) {
  trace([&] { return fmt::format("{:3} broker closes", link.number); });
  link.server_close_at = kNever;
  broker_->closed(link.conn, now_);
  model_.closed(link.model, now_.mono);
  // What still comes for a connection that is gone must not hurt.
  if (random_.chance(0.3)) broker_->receive(link.conn, to_bytes("\x10\x0ctoo late"), now_);
  link.conn.generation = 0;
  touch_broker();
}

}  // namespace mq::sim
