#include "mqbench/load_subscriber.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/core.h>

#include "base/buffer.h"
#include "codec/packet.h"
#include "mqbench/stamp.h"

namespace mq {

LoadSubscriber::LoadSubscriber(LoadContext& context, uint32_t number, ClientRunner& runner)
    : context_(context),
      number_(number),
      runner_(runner),
      deliveries_(context.options.plan, number, &context.shares, context.options.tracks()) {}

Result<bool> LoadSubscriber::subscribe() {
  Buffer encoded;
  FilterListWriter writer(encoded, true);
  for (const LoadPlan::Subscription& one : context_.options.plan.subscriptions(number_)) {
    writer.add(one.filter, {.qos = one.qos.value_or(context_.options.sub_qos)});
  }
  if (encoded.empty()) return false;
  MQ_CHECK(runner_.session().subscribe(
      {.filters = writer.list(), .properties = context_.options.subscribe_properties.view()}));
  asked_at_ = context_.loop.read_clock().mono;
  return true;
}

Result<void> LoadSubscriber::on_subscribed(const Subscribed& answer, Now now) {
  context_.tally.suback.record((now.mono - asked_at_).count());
  const auto asked = context_.options.plan.subscriptions(number_);
  Qos granted = Qos::kExactlyOnce;
  Downgraded downgraded;
  for (size_t i = 0; i < answer.codes.size(); ++i) {
    const auto reason = static_cast<ReasonCode>(answer.codes[i]);
    if (is_error(reason)) {
      return fail(ErrorCode::kNotAuthorized,
                  fmt::format("the server refused '{}': {}", asked[i].filter, text(reason)));
    }
    const auto qos = static_cast<Qos>(answer.codes[i]);
    granted = std::min(granted, qos);
    if (qos >= asked[i].qos.value_or(context_.options.sub_qos)) continue;
    ++(qos == Qos::kAtMostOnce ? downgraded.to_qos0 : downgraded.to_qos1);
  }
  deliveries_.granted = granted;
  deliveries_.downgraded = downgraded;
  return {};
}

// What others publish: counted, and dated where mqbench has sent it on this machine.
void LoadSubscriber::on_foreign(const Publish& publish, Now now) {
  deliveries_.foreign();
  if (!context_.times.in_window(now.mono)) return;
  ++context_.tally.received_in_window;
  context_.intervals.received();
  if (const auto planned = planned_of_any_run(publish.payload)) {
    context_.intervals.response((now.mono - *planned).count());
  }
}

// A stranger may have made the number up.
void LoadSubscriber::count_delivery(uint32_t stream) {
  const LoadPlan& plan = context_.options.plan;
  if (stream < plan.streams()) context_.deliveries.delivered(plan.publisher_of(stream));
}

bool LoadSubscriber::is_intact(const Stamp& stamp, Bytes stamped, Bytes payload) const {
  const LoadOptions& options = context_.options;
  const LoadPlan& plan = options.plan;
  if (stamp.stream >= plan.streams()) return false;
  const uint32_t flow = plan.flow_index_of(plan.publisher_of(stamp.stream));
  return options.payloads_of(flow).is_intact(options.stamp, plan, stamp, stamped, payload);
}

// Whose it is and when it was due nobody knows.
void LoadSubscriber::on_unstamped(Now now) {
  if (now.mono < context_.times.window_start) return deliveries_.foreign();
  if (context_.times.in_window(now.mono)) {
    ++context_.tally.received_in_window;
    context_.intervals.received();
  }
  deliveries_.unstamped();
  ++context_.received;
}

// With the group that published it, and with that of the subscriber if it publishes nothing itself.
void LoadSubscriber::count_by_group(uint32_t stream, Duration response, bool in_window) {
  const LoadPlan& plan = context_.options.plan;
  const auto count = [&](uint32_t group) {
    GroupTally& tally = context_.tally.groups[group];
    tally.response.record(response.count());
    if (in_window) ++tally.received_in_window;
  };
  count(plan.group_of(stream));
  const uint32_t own = plan.group_of_subscriber(number_);
  if (plan.client_groups()[own].flows == 0) count(own);
}

void LoadSubscriber::on_message(const Publish& publish, Now now) {
  if (context_.options.plan.pattern() == Pattern::kNone) return on_foreign(publish, now);
  if (publish.retain) return deliveries_.foreign();
  if (context_.options.stamp == StampPlace::kNone) return on_unstamped(now);
  const LoadOptions& options = context_.options;
  std::array<uint8_t, kStampSize> room;
  const Bytes stamped = options.payloads.stamped_bytes(options.stamp, publish, room);
  const auto read = read_stamp(stamped, context_.options.run);
  if (!read) return deliveries_.foreign();
  if (options.verify == Verify::kStrict && !is_intact(read->stamp, stamped, publish.payload)) {
    return deliveries_.corrupt();
  }
  const Stamp& stamp = read->stamp;
  const bool in_window = context_.times.in_window(now.mono);
  if (in_window) {
    ++context_.tally.received_in_window;
    context_.intervals.received();
  }
  if (stamp.warm_up) return count_delivery(stamp.stream);
  if (!deliveries_.arrived(*read, publish.dup)) return;
  ++context_.received;
  count_delivery(stamp.stream);
  const Duration response = now.mono - stamp.planned;
  context_.intervals.response(response.count());
  if (!context_.tally.groups.empty()) count_by_group(stamp.stream, response, in_window);
  if (!read->compact) context_.tally.service.record((response - stamp.send_delay).count());
}

}  // namespace mq
