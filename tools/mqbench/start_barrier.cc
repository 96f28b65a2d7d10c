#include "mqbench/start_barrier.h"

#include <utility>

#include <fmt/core.h>

#include "base/buffer.h"
#include "codec/packet.h"
#include "codec/reason_code.h"

namespace mq {
namespace {

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

}  // namespace

StartBarrier::StartBarrier(Loop& loop, BarrierOptions options, std::function<void(Result<void>)> go)
    : options_(std::move(options)),
      ready_prefix_(prefix(options_)),
      ready_topic_(fmt::format("{}{}", ready_prefix_, options_.shard)),
      go_topic_(fmt::format("mqbench/{}/go", options_.run)),
      go_(std::move(go)),
      runner_(loop, options_.runner, with_will(options_), *this) {}

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
    publish(ready_topic_, "ready", true, now);
  } else if (const auto* message = std::get_if<MessageArrived>(&event)) {
    on_message(message->publish, now);
  }
}

void StartBarrier::on_message(const Publish& publish_packet, Now now) {
  if (publish_packet.topic == go_topic_) {
    publish(ready_topic_, "", true, now);
    return finish({});
  }
  const std::string_view shard = publish_packet.topic.substr(ready_prefix_.size());
  if (publish_packet.payload.empty()) {
    heard_of_.erase(std::string(shard));
    return;
  }
  for (uint32_t i = 0; i < options_.shards; ++i) {
    if (shard == std::to_string(i)) heard_of_.emplace(shard);
  }
  if (heard_of_.size() == options_.shards) publish(go_topic_, "go", false, now);
}

void StartBarrier::on_lost(const Error& error, Duration, Now) {
  finish(fail(error.code, fmt::format("--sync: {}", error.text)));
}

void StartBarrier::on_ended(const Error* error, Now) {
  if (error != nullptr) finish(fail(error->code, fmt::format("--sync: {}", error->text)));
}

void StartBarrier::finish(Result<void> result) {
  runner_.stop();
  if (const auto go = std::exchange(go_, nullptr)) go(std::move(result));
}

}  // namespace mq
