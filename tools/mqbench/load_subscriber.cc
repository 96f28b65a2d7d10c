#include "mqbench/load_subscriber.h"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "base/buffer.h"
#include "codec/packet.h"
#include "mqbench/stamp.h"

namespace mq {
namespace {

RunnerOptions with_watch(RunnerOptions options, ReadWatch* watch) {
  options.read_watch = watch;
  return options;
}

}  // namespace

LoadSubscriber::LoadSubscriber(LoadContext& context, uint32_t number, ReadWatch* watch)
    : context_(context), number_(number),
      runner_(context.loop, with_watch(context.options.runner, watch),
              context.client_options('s', number), *this),
      deliveries_(context.options.plan, number) {}

void LoadSubscriber::connect() {
  connect_start_ = context_.loop.read_clock().mono;
  runner_.start();
}

void LoadSubscriber::stop() { runner_.stop(); }

void LoadSubscriber::subscribe() {
  Buffer encoded;
  FilterListWriter writer(encoded, true);
  for (const std::string& filter : context_.options.plan.filters(number_)) {
    writer.add(filter, {.qos = context_.options.sub_qos});
  }
  if (encoded.empty()) return ready();
  const auto subscribed = runner_.session().subscribe(
      {.filters = writer.list(), .properties = context_.options.subscribe_properties.view()});
  if (!subscribed) context_.owner.client_failed(subscribed.error());
}

void LoadSubscriber::on_subscribed(const Subscribed& answer) {
  Qos granted = Qos::kExactlyOnce;
  for (const uint8_t code : answer.codes) {
    const auto reason = static_cast<ReasonCode>(code);
    if (is_error(reason)) {
      context_.owner.client_failed(
          {ErrorCode::kNotAuthorized,
           fmt::format("subscriber {}: the server refused '{}': {}", number_,
                       context_.options.plan.filters(number_).front(), text(reason))});
      return;
    }
    granted = std::min(granted, static_cast<Qos>(code));
  }
  deliveries_.granted = granted;
  ready();
}

void LoadSubscriber::ready() {
  if (!std::exchange(was_ready_, true)) context_.owner.client_ready();
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

void LoadSubscriber::on_message(const Publish& publish, Now now) {
  if (context_.options.plan.pattern() == Pattern::kNone) return on_foreign(publish, now);
  const auto read = read_stamp(publish.payload, context_.options.run);
  if (!read || publish.retain) return deliveries_.foreign();
  const Stamp& stamp = read->stamp;
  if (context_.times.in_window(now.mono)) {
    ++context_.tally.received_in_window;
    context_.intervals.received();
  }
  if (stamp.warm_up) {
    if (stamp.publisher < context_.options.plan.publishers()) {
      context_.deliveries.delivered(stamp.publisher);
    }
    return;
  }
  if (!deliveries_.arrived(*read, publish.dup)) return;
  ++context_.received;
  context_.deliveries.delivered(stamp.publisher);
  const Duration response = now.mono - stamp.planned;
  context_.intervals.response(response.count());
  if (!read->compact) context_.tally.service.record((response - stamp.send_delay).count());
}

void LoadSubscriber::on_event(const ClientEvent& event, Now now) {
  if (const auto* message = std::get_if<MessageArrived>(&event)) {
    on_message(message->publish, now);
  } else if (const auto* subscribed = std::get_if<Subscribed>(&event)) {
    on_subscribed(*subscribed);
  } else if (const auto* connected = std::get_if<Connected>(&event)) {
    if (!std::exchange(was_connected_, true)) {
      context_.tally.connect.record((now.mono - connect_start_).count());
    }
    if (!connected->session_present) subscribe();
  }
}

void LoadSubscriber::on_lost(const Error& error, Duration, Now now) {
  ++deliveries_.disconnects;
  context_.lost('s', number_, error, now);
}

void LoadSubscriber::on_ended(const Error* error, Now) {
  if (error != nullptr) {
    context_.owner.client_failed(
        {error->code, fmt::format("subscriber {}: {}", number_, error->text), error->system});
  }
  context_.owner.client_ended();
}

}  // namespace mq
