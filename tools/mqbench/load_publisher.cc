#include "mqbench/load_publisher.h"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "base/random.h"
#include "codec/property.h"
#include "codec/reason_code.h"

namespace mq {
namespace {

// QoS 0 is bounded by what a connection writes in a few turns: more only adds latency that the
// stamps would not show.
constexpr uint32_t kQueuedBytes = 256 * 1024;
constexpr uint32_t kQueuedMessagesMin = 2, kQueuedMessagesMax = 4096;
// Of more, each is made anew for each message.
constexpr size_t kTopicsKept = 1024;
// After that many messages the clock is read again.
constexpr uint32_t kMessagesPerClock = 64;
// A token carries the planned time in this unit, or as many of them as its client has flows, and
// goes round after 137 s.
constexpr Duration kTokenUnit{64};

const LoadPlan::Group& group_of(const LoadPlan& plan, uint32_t flow) {
  return plan.client_groups()[plan.flows()[flow].group];
}

}  // namespace

LoadPublisher::LoadPublisher(LoadContext& context, uint32_t number, ClientRunner& runner)
    : context_(context),
      number_(number),
      flow_(context.options.plan.flow_index_of(number)),
      first_stream_(context.options.plan.first_stream(number)),
      qos_(context.options.flow(flow_).qos),
      flow_in_group_(flow_ - group_of(context.options.plan, flow_).first_flow),
      flows_in_group_(group_of(context.options.plan, flow_).flows),
      receivers_max_(context.options.plan.receivers_max(number)),
      receivers_are_even_(context.options.plan.receivers_are_even(number)),
      queue_max_(std::clamp(kQueuedBytes / std::max(context.options.flow(flow_).payload_size, 1u),
                            kQueuedMessagesMin, kQueuedMessagesMax)),
      payload_(context.options.payloads_of(flow_), context.options.stamp, context.options.plan,
               number, context.payload_room),
      runner_(runner),
      streams_(context.options.plan.streams_of(number)),
      random_(uint64_t{number} << 32 | context.options.run) {
  properties_.append(context.options.publish_properties.view().encoded());
  if (context.options.stamp == StampPlace::kCorrelation) {
    static constexpr char kRoom[kCompactStampSize] = {};
    PropertyWriter(properties_)
        .add(PropertyId::kCorrelationData, std::string_view(kRoom, sizeof kRoom));
  }
  if (streams_.size() > kTopicsKept) return;
  for (uint32_t i = 0; i < streams_.size(); ++i) {
    topics_.push_back(context.options.plan.topic(first_stream_ + i));
  }
}

// Which of its topics the next message goes to: {n} takes turns, {rand:N} does not.
uint32_t LoadPublisher::next_variant() {
  if (streams_.size() == 1) return 0;
  const TopicTemplate& topic = context_.options.plan.flow_of(number_).topic;
  const auto variant = static_cast<uint32_t>(sent_ % topic.topics());
  if (!topic.random()) return variant;
  return variant +
         topic.topics() * static_cast<uint32_t>(random_.below(topic.variants() / topic.topics()));
}

const std::string& LoadPublisher::topic_of(uint32_t variant) {
  if (!topics_.empty()) return topics_[variant];
  topic_ = context_.options.plan.topic(first_stream_ + variant);
  return topic_;
}

void LoadPublisher::set_schedules(const Schedule& warm_up, const Schedule& window) {
  const uint32_t in_flow = number_ - context_.options.plan.flows()[flow_].first_publisher;
  warm_up_.turns.emplace(warm_up, in_flow);
  window_.turns.emplace(window, in_flow);
}

// Where the next message that is due belongs, null when none is.
LoadPublisher::Messages* LoadPublisher::next_due(Time now) {
  if (done_) return nullptr;
  if (context_.options.open_loop()) {
    if (!window_.turns) return nullptr;  // the run has not begun
    for (Messages* part : {&warm_up_, &window_}) {
      for (; part->next < part->due; part->take()) {
        if (part->turns->next() + context_.options.backlog_max >= now) return part;
      }
    }
    if (window_.turns->next() == kNever) finish();
    return nullptr;
  }
  if (now < context_.times.window_start) {
    return now >= context_.times.warm_up_start ? &warm_up_ : nullptr;
  }
  const uint64_t messages = context_.options.messages;
  const uint32_t publishers = context_.options.plan.publishers();
  const uint64_t share = messages / publishers + (number_ < messages % publishers ? 1 : 0);
  if (now < context_.times.window_end && (messages == 0 || window_.sent < share)) return &window_;
  finish();
  return nullptr;
}

void LoadPublisher::finish() {
  if (!std::exchange(done_, true)) ++context_.publishers_done;
}

// How many messages the connection takes now.
uint32_t LoadPublisher::room() {
  if (!runner_.connected()) return 0;
  const ClientSession& session = runner_.session();
  uint32_t room = 0;
  if (qos_ == Qos::kAtMostOnce) {
    room = queue_max_ - std::min(queue_max_, session.queued());
  } else {
    room = session.window_left();
  }
  if (context_.options.open_loop()) return room;
  if (receivers_max_ == 0) return room;
  const uint64_t window = uint64_t{context_.options.inflight} * receivers_max_;
  return static_cast<uint32_t>(
      std::min<uint64_t>(room, (window - std::min(window, under_way())) / receivers_max_));
}

// Deliveries that have not been made and may still be.
uint64_t LoadPublisher::under_way() {
  const uint64_t made = std::min(context_.deliveries.deliveries(number_), expected_);
  // What was written off may come after all.
  written_off_ = std::min(written_off_, expected_ - made);
  return expected_ - made - written_off_;
}

void LoadPublisher::pump(Time now) {
  has_due_ = false;
  Messages* part = next_due(now);
  if (part == nullptr) return;
  const bool queue_was_empty = runner_.session().queued() == 0;
  uint32_t room_left = room();
  if (room_left > 0) unblock(now);
  uint32_t count = 0;
  for (; part != nullptr && room_left > 0; part = next_due(now)) {
    if (!send(*part, now)) return;
    --room_left;
    if (++count % kMessagesPerClock == 0) now = context_.loop.read_clock().mono;
  }
  if (count > 0) runner_.wake();
  if (part == nullptr) return;
  if (!context_.options.open_loop()) {
    if (!std::exchange(starves_, true)) context_.starving.push_back(this);
  } else if (qos_ != Qos::kAtMostOnce || !queue_was_empty) {
    // A queue that was filled in this call is no fault of the broker's: the next turn goes on.
    block(now);
  }
}

bool LoadPublisher::send(Messages& part, Time now) {
  const bool warm_up = &part == &warm_up_;
  const bool open_loop = context_.options.open_loop();
  const Time planned = open_loop ? part.turns->next() : now;
  const uint32_t variant = next_variant();
  uint64_t& sequence = streams_[variant].sent[warm_up ? 0 : 1];
  const std::span<uint8_t> correlation =
      context_.options.stamp == StampPlace::kCorrelation
          ? std::span(properties_.data() + properties_.size() - kCompactStampSize,
                      kCompactStampSize)
          : std::span<uint8_t>();
  const Bytes payload = payload_.write(
      {context_.options.run, first_stream_ + variant, sequence, planned, now - planned, warm_up},
      correlation);
  const auto published = runner_.session().publish({.topic = topic_of(variant),
                                                    .payload = payload,
                                                    .qos = qos_,
                                                    .properties = Properties(properties_.bytes()),
                                                    .token = token(planned, warm_up)},
                                                   {now, {}});
  if (!published) {
    finish();
    context_.owner.client_failed(published.error());
    return false;
  }
  const uint32_t receivers = context_.options.plan.receivers_of(first_stream_ + variant);
  ++sequence;
  part.take();
  ++part.sent;
  ++sent_;
  expected_ += receivers;
  last_sent_ = now;
  GroupTally* const of_group = group_tally();
  if (context_.times.in_window(now)) {
    ++context_.tally.sent_in_window;
    context_.intervals.sent();
    if (of_group != nullptr) ++of_group->sent_in_window;
  }
  if (warm_up) return true;
  context_.expected += receivers;
  if (qos_ != Qos::kAtMostOnce) ++context_.unacked;
  // What became due while the broker did not let us send says nothing about us.
  if (open_loop && planned >= unblocked_at_) {
    context_.tally.send_lag.record((now - planned).count());
    if (of_group != nullptr) of_group->send_lag.record((now - planned).count());
  }
  return true;
}

void LoadPublisher::block(Time now) {
  if (!blocked_since_) blocked_since_ = now;
}

void LoadPublisher::unblock(Time now) {
  if (!blocked_since_) return;
  const Time from = std::max(*blocked_since_, context_.times.window_start);
  const Time to = std::min(now, context_.times.window_end);
  if (from < to && !is_cut_) context_.tally.blocked += to - from;
  is_cut_ = false;
  blocked_since_.reset();
  unblocked_at_ = now;
}

void LoadPublisher::write_off(Time now, Duration after) {
  if (now - last_sent_ >= after) written_off_ += under_way();
}

void LoadPublisher::stop_sending(Time now) {
  unblock(now);
  finish();
}

PublisherOutcome LoadPublisher::outcome() const {
  const bool open_loop = context_.options.open_loop();
  PublisherOutcome outcome{.planned = open_loop ? window_.due : window_.sent,
                           .sent = window_.sent,
                           .acked = acked_,
                           .refused = refused_,
                           .disconnects = disconnects_};
  if (streams_.size() > 1) {
    for (const Stream& stream : streams_) outcome.sent_by_stream.push_back(stream.sent[1]);
  }
  return outcome;
}

uint32_t LoadPublisher::token(Time planned, bool warm_up) const {
  if (qos_ == Qos::kAtMostOnce) return 0;  // nobody answers
  const uint32_t units = time_units(planned);
  return (units * 2 + (warm_up ? 1 : 0)) * flows_in_group_ + flow_in_group_;
}

// They go round at the largest number that a token has room for.
uint32_t LoadPublisher::time_units(Time at) const {
  const auto since = static_cast<uint64_t>((at - context_.times.warm_up_start) / kTokenUnit);
  if (flows_in_group_ == 1) return static_cast<uint32_t>(since % token_times(1));
  return static_cast<uint32_t>(since / flows_in_group_ % token_times(flows_in_group_));
}

GroupTally* LoadPublisher::group_tally() {
  if (context_.tally.groups.empty()) return nullptr;
  return context_.group_tally(context_.options.plan.flows()[flow_].group);
}

void LoadPublisher::on_acked(const Acked& acked, Now now) {
  const uint32_t token = flows_in_group_ == 1 ? acked.token : acked.token / flows_in_group_;
  if ((token & 1) != 0) return;  // of the warm-up
  --context_.unacked;
  if (is_error(acked.reason)) {
    ++refused_;
    // Of which topic it was is not known; at worst the end of the run waits for it.
    if (receivers_are_even_) context_.expected -= receivers_max_;
    ++context_.tally.errors[acked.reason];
    return;
  }
  ++acked_;
  const uint32_t units = time_units(now.mono), planned = token >> 1;
  const uint32_t passed =
      units >= planned ? units - planned : units + token_times(flows_in_group_) - planned;
  const int64_t took = (passed * kTokenUnit * flows_in_group_).count();
  context_.tally.ack.record(took);
  if (GroupTally* const of_group = group_tally()) of_group->ack.record(took);
}

void LoadPublisher::on_lost(Time now) {
  ++disconnects_;
  block(now);
}

void LoadPublisher::on_cut(Time now) {
  unblock(now);
  on_lost(now);
  is_cut_ = true;
}

}  // namespace mq
