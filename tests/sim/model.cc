#include "sim/model.h"

#include <algorithm>
#include <cassert>

#include <fmt/core.h>

#include "codec/topic.h"
#include "sim/failure.h"

namespace mq::sim {
namespace {

Time after_s(Time now, std::optional<uint32_t> delay_s) {
  return delay_s ? add(now, std::chrono::seconds(*delay_s)) : kNever;
}

uint32_t asked_expiry_s(const Connect& connect) {
  if (connect.version != Version::kV5) return connect.clean_start ? 0 : kSessionNeverExpires;
  return connect.properties.number(PropertyId::kSessionExpiryInterval).value_or(0);
}

}  // namespace

void Model::accepted(ModelLink& link, Time now) {
  link.accepted_at = link.last_received = now;
  links_[link.number] = &link;
}

size_t Model::connected() const {
  return static_cast<size_t>(std::ranges::count_if(
      links_, [](const auto& link) { return link.second->session != nullptr; }));
}

void Model::receive(ModelLink& link, const Packet& packet, Time now) {
  if (const auto* connect = std::get_if<Connect>(&packet)) return on_connect(link, *connect, now);
  if (const auto* publish = std::get_if<Publish>(&packet)) return on_publish(link, *publish, now);
  if (const auto* ack = std::get_if<Ack>(&packet)) {
    if (ack->type == PacketType::kPubrel) link.session->inbound_qos2.erase(ack->packet_id);
  } else if (const auto* subscribe = std::get_if<Subscribe>(&packet)) {
    on_subscribe(link, *subscribe, now);
  } else if (const auto* unsubscribe = std::get_if<Unsubscribe>(&packet)) {
    on_unsubscribe(link, *unsubscribe);
  } else if (const auto* disconnect = std::get_if<Disconnect>(&packet)) {
    on_disconnect(link, *disconnect, now);
  }
}

void Model::on_connect(ModelLink& link, const Connect& connect, Time now) {
  link.version = connect.version;
  const std::string client_id = connect.client_id.empty() ? fmt::format("?{}", ++unnamed_)
                                                          : std::string(connect.client_id);
  auto found = sessions_.find(client_id);
  if (found != sessions_.end()) {
    on_due(*found->second, now);  // the tick may be late
    found = sessions_.find(client_id);
  }
  if (found != sessions_.end() && found->second->link != nullptr) {
    finish(*found->second->link, ReasonCode::kSessionTakenOver, true, now);  // [MQTT-3.1.4-3]
    found = sessions_.find(client_id);
  }
  if (found != sessions_.end() && connect.clean_start) {  // [MQTT-3.1.2-4]
    end_session(*found->second, now);
    found = sessions_.end();
  }
  const bool present = found != sessions_.end();
  if (!present) {
    found = sessions_.emplace(client_id, std::make_unique<ModelSession>()).first;
    Epoch& epoch = epochs_.emplace_back();
    epoch.number = static_cast<uint32_t>(epochs_.size());
    epoch.client_id = client_id;
    epoch.trusted = !distrusted_.contains(client_id);
    found->second->epoch = &epoch;
  }
  ModelSession& session = *found->second;
  session.link = &link;
  session.expiry_s = std::min(asked_expiry_s(connect),
                              options_.session_expiry_max_s.value_or(kSessionNeverExpires));
  session.expires = session.will_due = kNever;
  session.will.reset();  // [MQTT-3.1.3-9]
  if (connect.will) {
    const Publication* message = ledger_.find(connect.will->payload);
    assert(message != nullptr);
    session.will = ModelWill{
        message->number,
        connect.will->properties.number(PropertyId::kWillDelayInterval).value_or(0)};
  }
  session.epoch->packet_max =
      std::min(session.epoch->packet_max,
               connect.properties.number(PropertyId::kMaximumPacketSize).value_or(kPacketMax));
  link.state = ModelLink::State::kConnected;
  link.session = &session;
  link.epoch = session.epoch;
  link.keep_alive_s = connect.keep_alive_s;
  if (connect.version == Version::kV5 && options_.server_keep_alive_s) {
    link.keep_alive_s = *options_.server_keep_alive_s;
  }
  link.connack = Connack{present && connect.version != Version::kV31, ReasonCode::kSuccess, {}};
}

void Model::assigned(ModelLink& link, std::string_view client_id) {
  const auto found = sessions_.find(link.epoch->client_id);
  if (found == sessions_.end()) return;  // over already
  auto session = std::move(found->second);
  sessions_.erase(found);
  session->epoch->client_id = client_id;
  sessions_[std::string(client_id)] = std::move(session);
}

void Model::on_publish(ModelLink& link, const Publish& publish, Time now) {
  ModelSession& session = *link.session;
  Publication* message = ledger_.find(publish.payload);
  const uint32_t number = message == nullptr ? 0 : message->number;
  if (publish.qos == Qos::kExactlyOnce && session.inbound_qos2.contains(publish.packet_id)) {
    link.pubrecs.push_back(ReasonCode::kSuccess);  // [MQTT-4.3.3-10]
    if (message != nullptr) message->answer = ReasonCode::kSuccess;
    return;
  }
  const ReasonCode reason = accept(publish, number, session, now);
  if (message != nullptr) message->answer = reason;
  const ReasonCode answer = link.version == Version::kV5 ? reason : ReasonCode::kSuccess;
  if (publish.qos == Qos::kAtLeastOnce) link.pubacks.push_back(answer);
  if (publish.qos == Qos::kExactlyOnce) {
    if (!is_error(answer)) session.inbound_qos2.insert(publish.packet_id);
    link.pubrecs.push_back(answer);
  }
}

ReasonCode Model::accept(const Publish& publish, uint32_t number, ModelSession& from, Time now) {
  Routed routed{number,         publish.topic,           publish.qos,
                publish.retain, publish.payload.empty(), after_s(now, publish.expiry_s)};
  if (number != 0 && from.epoch->trusted) {
    // [MQTT-4.6.0-1]: what a client publishes at one QoS reaches the broker in its order.
    uint32_t& seen = last_seen_[{ledger_[number].peer, publish.qos}];
    if (number < seen && !ledger_[number].seen) {
      throw Failure(fmt::format("message {} of {} reached the broker after message {}", number,
                                from.epoch->client_id, seen));
    }
    ledger_[number].seen = true;
    seen = std::max(seen, number);
  }
  if (topic_name_fault(publish.topic, options_.topic_levels_max) != nullptr) {
    return ReasonCode::kTopicNameInvalid;
  }
  if (publish.retain && !retain(routed)) return ReasonCode::kQuotaExceeded;
  if (number != 0) {
    ++ledger_[number].accepted;
    ledger_[number].accepted_at = now;
  }
  return route(routed, &from) ? ReasonCode::kSuccess : ReasonCode::kNoMatchingSubscribers;
}

bool Model::retain(const Routed& message) {
  const std::string topic(message.topic);
  if (message.empty) {  // [MQTT-3.3.1-6]
    retained_.erase(topic);
    return true;
  }
  if (!retained_.contains(topic) && retained_.size() >= options_.retained_messages_max) {
    return false;
  }
  retained_[topic] = {message.number, message.qos, message.expires};
  return true;
}

bool Model::route(const Routed& message, const ModelSession* from) {
  bool matched = false;
  struct Group {
    std::vector<Deliveries::Member> members;
    bool reachable = false;
  };
  std::map<std::string, Group> groups;
  for (const auto& [client_id, session] : sessions_) {
    Shape shape;
    bool hit = false;
    for (const auto& [filter, subscription] : session->subscriptions) {
      const auto shared = is_shared(filter) ? split_shared(filter) : std::nullopt;
      if (!matches(shared ? shared->filter : filter, message.topic)) continue;
      const Qos qos = std::min(message.qos, subscription.options.qos);  // [MQTT-3.8.4-8]
      // [MQTT-3.3.1-12] [MQTT-3.3.1-13]
      const bool retain = message.retain && subscription.options.retain_as_published;
      if (shared) {
        Shape share{qos, retain, {}};
        if (subscription.id != 0) share.subscription_ids = {subscription.id};
        Group& group = groups[filter];
        group.members.push_back({session->epoch, share});
        // At QoS 0 nothing waits for somebody who is away.
        group.reachable |=
            session->link != nullptr || subscription.options.qos != Qos::kAtMostOnce;
        continue;
      }
      if (subscription.options.no_local && session.get() == from) continue;  // [MQTT-3.8.3-3]
      hit = true;
      shape.qos = std::max(shape.qos, qos);  // [MQTT-3.3.4-2]
      shape.retain |= retain;
      if (subscription.id != 0) shape.subscription_ids.push_back(subscription.id);
    }
    if (!hit) continue;
    matched = true;
    if (shape.qos == Qos::kAtMostOnce && session->link == nullptr) continue;
    std::ranges::sort(shape.subscription_ids);
    deliveries_.expect(*session->epoch, message.number, message.topic, shape, message.expires,
                       false);
  }
  for (auto& [name, group] : groups) {
    if (!group.reachable) continue;
    matched = true;
    deliveries_.expect_shared(name, std::move(group.members), message.number, message.topic,
                              message.expires);
  }
  return matched;
}

void Model::on_subscribe(ModelLink& link, const Subscribe& subscribe, Time now) {
  ModelSession& session = *link.session;
  const uint32_t id =
      subscribe.properties.number(PropertyId::kSubscriptionIdentifier).value_or(0);
  std::vector<uint8_t> codes;
  for (const Subscription wanted : subscribe.filters) {
    const std::string filter(wanted.filter);
    const auto shared = is_shared(filter) ? split_shared(filter) : std::nullopt;
    const bool known = session.subscriptions.contains(filter);
    if (!known && session.subscriptions.size() >= options_.subscriptions_max) {
      codes.push_back(static_cast<uint8_t>(link.version == Version::kV5
                                               ? ReasonCode::kQuotaExceeded
                                               : ReasonCode::kUnspecifiedError));
      continue;
    }
    SubscribeOptions options = wanted.options;
    options.qos = std::min(options.qos, options_.qos_max);
    session.subscriptions[filter] = {options, id};
    codes.push_back(static_cast<uint8_t>(options.qos));
    if (shared) {
      deliveries_.joined(filter, *session.epoch);
      continue;
    }
    // [MQTT-3.3.1-9] [MQTT-3.3.1-10] [MQTT-3.3.1-11]
    if (options.retain_handling == RetainHandling::kDoNotSend ||
        (options.retain_handling == RetainHandling::kSendIfNew && known)) {
      continue;
    }
    for (const auto& [topic, kept] : retained_) {
      if (kept.expires < now || !matches(filter, topic)) continue;
      Shape shape{std::min(kept.qos, options.qos), true, {}};  // [MQTT-3.3.1-8]
      if (id != 0) shape.subscription_ids = {id};
      deliveries_.expect(*session.epoch, kept.number, topic, shape, kept.expires, true);
    }
  }
  link.subacks.push_back(std::move(codes));
}

void Model::on_unsubscribe(ModelLink& link, const Unsubscribe& unsubscribe) {
  std::vector<uint8_t> codes;
  for (const Subscription wanted : unsubscribe.filters) {
    const std::string filter(wanted.filter);
    const bool known = link.session->subscriptions.erase(filter) > 0;
    if (known && is_shared(filter)) deliveries_.left(filter);
    codes.push_back(static_cast<uint8_t>(known ? ReasonCode::kSuccess
                                               : ReasonCode::kNoSubscriptionExisted));
  }
  if (link.version != Version::kV5) codes.clear();
  link.unsubacks.push_back(std::move(codes));
}

void Model::on_disconnect(ModelLink& link, const Disconnect& disconnect, Time now) {
  if (const auto expiry = disconnect.properties.number(PropertyId::kSessionExpiryInterval)) {
    link.session->expiry_s =
        std::min(*expiry, options_.session_expiry_max_s.value_or(kSessionNeverExpires));
  }
  // [MQTT-3.14.4-3]
  finish(link, std::nullopt, disconnect.reason != ReasonCode::kSuccess, now);
}

void Model::finish(ModelLink& link, std::optional<ReasonCode> goodbye, bool with_will, Time now) {
  if (link.state == ModelLink::State::kClosing) return;
  if (link.state == ModelLink::State::kConnected && link.version == Version::kV5) {
    link.goodbye = goodbye;
  }
  link.state = ModelLink::State::kClosing;
  if (link.session != nullptr) detach(link, with_will, now);
}

void Model::detach(ModelLink& link, bool with_will, Time now) {
  ModelSession& session = *link.session;
  session.link = nullptr;
  link.session = nullptr;
  if (!with_will) session.will.reset();  // [MQTT-3.1.2-10]
  if (session.will) {
    session.will_due = add(now, std::chrono::seconds(session.will->delay_s));
    if (session.will->delay_s == 0) publish_will(session, now);
  }
  if (session.expiry_s == 0) return end_session(session, now);
  session.expires = session.expiry_s == kSessionNeverExpires
                        ? kNever
                        : add(now, std::chrono::seconds(session.expiry_s));
}

void Model::end_session(ModelSession& session, Time now) {
  publish_will(session, now);  // [MQTT-3.1.2-8]
  for (const auto& [filter, subscription] : session.subscriptions) {
    if (!is_shared(filter)) continue;
    deliveries_.left(filter);
    left_.insert(filter);
  }
  session.epoch->alive = false;
  sessions_.erase(std::string(session.epoch->client_id));
}

void Model::publish_will(ModelSession& session, Time now) {
  session.will_due = kNever;
  if (!session.will) return;
  Publication& message = ledger_[session.will->number];
  session.will.reset();
  ++message.accepted;
  message.accepted_at = now;
  const Routed routed{message.number,
                      message.topic,
                      message.qos,
                      message.retain,
                      message.payload.empty(),
                      after_s(now, message.expiry_s)};
  if (message.retain) retain(routed);
  route(routed, &session);
}

void Model::on_due(ModelSession& session, Time now) {
  if (session.will_due <= now) publish_will(session, now);
  if (session.expires <= now) end_session(session, now);
}

void Model::closed(ModelLink& link, Time now) {
  finish(link, std::nullopt, true, now);
  links_.erase(link.number);
}

void Model::shut_down(Time now) {
  for (const auto& [number, link] : links_) {
    finish(*link, ReasonCode::kServerShuttingDown, true, now);
  }
}

void Model::tick(Time now) {
  left_.clear();
  for (const auto& [number, link] : links_) {
    if (link->state == ModelLink::State::kAwaitConnect) {
      if (link->accepted_at + options_.connect_timeout <= now) finish(*link, {}, true, now);
    } else if (link->state == ModelLink::State::kConnected && link->keep_alive_s != 0) {
      // [MQTT-3.1.2-22]
      if (link->last_received + std::chrono::milliseconds(1500) * link->keep_alive_s <= now) {
        finish(*link, ReasonCode::kKeepAliveTimeout, true, now);
      }
    }
  }
  std::vector<ModelSession*> due;
  for (const auto& [id, session] : sessions_) {
    if (std::min(session->expires, session->will_due) <= now) due.push_back(session.get());
  }
  for (ModelSession* session : due) on_due(*session, now);
  std::erase_if(retained_, [&](const auto& entry) { return entry.second.expires <= now; });
  // Which of several sessions goes first in one tick is not laid down: wills that were published
  // meanwhile may have gone to a member of a share group that ended after that.
  for (const std::string& filter : left_) deliveries_.left(filter);
}

}  // namespace mq::sim
