#include "mqpub/publisher.h"

#include <unistd.h>

#include <csignal>
#include <memory>
#include <optional>

#include <fmt/core.h>

#include "codec/limits.h"
#include "common/exit_code.h"
#include "common/packet_trace.h"
#include "io/client_runner.h"
#include "io/input.h"
#include "io/loop.h"
#include "io/signals.h"
#include "mqpub/line_reader.h"

namespace mq {
namespace {

// Memory of lines that were read and are not delivered; one line may be larger.
constexpr uint64_t kQueuedBytesMax = 4 << 20;

class Publisher final : public ClientRunner::Handler, public Input::Owner {
 public:
  explicit Publisher(PublisherOptions options);
  int run();

 private:
  void on_event(const ClientEvent& event, Now now) override;
  void on_progress(Now now) override { go_on(now); }
  void on_lost(const Error& error, Duration retry_in, Now now) override;
  void on_ended(const Error* error, Now now) override;
  void input_read(Bytes block) override;
  void input_ended(const Error* error) override;

  void go_on(Now now);
  void publish_lines(Now now);
  void publish_again(Now now);
  void publish(Bytes payload, Now now);
  void publish_line(const LineReader::Line& line, Now now);
  void on_acked(const Acked& acked);
  void failed(int code, std::string_view text);
  bool is_full();
  bool is_delivered() { return session().queued() == 0 && runner_.flushed(); }
  void finish();
  void interrupt(int signal);
  ClientSession& session() { return runner_.session(); }

  PublisherOptions options_;
  const Console& console_;
  Loop loop_;
  std::optional<PacketTrace> trace_;
  ClientRunner runner_;
  Timer repeat_timer_;
  Signals signals_;

  std::optional<Input> input_;  // with lines, once connected
  LineReader lines_{kVarintMax};
  bool input_ended_ = false;
  uint64_t published_ = 0;  // messages, or lines read
  bool finishing_ = false;

  bool was_connected_ = false;
  std::optional<int> server_code_;  // why it refused or ended the last connection
  int code_ = kExitOk;              // of the first failure
  uint64_t failures_ = 0;           // messages that will not be delivered
};

Publisher::Publisher(PublisherOptions options)
    : options_(std::move(options)),
      console_(options_.connection.console),
      trace_(make_trace(options_.connection)),
      runner_(loop_, with_trace(options_.connection, trace_), options_.connection.client, *this),
      repeat_timer_(loop_, [this](Now now) { publish_again(now); }),
      signals_(loop_, {SIGINT, SIGTERM}, [this](int signal) { interrupt(signal); }) {}

int Publisher::run() {
  runner_.start();
  loop_.run();
  const uint64_t undelivered = failures_ + session().queued();
  if (undelivered > 1) {
    console_.error(fmt::format("{} messages were not delivered.", undelivered));
  }
  return code_;
}

void Publisher::on_event(const ClientEvent& event, Now now) {
  if (std::holds_alternative<Connected>(event)) {
    was_connected_ = true;
    if (options_.lines && !input_) {
      input_.emplace(loop_, STDIN_FILENO, *this);
      input_->resume();
    } else if (!options_.lines && published_ == 0) {
      publish_again(now);
    }
  } else if (const auto* refused = std::get_if<ConnectRefused>(&event)) {
    server_code_ = exit_code(*refused);
  } else if (const auto* ended = std::get_if<Disconnected>(&event)) {
    if (is_error(ended->reason)) server_code_ = exit_code(ended->reason);
  } else if (const auto* acked = std::get_if<Acked>(&event)) {
    on_acked(*acked);
  }
}

void Publisher::on_acked(const Acked& acked) {
  if (!is_error(acked.reason) || options_.ignore_denied) return;
  std::string why =
      fmt::format("{} (0x{:02X})", text(acked.reason), static_cast<uint8_t>(acked.reason));
  if (const auto more = acked.properties.text(PropertyId::kReasonString)) {
    why += fmt::format(": {}", *more);
  }
  failed(exit_code(acked.reason),
         fmt::format("The message to '{}' was refused: {}", options_.topic, why));
}

void Publisher::failed(int code, std::string_view text) {
  // The first tells; a thousand more lines would only hide it.
  if (failures_++ == 0) console_.error(text);
  if (code_ == kExitOk) code_ = code;
}

bool Publisher::is_full() {
  return session().queued() >= options_.queue_max || session().queued_bytes() >= kQueuedBytesMax;
}

void Publisher::go_on(Now now) {
  if (finishing_) return;
  if (options_.lines) {
    publish_lines(now);
    if (input_ended_ && is_delivered()) finish();
  } else if (published_ > 0 && is_delivered() && repeat_timer_.at() == kNever) {
    if (published_ >= options_.repeat || failures_ > 0) {
      finish();
    } else {
      repeat_timer_.set(add(now.mono, options_.repeat_delay));
    }
  }
}

void Publisher::publish_again(Now now) {
  ++published_;
  publish(to_bytes(options_.payload), now);
  runner_.wake();
}

// As many lines as there is room for; no more is read while there is none.
void Publisher::publish_lines(Now now) {
  if (!input_ || input_ended_) return;
  while (!is_full()) {
    const auto line = lines_.next();
    if (!line) {
      input_->resume();
      return;
    }
    publish_line(*line, now);
  }
  input_->pause();
}

void Publisher::publish_line(const LineReader::Line& line, Now now) {
  ++published_;
  if (line.cut) {
    failed(kExitTooLarge, fmt::format("Line {} is longer than the {} bytes of a message.",
                                      published_, kVarintMax));
    return;
  }
  publish(line.text, now);
}

void Publisher::publish(Bytes payload, Now now) {
  const auto result = session().publish({.topic = options_.topic,
                                         .payload = payload,
                                         .qos = options_.qos,
                                         .retain = options_.retain,
                                         .properties = options_.properties.view()},
                                        now);
  if (result) return;
  const std::string which = options_.lines ? fmt::format("Line {}: ", published_) : "";
  failed(exit_code(result.error()), which + result.error().text);
}

void Publisher::input_read(Bytes block) {
  lines_.feed(block);
  publish_lines(loop_.now());
  runner_.wake();
}

void Publisher::input_ended(const Error* error) {
  if (error != nullptr) failed(kExitSystem, error->text);
  const Now now = loop_.now();
  if (const auto line = lines_.rest()) publish_line(*line, now);
  input_ended_ = true;
  go_on(now);
  runner_.wake();
}

void Publisher::finish() {
  finishing_ = true;
  runner_.stop(ReasonCode::kSuccess, options_.disconnect_properties.view(), Duration::max());
}

void Publisher::interrupt(int signal) {
  if (code_ == kExitOk) code_ = kExitSignal + signal;
  if (std::exchange(finishing_, true)) {
    loop_.stop();  // asked twice
    return;
  }
  if (input_) input_->pause();
  repeat_timer_.cancel();
  runner_.stop(ReasonCode::kDisconnectWithWill);
}

void Publisher::on_lost(const Error& error, Duration retry_in, Now) {
  server_code_.reset();
  console_.warning(fmt::format("{}; trying again in {:.1f} s", error.text, seconds(retry_in)));
}

void Publisher::on_ended(const Error* error, Now) {
  if (error != nullptr) {
    console_.error(error->text);
    if (code_ == kExitOk) {
      code_ = server_code_     ? *server_code_
              : was_connected_ ? exit_code(*error)
                               : static_cast<int>(kExitFailure);
    }
  }
  loop_.stop();
}

}  // namespace

int publish(PublisherOptions options) {
  return Publisher(std::move(options)).run();
}

}  // namespace mq
