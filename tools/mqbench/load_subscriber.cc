#include "mqbench/load_subscriber.h"

#include <algorithm>
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
      deliveries_(context.options.plan, number, &context.shares) {}

Result<bool> LoadSubscriber::subscribe() {
  Buffer encoded;
  FilterListWriter writer(encoded, true);
  for (const LoadPlan::Subscription& one : context_.options.plan.subscriptions(number_)) {
    writer.add(one.filter, {.qos = one.qos.value_or(context_.options.sub_qos)});
  }
  if (encoded.empty()) return false;
  MQ_CHECK(runner_.session().subscribe(
      {.filters = writer.list(), .properties = context_.options.subscribe_properties.view()}));
  return true;
}

Result<void> LoadSubscriber::on_subscribed(const Subscribed& answer) {
  Qos granted = Qos::kExactlyOnce;
  for (size_t i = 0; i < answer.codes.size(); ++i) {
    const auto reason = static_cast<ReasonCode>(answer.codes[i]);
    if (is_error(reason)) {
      return fail(
          ErrorCode::kNotAuthorized,
          fmt::format("the server refused '{}': {}",
                      context_.options.plan.subscriptions(number_)[i].filter, text(reason)));
    }
    granted = std::min(granted, static_cast<Qos>(answer.codes[i]));
  }
  deliveries_.granted = granted;
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

void LoadSubscriber::on_message(const Publish& publish, Now now) {
  if (context_.options.plan.pattern() == Pattern::kNone) return on_foreign(publish, now);
  const auto read = read_stamp(publish.payload, context_.options.run);
  if (!read || publish.retain) return deliveries_.foreign();
  const Stamp& stamp = read->stamp;
  if (context_.times.in_window(now.mono)) {
    ++context_.tally.received_in_window;
    context_.intervals.received();
  }
  if (stamp.warm_up) return count_delivery(stamp.stream);
  if (!deliveries_.arrived(*read, publish.dup)) return;
  ++context_.received;
  count_delivery(stamp.stream);
  const Duration response = now.mono - stamp.planned;
  context_.intervals.response(response.count());
  if (!read->compact) context_.tally.service.record((response - stamp.send_delay).count());
}

}  // namespace mq
