#include "bridge/relay.h"

#include <algorithm>

#include "codec/topic.h"
#include "session/via.h"

namespace mq {
namespace {

// Of what nobody waits for: no message has such a receipt.
constexpr uint32_t kNobody = HeldAcks::kReceiptMax + 1;
constexpr std::string_view kOn = "1", kOff = "0";
// Notes that may wait for the owner; it hears of the rest by their number.
constexpr size_t kNotesMax = 16;

}  // namespace

Relay::Relay(const BridgeOptions& options, ClientSession& local, ClientSession& remote)
    : options_(options), ends_{{&local}, {&remote}} {
  for (const BridgeEnd at : {BridgeEnd::kLocal, BridgeEnd::kRemote}) {
    filters_[index(at)] = options_.topics.subscriptions(at);
  }
  end(BridgeEnd::kLocal).via = options_.via;
}

std::optional<WillOptions> Relay::will(const BridgeOptions& options, BridgeEnd at) {
  if (options.notification_topic.empty()) return std::nullopt;
  if (at == BridgeEnd::kRemote && !options.notify_remote) return std::nullopt;
  return WillOptions{.topic = options.notification_topic,
                     .payload = std::string(kOff),
                     .qos = Qos::kAtLeastOnce,
                     .retain = true};
}

void Relay::on_event(BridgeEnd at, const ClientEvent& event, Now now) {
  if (const auto* arrived = std::get_if<MessageArrived>(&event)) {
    pass_on(at, arrived->publish, arrived->receipt, now);
  } else if (const auto* acked = std::get_if<Acked>(&event)) {
    on_acked(at, *acked);
  } else if (const auto* connected = std::get_if<Connected>(&event)) {
    on_connected(at, *connected, now);
  } else if (const auto* refused = std::get_if<ConnectRefused>(&event)) {
    on_refused(at, refused->reason);
  } else if (const auto* subscribed = std::get_if<Subscribed>(&event)) {
    on_subscribed(at, *subscribed);
  } else if (std::holds_alternative<Unsubscribed>(event)) {
    --end(at).unanswered;
  }
  if (at == BridgeEnd::kLocal && up(at) && end(at).unanswered == 0) preparing_ = false;
}

void Relay::on_connected(BridgeEnd at, const Connected& connected, Now now) {
  End& here = end(at);
  here.up = true;
  here.session_present = connected.session_present;
  here.unanswered = 0;
  here.retains = connected.properties.number(PropertyId::kRetainAvailable).value_or(1) != 0;
  here.qos_max = static_cast<Qos>(connected.properties.number(PropertyId::kMaximumQos)
                                      .value_or(static_cast<uint32_t>(Qos::kExactlyOnce)));
  if (at == BridgeEnd::kRemote) here.via = first_via(connected.properties);
  if (established()) return announce(now);
  // The local broker begins to queue, if its session will last; what it has retained it sends when
  // there is somewhere to put it.
  if (at == BridgeEnd::kLocal && !here.session->options().clean_start) {
    subscribe(at, RetainHandling::kDoNotSend);
  }
}

// A broker that retains nothing, or has less QoS, says so only in the CONNACK that refuses a will.
void Relay::on_refused(BridgeEnd at, ReasonCode reason) {
  End& here = end(at);
  if (reason == ReasonCode::kRetainNotSupported) {
    here.retains = false;
  } else if (reason == ReasonCode::kQosNotSupported) {
    here.qos_max = Qos::kAtMostOnce;
  }
}

void Relay::subscribe(BridgeEnd at, RetainHandling retained) {
  End& here = end(at);
  const bool v5 = here.session->options().version == Version::kV5;
  Buffer encoded;
  const std::vector<TopicMap::Filter>& filters = filters_[index(at)];
  // One each: a broker that does not like one of them should not refuse them all.
  for (size_t i = 0; i < filters.size(); ++i) {
    // A session that goes on has its subscriptions, once this program has made them: an earlier one
    // may have had another configuration. Retained messages of QoS 0 were not queued meanwhile.
    const bool again = at == BridgeEnd::kLocal && filters[i].qos == Qos::kAtMostOnce;
    if (here.session_present && here.subscribed && !again) continue;
    SubscribeOptions wanted{.qos = std::min(filters[i].qos, here.qos_max)};
    if (v5) {
      // [MQTT-3.8.3-4]. Nothing comes back to where it came from, and what is retained there is
      // retained here.
      wanted.no_local = !is_shared(filters[i].filter);
      wanted.retain_as_published = true;
      wanted.retain_handling = retained;
    }
    encoded.clear();
    FilterListWriter writer(encoded, true);
    writer.add(filters[i].filter, wanted);
    const auto sent =
        here.session->subscribe({.filters = writer.list(), .token = static_cast<uint32_t>(i)});
    if (sent) {
      ++here.unanswered;
    } else {
      note(Note::What::kTopicRefused, at, filters[i].filter, sent.error().text);
    }
  }
  const bool old = here.session_present && !here.subscribed;
  if (old && (at == BridgeEnd::kLocal || options_.attempt_unsubscribe)) {
    for (const std::string& filter : options_.topics.only_published(at)) {
      encoded.clear();
      FilterListWriter writer(encoded, false);
      writer.add(filter);
      if (here.session->unsubscribe({.filters = writer.list()})) ++here.unanswered;
    }
  }
  here.subscribed = retained != RetainHandling::kDoNotSend;
}

void Relay::announce(Now now) {
  subscribe(BridgeEnd::kLocal, RetainHandling::kSend);
  subscribe(BridgeEnd::kRemote, RetainHandling::kSendIfNew);
  notify(BridgeEnd::kLocal, kOn, now);
  notify(BridgeEnd::kRemote, kOn, now);
}

void Relay::say_goodbye(Now now) {
  if (up(BridgeEnd::kRemote)) notify(BridgeEnd::kRemote, kOff, now);
}

void Relay::notify(BridgeEnd at, std::string_view state, Now now) {
  const auto will = Relay::will(options_, at);
  if (!will) return;
  End& to = end(at);
  // Of QoS 0 when it is the last word: nobody waits for the answer.
  const Qos qos = state == kOff ? Qos::kAtMostOnce : std::min(will->qos, to.qos_max);
  const auto sent = to.session->publish({.topic = will->topic,
                                         .payload = to_bytes(state),
                                         .qos = qos,
                                         .retain = to.retains,
                                         .token = kNobody},
                                        now);
  if (!sent) note(Note::What::kMessageRefused, at, will->topic, sent.error().text);
}

void Relay::on_lost(BridgeEnd at) {
  End& here = end(at);
  here.up = here.dropping = false;
  here.unanswered = 0;
  if (auto will = Relay::will(options_, at)) {
    will->retain = here.retains;
    will->qos = std::min(will->qos, here.qos_max);
    here.session->set_will(std::move(will));
  }
  paused_[index(at)] = false;
  look_at_queues();
}

// Whether the message has been there before, or has come back to where it had left.
bool Relay::goes_in_circles(BridgeEnd to, Properties properties) {
  return has_via(properties, end(to).via) || has_via(properties, options_.via);
}

// What the message had, and where it leaves.
Properties Relay::with_via(Properties properties, const std::string& via) {
  if (via.empty()) return properties;
  properties_.clear();
  properties_.append(properties.encoded());
  PropertyWriter(properties_).add_user(kVia, via);
  return Properties(properties_.bytes());
}

void Relay::drop(BridgeEnd at, std::string_view why) {
  ++dropped_;
  // The first of many.
  if (!std::exchange(end(at).dropping, true)) note(Note::What::kMessageDropped, at, topic_, why);
}

void Relay::pass_on(BridgeEnd from, const Publish& publish, uint32_t receipt, Now now) {
  End& source = end(from);
  const BridgeEnd at = other(from);
  End& to = end(at);
  const bool tracked = publish.qos != Qos::kAtMostOnce;
  if (!options_.topics.map(from, publish.topic, topic_)) {
    note(Note::What::kNotMapped, from, publish.topic, "");
    if (tracked) source.session->acknowledge(receipt);
    return;
  }
  if (goes_in_circles(at, publish.properties)) {
    if (!std::exchange(circle_told_, true)) note(Note::What::kCircle, at, topic_, "");
    if (tracked) source.session->acknowledge(receipt);
    return;
  }
  const Qos qos = std::min(publish.qos, to.qos_max);
  // Nothing is queued for a broker that is away, and no more than there is room for.
  const bool full = to.session->queued_bytes() >= options_.queued_bytes_max;
  if (!tracked && (full || (at == BridgeEnd::kRemote && !up(at)))) {
    return drop(at, full ? "the queue is full" : "not connected");
  }
  const bool retain =
      publish.retain && to.retains && (at == BridgeEnd::kLocal || options_.outgoing_retain);
  const auto sent = to.session->publish({.topic = topic_,
                                         .payload = publish.payload,
                                         .qos = qos,
                                         .retain = retain,
                                         .properties = with_via(publish.properties, source.via),
                                         .token = tracked ? receipt : kNobody},
                                        now);
  if (sent) {
    ++passed_;
    to.dropping = false;
  } else {
    ++dropped_;
    note(Note::What::kMessageRefused, at, topic_, sent.error().text);
  }
  // Nobody will acknowledge it at the other end.
  if (tracked && (!sent || qos == Qos::kAtMostOnce)) source.session->acknowledge(receipt);
  look_at_queues();
}

void Relay::on_acked(BridgeEnd at, const Acked& acked) {
  if (is_error(acked.reason)) {
    if (acked.token != kNobody) ++dropped_;
    note(Note::What::kMessageRefused, at, acked.token == kNobody ? options_.notification_topic : "",
         text(acked.reason));
  }
  end(other(at)).session->acknowledge(acked.token);
  look_at_queues();
}

void Relay::on_subscribed(BridgeEnd at, const Subscribed& subscribed) {
  --end(at).unanswered;
  const TopicMap::Filter& filter = filters_[index(at)][subscribed.token];
  const auto code = static_cast<ReasonCode>(subscribed.codes[0]);
  if (is_error(code)) note(Note::What::kTopicRefused, at, filter.filter, text(code));
}

// From the limit on until half of it is free. The remote end first: its broker may hold back less
// than ours.
void Relay::look_at_queues() {
  const auto over = [&](BridgeEnd at) {
    const uint64_t limit = options_.queued_bytes_max;
    const bool paused = paused_[index(other(at))];
    return up(at) && end(at).session->queued_bytes() >= (paused ? limit / 2 : limit);
  };
  paused_[index(BridgeEnd::kRemote)] = up(BridgeEnd::kRemote) && over(BridgeEnd::kLocal);
  paused_[index(BridgeEnd::kLocal)] =
      up(BridgeEnd::kLocal) && over(BridgeEnd::kRemote) && !paused_[index(BridgeEnd::kRemote)];
}

void Relay::note(Note::What what, BridgeEnd at, std::string_view topic, std::string_view why) {
  if (notes_.size() >= kNotesMax) return;
  notes_.push_back({what, at, std::string(topic), std::string(why)});
}

}  // namespace mq
