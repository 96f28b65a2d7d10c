#include "mqbench/start_barrier.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include <fmt/core.h>

#include "base/buffer.h"
#include "codec/packet.h"
#include "codec/reason_code.h"
#include "common/options.h"
#include "mqbench/missing_shards.h"

namespace mq {
namespace {

constexpr std::string_view kGo = "go";
constexpr size_t kShownMax = 500;       // of what others say
// For the word that shard 0 gives up to come back to it.
constexpr Duration kTellTimeout = std::chrono::seconds(5);

std::string prefix(const BarrierOptions& options) {
  return fmt::format("mqbench/{}/ready/", options.run);
}

// Nothing retained, where the shard's word was.
ClientOptions with_will(const BarrierOptions& options) {
  ClientOptions client = options.client;
  client.client_id = fmt::format("mqbench-{}-shard{}", options.run, options.shard);
  client.will = WillOptions{.topic = fmt::format("{}{}", prefix(options), options.shard),
                            .payload = "",
                            .qos = Qos::kAtLeastOnce,
                            .retain = true};
  return client;
}

// What another process said, for a terminal.
std::string shown(std::string_view text) {
  std::string to(text.substr(0, kShownMax));
  std::ranges::replace_if(
      to, [](char c) { return c < 0x20 || c == 0x7F; }, '?');
  return to;
}

}  // namespace

StartBarrier::StartBarrier(Loop& loop, BarrierOptions options, std::function<void(Result<void>)> go)
    : options_(std::move(options)),
      ready_prefix_(prefix(options_)),
      ready_topic_(fmt::format("{}{}", ready_prefix_, options_.shard)),
      go_topic_(fmt::format("mqbench/{}/go", options_.run)),
      go_(std::move(go)),
      runner_(loop, options_.runner, with_will(options_), *this),
      timer_(loop, [this](Now now) { on_timeout(now); }) {
  timer_.set(loop.now().mono + options_.timeout);
}

void StartBarrier::wait() {
  runner_.start();
}

void StartBarrier::subscribe() {
  Buffer encoded;
  FilterListWriter writer(encoded, true);
  writer.add(go_topic_, {.qos = Qos::kAtLeastOnce});
  if (options_.shard == 0) writer.add(ready_prefix_ + "+", {.qos = Qos::kAtLeastOnce});
  const auto subscribed = runner_.session().subscribe({.filters = writer.list()});
  if (!subscribed) finish(tl::unexpected(subscribed.error()));
}

void StartBarrier::publish(std::string_view topic, std::string_view payload, bool retain, Now now) {
  const auto published = runner_.session().publish(
      {.topic = topic, .payload = to_bytes(payload), .qos = Qos::kAtLeastOnce, .retain = retain},
      now);
  if (!published) finish(tl::unexpected(published.error()));
}

void StartBarrier::on_event(const ClientEvent& event, Now now) {
  if (std::holds_alternative<Connected>(event)) {
    subscribe();
  } else if (const auto* subscribed = std::get_if<Subscribed>(&event)) {
    for (const uint8_t code : subscribed->codes) {
      if (!is_error(static_cast<ReasonCode>(code))) continue;
      return finish(fail(ErrorCode::kNotAuthorized,
                         fmt::format("--sync: the server refused '{}'", go_topic_)));
    }
    publish(ready_topic_, options_.load, true, now);
  } else if (const auto* message = std::get_if<MessageArrived>(&event)) {
    on_message(message->publish, now);
  }
}

void StartBarrier::on_message(const Publish& publish_packet, Now now) {
  const std::string_view payload = to_string_view(publish_packet.payload);
  if (publish_packet.topic == go_topic_) {
    publish(ready_topic_, "", true, now);
    if (payload == kGo) return finish({});
    return finish(fail(ErrorCode::kProtocol, fmt::format("--sync: {}", shown(payload))));
  }
  if (!publish_packet.topic.starts_with(ready_prefix_) || is_given_up_) return;
  const auto shard = parse_number(publish_packet.topic.substr(ready_prefix_.size()));
  if (!shard) return;
  if (payload.empty()) {
    heard_of_.erase(static_cast<uint32_t>(*shard));
    return;
  }
  if (payload != options_.load) {
    return give_up(fmt::format("shard {} was given other options: {}; and shard 0: {}", *shard,
                               shown(payload), options_.load),
                   now);
  }
  if (*shard < options_.shards) heard_of_.insert(static_cast<uint32_t>(*shard));
  if (heard_of_.size() == options_.shards) publish(go_topic_, kGo, false, now);
}

void StartBarrier::on_timeout(Now now) {
  const double waited = seconds(options_.timeout);
  const auto ended = [this](std::string_view why) {
    finish(fail(ErrorCode::kTimedOut, fmt::format("--sync: {}", why)));
  };
  if (is_given_up_) return ended("the other shards could not be told that there will be no sign");
  if (!runner_.connected()) return ended(fmt::format("no connection for {:g} s", waited));
  if (options_.shard != 0) {
    return ended(fmt::format("shard 0 has not given the sign for {:g} s", waited));
  }
  give_up(fmt::format("{} of {} shards were not ready for {:g} s: number {}",
                      options_.shards - heard_of_.size(), options_.shards, waited,
                      missing_shards(heard_of_, options_.shards)),
          now);
}

// It hears that itself, and ends as the others do.
void StartBarrier::give_up(std::string why, Now now) {
  is_given_up_ = true;
  timer_.set(now.mono + kTellTimeout);
  publish(go_topic_, why, false, now);
  runner_.wake();
}

void StartBarrier::on_lost(const Error& error, Duration, Now) {
  finish(fail(error.code, fmt::format("--sync: {}; is there another shard {} of run {}?",
                                      error.text, options_.shard, options_.run)));
}

void StartBarrier::on_ended(const Error* error, Now) {
  if (error != nullptr) finish(fail(error->code, fmt::format("--sync: {}", error->text)));
}

void StartBarrier::finish(Result<void> result) {
  timer_.cancel();
  runner_.stop();
  if (const auto go = std::exchange(go_, nullptr)) go(std::move(result));
}

}  // namespace mq
