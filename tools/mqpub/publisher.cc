#include "mqpub/publisher.h"

#include <unistd.h>

#include <utility>

#include <fmt/core.h>

#include "mqpub/publisher_base.h"
#include "mqpub/spool_publisher.h"

namespace mq {
namespace {

class Publisher final : public PublisherBase {
 public:
  explicit Publisher(PublisherOptions options) : PublisherBase(std::move(options)) {}
  int run();

 private:
  void on_event(const ClientEvent& event, Now now) override;
  void interrupted(int signal) override { stop_for(signal); }
  void input_read(Bytes block) override;
  void input_ended(const Error* error) override;
  void go_on(Now now) override;
  void put(std::string_view topic, const InputRecord& record, Now now) override;
  std::string which(uint32_t token) override;

  bool fetch(Now now);
  bool fetch_record();
  bool fetch_payload(Now now);

  bool input_ended_ = false;
  std::optional<InputRecord> next_;  // fetched and not sent
  std::optional<Time> repeat_at_;
};

int Publisher::run() {
  const int code = run_loop();
  if (code == kExitConnectionLost && !options_.records && session().queued() > 0) {
    // That is all that many brokers do about it, and all that MQTT 3 knows.
    console_.note(
        fmt::format("Is the message, with its {} bytes, larger than the broker takes{}?",
                    options_.payload.size(),
                    options_.qos == Qos::kExactlyOnce ? ", or does it not know QoS 2 (-q 2)" : ""));
  }
  const uint64_t undelivered = failures_ + session().queued() + (next_ ? 1 : 0);
  if (undelivered > 1) {
    console_.error(fmt::format("{} messages were not delivered.", undelivered));
  }
  return code;
}

void Publisher::on_event(const ClientEvent& event, Now now) {
  PublisherBase::on_event(event, now);
  if (std::holds_alternative<Connected>(event)) {
    // Not before there is somebody to send it to.
    if (options_.records && !input_) {
      input_.emplace(loop_, STDIN_FILENO, *this);
      input_->resume();
    }
  } else if (const auto* acked = std::get_if<Acked>(&event)) {
    note_refusal(*acked);
  }
}

std::string Publisher::which(uint32_t token) {
  if (options_.records) return fmt::format("Line {}", token);
  return fmt::format("The message to '{}'", options_.topics.front());
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
    put_all(*next_, now);
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
  return options_.records ? fetch_record() : fetch_payload(now);
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
  next_ = InputRecord{.payload = to_bytes(options_.payload)};
  return true;
}

bool Publisher::fetch_record() {
  if (!input_ || input_ended_) return false;
  while (!next_) {
    const auto line = lines_.next();
    if (!line) {
      input_->resume();  // no more is read while there is no room
      return false;
    }
    next_ = take(*line);
  }
  input_->pause();
  return true;
}

void Publisher::put(std::string_view topic, const InputRecord& record, Now now) {
  const auto result = session().publish(request(topic, record), now);
  if (result) return;
  const std::string what = options_.records ? fmt::format("Line {}", fetched_)
                                            : fmt::format("The message to '{}'", topic);
  failed(exit_code(result.error()),
         fmt::format("{} cannot be sent to {}: {}", what, where(), result.error().text));
}

void Publisher::input_read(Bytes block) {
  lines_.feed(block);
  go_on(loop_.now());
  runner_.wake();
}

void Publisher::input_ended(const Error* error) {
  if (error != nullptr) failed(kExitSystem, error->text);
  if (const auto line = lines_.rest()) next_ = take(*line);
  input_ended_ = true;
  go_on(loop_.now());
  runner_.wake();
}

}  // namespace

int publish(PublisherOptions options) {
  if (options.spool) return publish_spooled(std::move(options));
  return Publisher(std::move(options)).run();
}

}  // namespace mq
