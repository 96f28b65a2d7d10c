// SUBSCRIBE and UNSUBSCRIBE.
#include <algorithm>

#include "broker/broker.h"
#include "broker/send_control.h"
#include "codec/decode.h"

namespace mq {
namespace {

// A filter taken apart: for an ordinary subscription `share_name` is not there.
struct SplitFilter {
  std::optional<std::string_view> share_name;
  std::string_view filter;
  const std::string_view* share() const { return share_name ? &*share_name : nullptr; }
};

// Nothing when the filter breaks the rules of section 4.7 or 4.8.2.
std::optional<SplitFilter> split(std::string_view filter) {
  SplitFilter result{std::nullopt, filter};
  if (is_shared(filter)) {
    const auto shared = split_shared(filter);
    if (!shared) return std::nullopt;
    result = {shared->share_name, shared->filter};
  }
  if (topic_filter_fault(result.filter, UINT32_MAX) != nullptr) return std::nullopt;
  return result;
}

// As one text again, for the store.
std::string whole(const SplitFilter& filter) {
  if (!filter.share_name) return std::string(filter.filter);
  std::string text("$share/");
  return text.append(*filter.share_name).append("/").append(filter.filter);
}

}  // namespace

void Broker::on_subscribe(Connection& c, const Frame& frame, Now now) {
  const auto packet = decode_subscribe(frame, c.version);
  if (!packet) return fail(c, packet.error(), now);
  Session& session = *c.session;
  const uint32_t id =
      packet->properties.number(PropertyId::kSubscriptionIdentifier).value_or(0);

  // [MQTT-3.8.4-5]: as a sequence of one-filter packets, with the answers in one SUBACK. The
  // retained messages follow it, so that a client knows what it was granted when they arrive.
  struct Replay {
    std::string filter;
    Qos qos;
  };
  std::vector<uint8_t> codes;
  std::vector<Replay> replays;
  for (const Subscription wanted : packet->filters) {
    auto filter = split(wanted.filter);
    if (!filter) {
      return fail(c, ReasonCode::kTopicFilterInvalid, "a topic filter is not valid", now);
    }
    filter->filter = mount(c, filter->filter);
    SubscribeOptions options = wanted.options;
    options.qos = std::min(options.qos, c.listener->options.qos_max);
    if (c.bridge) options.no_local = options.retain_as_published = true;

    const auto refuse = [&](ReasonCode reason) {
      log_denied(c, "subscribe_refused", reason, wanted.filter);
      // 3.1.1 knows one failure code; 3.1 none, but clients of that time do not look.
      codes.push_back(static_cast<uint8_t>(
          c.version == Version::kV5 ? reason : ReasonCode::kUnspecifiedError));
    };
    if (topic_filter_fault(filter->filter, options_.topic_levels_max) != nullptr) {
      hit(&Counters::limit_topic_levels);
      refuse(ReasonCode::kTopicFilterInvalid);
      continue;
    }
    if (!access_.may_subscribe(identity(c), filter->filter)) {
      refuse(ReasonCode::kNotAuthorized);
      continue;
    }
    if (store_state_.failing && session.stored) {
      refuse(ReasonCode::kQuotaExceeded);
      continue;
    }
    if (session.subscriptions.size() >= limit(&BrokerOptions::subscriptions_max,
                                              &ListenerOptions::subscriptions_max,
                                              c.listener->id) &&
        !subscriptions_.contains(session, filter->filter, filter->share())) {
      hit(&Counters::limit_subscriptions);
      refuse(ReasonCode::kQuotaExceeded);
      continue;
    }
    const bool fresh = subscriptions_.add(session, filter->filter, filter->share(), options, id) ==
                       Subscriptions::Added::kNew;
    if (session.stored) {
      change().put_subscription({session.client_id, whole(*filter), options, id});
      hold(c);
    }
    codes.push_back(static_cast<uint8_t>(options.qos));
    // [MQTT-3.3.1-9] [MQTT-3.3.1-10] [MQTT-3.3.1-11]; a share group gets none (section 4.8.2).
    const bool replay = options.retain_handling == RetainHandling::kSend ||
                        (options.retain_handling == RetainHandling::kSendIfNew && fresh);
    if (replay && !filter->share_name) {
      replays.push_back({std::string(filter->filter), options.qos});
    }
  }
  if (!send_control(c, Suback{packet->packet_id, {}, codes})) {
    return fail(c, ReasonCode::kPacketTooLarge,
                "SUBACK is over the client's Maximum Packet Size", now);
  }
  for (const Replay& replay : replays) send_retained(c, replay.filter, replay.qos, id, now);
}

void Broker::on_unsubscribe(Connection& c, const Frame& frame, Now now) {
  const auto packet = decode_unsubscribe(frame, c.version);
  if (!packet) return fail(c, packet.error(), now);
  std::vector<uint8_t> codes;
  for (const Subscription wanted : packet->filters) {
    auto filter = split(wanted.filter);
    if (!filter) {
      return fail(c, ReasonCode::kTopicFilterInvalid, "a topic filter is not valid", now);
    }
    filter->filter = mount(c, filter->filter);
    const bool existed =
        subscriptions_.remove(*c.session, filter->filter, filter->share());
    if (existed && c.session->stored) {
      change().drop_subscription(c.session->client_id, whole(*filter));
      hold(c);
    }
    codes.push_back(static_cast<uint8_t>(existed ? ReasonCode::kSuccess
                                                 : ReasonCode::kNoSubscriptionExisted));
  }
  if (!send_control(c, Unsuback{packet->packet_id, {}, codes})) {
    return fail(c, ReasonCode::kPacketTooLarge,
                "UNSUBACK is over the client's Maximum Packet Size", now);
  }
}

}  // namespace mq
