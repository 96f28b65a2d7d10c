#include "mqpub/publisher.h"

#include <unistd.h>

#include <random>

#include <fmt/core.h>

#include "clients/client_program.h"
#include "codec/limits.h"
#include "io/input.h"
#include "mqpub/line_reader.h"

namespace mq {
namespace {

// Memory of records that were read and are not delivered; one record may be larger.
constexpr uint64_t kQueuedBytesMax = 4 << 20;

class Publisher final : public ClientProgram, public Input::Owner {
 public:
  explicit Publisher(PublisherOptions options);
  int run();

 private:
  void on_event(const ClientEvent& event, Now now) override;
  void on_progress(Now now) override { go_on(now); }
  void interrupted(int signal) override;
  void input_read(Bytes block) override;
  void input_ended(const Error* error) override;

  void go_on(Now now);
  bool fetch(Now now);
  bool fetch_record(Now now);
  bool fetch_payload(Now now);
  void take(const LineReader::Line& line, Now now);
  void send(const Record& record, Now now);
  void publish(std::string_view topic, const Record& record, Now now);
  void on_acked(const Acked& acked);
  void failed(int code, std::string_view text);
  std::string which(uint32_t number) const;
  bool is_full();
  bool is_delivered() { return session().queued() == 0 && runner_.flushed(); }
  void finish();

  PublisherOptions options_;
  Timer timer_;  // until the next message is due
  Pacing pacing_;
  Random random_;

  std::optional<Input> input_;  // with records, once connected
  LineReader lines_;
  RecordParser parser_;
  bool input_ended_ = false;
  std::optional<Record> next_;  // fetched and not sent
  uint64_t fetched_ = 0;        // payloads, or records, those that cannot be used included
  std::optional<Time> repeat_at_;
  bool finishing_ = false;
  uint64_t failures_ = 0;  // messages that will not be delivered
};

Publisher::Publisher(PublisherOptions options)
    : ClientProgram(std::move(options.connection)),
      options_(std::move(options)),
      timer_(loop_,
             [this](Now now) {
               go_on(now);
               runner_.wake();
             }),
      pacing_(options_.pacing),
      random_((uint64_t{std::random_device{}()} << 32) | std::random_device{}()),
      lines_(kVarintMax, options_.records.value_or(RecordFormat()).delimiter),
      parser_(options_.records.value_or(RecordFormat())) {}

int Publisher::run() {
  const int code = run_loop();
  const uint64_t undelivered = failures_ + session().queued() + (next_ ? 1 : 0);
  if (undelivered > 1) {
    console_.error(fmt::format("{} messages were not delivered.", undelivered));
  }
  return code;
}

void Publisher::on_event(const ClientEvent& event, Now now) {
  ClientProgram::on_event(event, now);
  if (std::holds_alternative<Connected>(event)) {
    if (options_.records && !input_) {
      input_.emplace(loop_, STDIN_FILENO, *this);
      input_->resume();
    }
  } else if (const auto* acked = std::get_if<Acked>(&event)) {
    on_acked(*acked);
  }
}

std::string Publisher::which(uint32_t number) const {
  if (options_.records) return fmt::format("Line {}", number);
  return fmt::format("The message to '{}'", options_.topics.front());
}

void Publisher::on_acked(const Acked& acked) {
  if (is_error(acked.reason) && !options_.ignore_denied) {
    std::string why =
        fmt::format("{} (0x{:02X})", text(acked.reason), static_cast<uint8_t>(acked.reason));
    if (const auto more = acked.properties.text(PropertyId::kReasonString)) {
      why += fmt::format(": {}", *more);
    }
    failed(exit_code(acked.reason), fmt::format("{} was refused: {}", which(acked.token), why));
  } else if (acked.reason == ReasonCode::kNoMatchingSubscribers && options_.require_subscriber) {
    failed(exit_code(acked.reason), fmt::format("{} has no subscriber.", which(acked.token)));
  }
}

void Publisher::failed(int code, std::string_view text) {
  // The first tells; a thousand more would only hide it.
  if (failures_++ == 0) console_.error(text);
  end_with(code);
}

bool Publisher::is_full() {
  return session().queued() >= options_.queue_max || session().queued_bytes() >= kQueuedBytesMax;
}

// Sends as many messages as there are, as may be sent by now, and as there is room for.
void Publisher::go_on(Now now) {
  if (finishing_) return;
  while (!is_full() && (next_ || fetch(now))) {
    const Time due = repeat_at_ ? *repeat_at_ : pacing_.due(next_->received, now.mono);
    if (due > now.mono) {
      timer_.set(due);
      return;
    }
    pacing_.sent(next_->received, now.mono);
    repeat_at_.reset();
    send(*next_, now);
    next_.reset();
  }
  const bool nothing_more = options_.records ? input_ended_ : fetched_ > 0;
  if (nothing_more && !next_ && is_delivered() && repeat_at_ == std::nullopt) {
    const bool again =
        !options_.records && failures_ == 0 && (options_.repeat == 0 || fetched_ < options_.repeat);
    if (!again) finish();
  }
}

bool Publisher::fetch(Now now) {
  return options_.records ? fetch_record(now) : fetch_payload(now);
}

// The payload once more. Without a schedule, only when the one before is delivered.
bool Publisher::fetch_payload(Now now) {
  if (!runner_.connected()) return false;
  if (options_.repeat != 0 && fetched_ >= options_.repeat) return false;
  if (fetched_ > 0 && !pacing_.is_paced()) {
    if (!is_delivered() || failures_ > 0) return false;
    repeat_at_ = add(now.mono, options_.repeat_delay);
  }
  ++fetched_;
  next_ = Record{.payload = to_bytes(options_.payload)};
  return true;
}

bool Publisher::fetch_record(Now now) {
  if (!input_ || input_ended_) return false;
  while (!next_) {
    const auto line = lines_.next();
    if (!line) {
      input_->resume();  // no more is read while there is no room
      return false;
    }
    take(*line, now);
  }
  input_->pause();
  return true;
}

// Makes a record of a line, or says why there is none.
void Publisher::take(const LineReader::Line& line, Now) {
  ++fetched_;
  if (line.cut) {
    return failed(kExitTooLarge, fmt::format("Line {} is longer than the {} bytes of a message.",
                                             fetched_, kVarintMax));
  }
  if (line.text.empty() && parser_.format().skip_empty) return;
  auto record = parser_.parse(line.text);
  if (!record) {
    return failed(kExitFailure,
                  fmt::format("Line {} cannot be sent: {}.", fetched_, record.error().text));
  }
  if (record->topic.empty() && options_.topics.empty()) {
    return failed(kExitFailure, fmt::format("Line {} cannot be sent: it has no topic.", fetched_));
  }
  next_ = *record;
}

void Publisher::send(const Record& record, Now now) {
  if (!record.topic.empty()) return publish(record.topic, record, now);
  if (!options_.payload_template && options_.topic_templates.empty()) {
    for (const std::string& topic : options_.topics) publish(topic, record, now);
    return;
  }
  Record filled = record;
  std::string payload;
  if (options_.payload_template) {
    payload = options_.payload_template->filled(fetched_, now.wall, random_);
    filled.payload = to_bytes(payload);
  }
  for (const Template& topic : options_.topic_templates) {
    publish(topic.filled(fetched_, now.wall, random_), filled, now);
  }
}

void Publisher::publish(std::string_view topic, const Record& record, Now now) {
  const auto number = static_cast<uint32_t>(fetched_);
  const auto result =
      session().publish({.topic = topic,
                         .payload = record.payload,
                         .qos = record.qos.value_or(options_.qos),
                         .retain = record.retain.value_or(options_.retain),
                         .properties = record.properties.value_or(options_.properties.view()),
                         .token = number},
                        now);
  if (result) return;
  const std::string prefix = options_.records ? fmt::format("Line {}: ", number) : "";
  failed(exit_code(result.error()), prefix + result.error().text);
}

void Publisher::input_read(Bytes block) {
  lines_.feed(block);
  go_on(loop_.now());
  runner_.wake();
}

void Publisher::input_ended(const Error* error) {
  if (error != nullptr) failed(kExitSystem, error->text);
  const Now now = loop_.now();
  if (const auto line = lines_.rest()) take(*line, now);
  input_ended_ = true;
  go_on(now);
  runner_.wake();
}

void Publisher::finish() {
  finishing_ = true;
  runner_.stop(ReasonCode::kSuccess, options_.disconnect_properties.view(), Duration::max());
}

void Publisher::interrupted(int signal) {
  end_with(kExitSignal + signal);
  if (std::exchange(finishing_, true)) {
    loop_.stop();  // asked twice
    return;
  }
  if (input_) input_->pause();
  timer_.cancel();
  runner_.stop(ReasonCode::kDisconnectWithWill);
}

}  // namespace

int publish(PublisherOptions options) {
  return Publisher(std::move(options)).run();
}

}  // namespace mq
