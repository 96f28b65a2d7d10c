#include "mqbench/load_publisher.h"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "base/random.h"
#include "codec/reason_code.h"
#include "mqbench/stamp.h"

namespace mq {
namespace {

// QoS 0 is bounded by what a connection writes in a few turns: more only adds latency that the
// stamps would not show.
constexpr uint32_t kQueuedBytes = 256 * 1024;
constexpr uint32_t kQueuedMessagesMin = 2, kQueuedMessagesMax = 4096;
// After that many messages the clock is read again.
constexpr uint32_t kMessagesPerClock = 64;
// A token carries the planned time: its low bits in this unit, which go round after 137 s.
constexpr Duration kTokenUnit{64};
constexpr uint32_t kTokenTimes = UINT32_MAX >> 1;

// Incompressible, and different for each publisher; the stamp is written over its beginning.
std::vector<uint8_t> random_payload(size_t size, uint64_t seed) {
  Random random(seed);
  std::vector<uint8_t> payload(size);
  for (uint8_t& byte : payload) byte = static_cast<uint8_t>(random.next());
  return payload;
}

uint32_t time_bits(Duration since_start) {
  return static_cast<uint32_t>(since_start / kTokenUnit) & kTokenTimes;
}

}  // namespace

LoadPublisher::LoadPublisher(LoadContext& context, uint32_t number)
    : context_(context), number_(number), receivers_(context.options.plan.receivers_of(number)),
      topic_(context.options.plan.topic(number)),
      queue_max_(std::clamp(kQueuedBytes / context.options.payload_size, kQueuedMessagesMin,
                            kQueuedMessagesMax)),
      payload_(random_payload(context.options.payload_size,
                              uint64_t{context.options.run} << 32 | number)),
      runner_(context.loop, context.options.runner, context.client_options('p', number), *this) {}

void LoadPublisher::connect() {
  connect_start_ = context_.loop.read_clock().mono;
  runner_.start();
}

void LoadPublisher::set_schedules(const Schedule* warm_up, const Schedule* window) {
  warm_up_.schedule = warm_up;
  window_.schedule = window;
}

// Where the next message that is due belongs, null when none is.
LoadPublisher::Messages* LoadPublisher::next_due(Time now) {
  if (done_) return nullptr;
  if (context_.options.open_loop()) {
    if (window_.schedule == nullptr) return nullptr;  // the run has not begun
    for (Messages* part : {&warm_up_, &window_}) {
      for (; part->next < part->due; ++part->next) {
        const Time planned = part->schedule->planned(number_, part->next);
        if (planned + context_.options.backlog_max >= now) return part;
      }
    }
    if (window_.next == window_.schedule->messages_of(number_)) finish();
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
  if (context_.options.qos == Qos::kAtMostOnce) {
    room = queue_max_ - std::min(queue_max_, session.queued());
  } else {
    room = session.window_left();
  }
  if (context_.options.open_loop()) return room;
  const uint64_t inflight = context_.options.inflight;
  return static_cast<uint32_t>(
      std::min<uint64_t>(room, inflight - std::min(inflight, under_way())));
}

// Messages that have not reached their subscribers and may still do so.
uint64_t LoadPublisher::under_way() {
  if (receivers_ == 0) return 0;
  const uint64_t arrived = std::min(context_.deliveries.arrived(number_), sent_);
  // What was written off may come after all.
  written_off_ = std::min(written_off_, sent_ - arrived);
  return sent_ - arrived - written_off_;
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
  } else if (context_.options.qos != Qos::kAtMostOnce || !queue_was_empty) {
    // A queue that was filled in this call is no fault of the broker's: the next turn goes on.
    block(now);
  }
}

bool LoadPublisher::send(Messages& part, Time now) {
  const bool warm_up = &part == &warm_up_;
  const bool open_loop = context_.options.open_loop();
  const Time planned = open_loop ? part.schedule->planned(number_, part.next) : now;
  write_stamp({context_.options.run, number_, part.sent, planned, now - planned, warm_up},
              payload_);
  const Qos qos = context_.options.qos;
  const auto published =
      runner_.session().publish({.topic = topic_, .payload = payload_, .qos = qos,
                                 .properties = context_.options.publish_properties.view(),
                                 .token = token(planned, warm_up)},
                                {now, {}});
  if (!published) {
    finish();
    context_.owner.client_failed(published.error());
    return false;
  }
  ++part.next;
  ++part.sent;
  ++sent_;
  last_sent_ = now;
  if (context_.times.in_window(now)) {
    ++context_.tally.sent_in_window;
    context_.intervals.sent();
  }
  if (warm_up) return true;
  context_.expected += receivers_;
  if (qos != Qos::kAtMostOnce) ++context_.unacked;
  // What became due while the broker did not let us send says nothing about us.
  if (open_loop && planned >= unblocked_at_) {
    context_.tally.send_lag.record((now - planned).count());
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
  if (from < to) context_.tally.blocked += to - from;
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

void LoadPublisher::stop() { runner_.stop(); }

PublisherOutcome LoadPublisher::outcome() const {
  const bool open_loop = context_.options.open_loop();
  return {.planned = open_loop ? window_.due : window_.sent,
          .sent = window_.sent,
          .acked = acked_,
          .refused = refused_,
          .disconnects = disconnects_};
}

void LoadPublisher::on_event(const ClientEvent& event, Now now) {
  if (const auto* acked = std::get_if<Acked>(&event)) {
    on_acked(*acked, now);
  } else if (std::holds_alternative<Connected>(event) && !std::exchange(was_ready_, true)) {
    context_.tally.connect.record((now.mono - connect_start_).count());
    context_.owner.client_ready();
  }
}

void LoadPublisher::on_progress(Now now) { pump(now.mono); }

uint32_t LoadPublisher::token(Time planned, bool warm_up) const {
  return time_bits(planned - context_.times.warm_up_start) << 1 | (warm_up ? 1 : 0);
}

void LoadPublisher::on_acked(const Acked& acked, Now now) {
  if ((acked.token & 1) != 0) return;  // of the warm-up
  --context_.unacked;
  if (is_error(acked.reason)) {
    ++refused_;
    context_.expected -= receivers_;
    ++context_.tally.errors[acked.reason];
    return;
  }
  ++acked_;
  const uint32_t units =
      (time_bits(now.mono - context_.times.warm_up_start) - (acked.token >> 1)) & kTokenTimes;
  context_.tally.ack.record((units * kTokenUnit).count());
}

void LoadPublisher::on_lost(const Error& error, Duration, Now now) {
  ++disconnects_;
  context_.lost('p', number_, error, now);
  block(now.mono);
}

void LoadPublisher::on_ended(const Error* error, Now) {
  if (error != nullptr) {
    context_.owner.client_failed(
        {error->code, fmt::format("publisher {}: {}", number_, error->text), error->system});
  }
  context_.owner.client_ended();
}

}  // namespace mq
