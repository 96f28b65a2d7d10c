#include "mqpub/publisher_base.h"

#include <chrono>
#include <random>
#include <utility>

#include <fmt/core.h>

#include "clients/refusal.h"
#include "codec/limits.h"

namespace mq {

PublisherBase::PublisherBase(PublisherOptions options)
    : ClientProgram(std::move(options.connection)),
      options_(std::move(options)),
      timer_(loop_,
             [this](Now now) {
               go_on(now);
               runner_.wake();
             }),
      pacing_(options_.pacing),
      lines_(kVarintMax, options_.records.value_or(RecordFormat()).delimiter),
      parser_(options_.records.value_or(RecordFormat())),
      random_((uint64_t{std::random_device{}()} << 32) | std::random_device{}()) {}

void PublisherBase::on_event(const ClientEvent& event, Now now) {
  ClientProgram::on_event(event, now);
  if (std::holds_alternative<Connected>(event)) is_accepted_ = true;
  if (std::holds_alternative<Acked>(event)) losses_in_a_row_ = 0;
}

// Closing is all that MQTT 3 can do about a message that it does not take, and that message is the
// first to be sent again.
void PublisherBase::on_lost(const Error& error, Duration retry_in, Now now) {
  ClientProgram::on_lost(error, retry_in, now);
  if (!std::exchange(is_accepted_, false) || session().queued() == 0) return;
  constexpr uint32_t kSuspicious = 3;
  if (++losses_in_a_row_ != kSuspicious) return;
  console_.warning(fmt::format(
      "{} has accepted the connection {} times and ended it before it acknowledged a "
      "message. Does it take messages {}as large as these?",
      where(), kSuspicious, options_.qos == Qos::kExactlyOnce ? "of QoS 2 (-q 2), and " : ""));
}

void PublisherBase::note_refusal(const Acked& acked) {
  if (is_error(acked.reason) && !options_.ignore_denied) {
    failed(exit_code(acked.reason),
           refusal_text(which(acked.token), where(), acked.reason, acked.properties));
  } else if (acked.reason == ReasonCode::kNoMatchingSubscribers && options_.require_subscriber) {
    failed(exit_code(acked.reason), fmt::format("{} has no subscriber.", which(acked.token)));
  }
}

void PublisherBase::failed(int code, std::string_view text) {
  // The first tells; a thousand more would only hide it.
  if (failures_++ == 0) console_.error(text);
  end_with(code);
}

bool PublisherBase::is_full() {
  return session().queued() >= options_.queue_max || session().queued_bytes() >= kQueuedBytesMax;
}

std::optional<InputRecord> PublisherBase::take(const LineReader::Line& line) {
  ++fetched_;
  if (line.cut) {
    failed(kExitTooLarge,
           fmt::format("Line {} is longer than the {} bytes of a message.", fetched_, kVarintMax));
    return std::nullopt;
  }
  if (line.text.empty() && parser_.format().skip_empty) return std::nullopt;
  auto record = parser_.parse(line.text);
  if (!record) {
    failed(kExitFailure, fmt::format("Line {} cannot be sent: {}.", fetched_, record.error().text));
    return std::nullopt;
  }
  if (record->topic.empty() && options_.topics.empty()) {
    failed(kExitFailure, fmt::format("Line {} cannot be sent: it has no topic.", fetched_));
    return std::nullopt;
  }
  return *record;
}

void PublisherBase::put_all(const InputRecord& given, Now now) {
  InputRecord record = given;
  PropertyList stamped;
  if (options_.stamp) {
    const auto ms = std::chrono::floor<std::chrono::milliseconds>(now.wall).time_since_epoch();
    stamped.add(record.properties.value_or(options_.properties.view()))
        .add_user("timestamp", fmt::format("{}", ms.count()));
    record.properties = stamped.view();
  }
  if (!record.topic.empty()) return put(record.topic, record, now);
  if (!options_.payload_template && options_.topic_templates.empty()) {
    for (const std::string& topic : options_.topics) put(topic, record, now);
    return;
  }
  InputRecord filled = record;
  std::string payload;
  if (options_.payload_template) {
    payload = options_.payload_template->filled(fetched_, now.wall, random_);
    filled.payload = to_bytes(payload);
  }
  for (const Template& topic : options_.topic_templates) {
    put(topic.filled(fetched_, now.wall, random_), filled, now);
  }
}

PublishRequest PublisherBase::request(std::string_view topic, const InputRecord& record) const {
  return {.topic = topic,
          .payload = record.payload,
          .qos = record.qos.value_or(options_.qos),
          .retain = record.retain.value_or(options_.retain),
          .properties = record.properties.value_or(options_.properties.view()),
          .token = static_cast<uint32_t>(fetched_)};
}

void PublisherBase::finish() {
  finishing_ = true;
  runner_.stop(ReasonCode::kSuccess, options_.disconnect_properties.view(), Duration::max());
}

bool PublisherBase::stop_for(int signal) {
  end_with(kExitSignal + signal);
  if (std::exchange(finishing_, true)) {
    loop_.stop();
    return false;
  }
  if (input_) input_->pause();
  timer_.cancel();
  runner_.stop(ReasonCode::kDisconnectWithWill);
  return true;
}

}  // namespace mq
