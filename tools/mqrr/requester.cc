#include "mqrr/requester.h"

#include <unistd.h>

#include <optional>
#include <random>
#include <string_view>
#include <utility>

#include <fmt/core.h>

#include "clients/client_program.h"
#include "clients/line_reader.h"
#include "clients/refusal.h"
#include "codec/limits.h"
#include "io/input.h"
#include "io/output.h"
#include "mqrr/latencies.h"

namespace mq {
namespace {

constexpr size_t kCorrelationSize = 16;

// What tells a request's answer from others: nobody else's must be the same by chance, or by guess.
std::string random_correlation_data() {
  std::random_device device;
  std::string data;
  while (data.size() < kCorrelationSize) data += static_cast<char>(device() & 0xFF);
  return data;
}

class Requester final : public ClientProgram, private Output::Owner, public Input::Owner {
 public:
  explicit Requester(RequesterOptions options)
      : ClientProgram(std::move(options.connection)),
        options_(std::move(options)),
        output_(loop_, STDOUT_FILENO, *this),
        timeout_(loop_, [this](Now) { timed_out(); }),
        pause_(loop_, [this](Now) { next(); }),
        lines_(kVarintMax) {
    if (options_.latency) latencies_.emplace();
  }
  int run();

 private:
  void on_event(const ClientEvent& event, Now now) override;
  void on_lost(const Error& error, Duration retry_in, Now now) override;
  void on_ended(const Error* error, Now now) override;
  void interrupted(int signal) override;
  void output_drained() override {
    if (ended_) loop_.stop();
  }
  void output_failed(const Error& error) override;
  void input_read(Bytes block) override;
  void input_ended(const Error* error) override;

  void subscribe();
  void on_subscribed(const Subscribed& subscribed);
  void on_acked(const Acked& acked);
  void on_message(const Publish& publish, Now now);
  bool is_answer(const Publish& publish) const;
  void next();
  std::optional<std::string> next_payload();
  void send(std::string_view payload);
  void restart_timeout();
  void timed_out();
  void tell_latencies();
  void end(int code, ReasonCode reason = ReasonCode::kSuccess);

  RequesterOptions options_;
  Output output_;
  Timer timeout_;
  Timer pause_;  // before the next time
  std::optional<Input> input_;
  LineReader lines_;
  bool input_ended_ = false;
  bool started_ = false;
  bool waiting_ = false;   // for the answer to the request that was sent last
  bool was_lost_ = false;  // the connection, while waiting
  std::string correlation_data_;
  uint64_t requests_ = 0;
  Time sent_{};
  std::optional<Latencies> latencies_;
  bool ending_ = false;
  bool ended_ = false;
};

int Requester::run() {
  restart_timeout();
  return run_loop();
}

void Requester::restart_timeout() {
  if (options_.timeout) timeout_.set(add(loop_.now().mono, *options_.timeout));
}

void Requester::timed_out() {
  if (!waiting_) {
    console_.note(not_connected_text());
  } else if (was_lost_) {
    // Not every broker says why, and MQTT 3 cannot.
    console_.note(
        fmt::format("Timed out: {} ended the connection when it was sent the message to "
                    "'{}'. Is that larger than the broker takes?",
                    where(), options_.topic));
  } else {
    console_.note(
        fmt::format("Timed out: no response on '{}' (does anybody answer what is sent to "
                    "'{}'?)",
                    options_.response_topic, options_.topic));
  }
  end(kExitTimedOut, ReasonCode::kDisconnectWithWill);
}

void Requester::on_lost(const Error& error, Duration retry_in, Now now) {
  was_lost_ = waiting_;
  ClientProgram::on_lost(error, retry_in, now);
}

void Requester::on_event(const ClientEvent& event, Now now) {
  if (const auto* arrived = std::get_if<MessageArrived>(&event)) {
    return on_message(arrived->publish, now);
  }
  ClientProgram::on_event(event, now);
  if (std::holds_alternative<Connected>(event)) {
    if (const auto& origin = options_.printing.origin) {
      *origin = {connection_.runner.address.host, std::string(session().client_id())};
    }
    subscribe();
  } else if (const auto* subscribed = std::get_if<Subscribed>(&event)) {
    on_subscribed(*subscribed);
  } else if (const auto* acked = std::get_if<Acked>(&event)) {
    on_acked(*acked);
  }
}

void Requester::subscribe() {
  Buffer encoded;
  FilterListWriter writer(encoded, true);
  const bool v5 = session().options().version == Version::kV5;
  writer.add(options_.response_topic, v5 ? options_.subscribe_options
                                         : SubscribeOptions{.qos = options_.subscribe_options.qos});
  const auto result = session().subscribe({writer.list(), options_.subscribe_properties.view(), 0});
  if (!result) {
    console_.error(result.error().text);
    end(exit_code(result.error()));
  }
}

// Requests go out when their answers can come back. One is made once, however often the connection
// is: the session sees to its delivery.
void Requester::on_subscribed(const Subscribed& subscribed) {
  const auto code = static_cast<ReasonCode>(subscribed.codes[0]);
  if (is_error(code)) {
    console_.error(refusal_text(fmt::format("The subscription to '{}'", options_.response_topic),
                                where(), code, subscribed.properties));
    return end(exit_code(code));
  }
  if (std::exchange(started_, true)) return;
  if (options_.lines) input_.emplace(loop_, STDIN_FILENO, *this);
  next();
}

// The next request, if it can be had by now.
void Requester::next() {
  if (!started_ || waiting_ || ending_ || pause_.at() != kNever) return;
  if (const auto payload = next_payload()) {
    send(*payload);
  } else if (ending_) {
    return;
  } else if (options_.lines && !input_ended_) {
    timeout_.cancel();  // it is the next line that is waited for, and no answer
    input_->resume();
  } else {
    end(kExitOk);
  }
}

std::optional<std::string> Requester::next_payload() {
  if (!options_.lines) {
    if (requests_ >= options_.repeat) return std::nullopt;
    return options_.payload;
  }
  input_->pause();
  const auto line = input_ended_ ? lines_.rest() : lines_.next();
  if (!line) return std::nullopt;
  if (line->cut) {
    console_.error(fmt::format("Line {} is longer than the {} bytes of a message.", requests_ + 1,
                               kVarintMax));
    end(kExitTooLarge);
    return std::nullopt;
  }
  return std::string(to_string_view(line->text));
}

void Requester::send(std::string_view payload) {
  ++requests_;
  waiting_ = true;
  restart_timeout();
  PropertyList properties;
  if (session().options().version == Version::kV5) {
    correlation_data_ = options_.correlation_data.value_or("");
    if (correlation_data_.empty()) correlation_data_ = random_correlation_data();
    properties.add(PropertyId::kCorrelationData, correlation_data_);
  }
  properties.add(options_.properties.view());
  const Now now = loop_.read_clock();
  sent_ = now.mono;
  const auto result = session().publish({.topic = options_.topic,
                                         .payload = to_bytes(payload),
                                         .qos = options_.qos,
                                         .properties = properties.view()},
                                        now);
  runner_.wake();
  if (!result) {
    console_.error(fmt::format("The message to '{}' cannot be sent to {}: {}", options_.topic,
                               where(), result.error().text));
    end(exit_code(result.error()));
  }
}

void Requester::input_read(Bytes block) {
  lines_.feed(block);
  next();
}

void Requester::input_ended(const Error* error) {
  if (error != nullptr) {
    console_.error(error->text);
    return end(kExitSystem);
  }
  input_ended_ = true;
  next();
}

void Requester::on_acked(const Acked& acked) {
  if (!is_error(acked.reason)) return;
  console_.error(refusal_text(fmt::format("The message to '{}'", options_.topic), where(),
                              acked.reason, acked.properties));
  end(exit_code(acked.reason));
}

bool Requester::is_answer(const Publish& publish) const {
  if (options_.no_retained && publish.retain) return false;
  const auto theirs = publish.properties.text(PropertyId::kCorrelationData);
  return !theirs || theirs == correlation_data_;
}

void Requester::on_message(const Publish& publish, Now now) {
  if (ending_ || !waiting_ || !is_answer(publish)) return;
  waiting_ = false;
  if (latencies_) {
    latencies_->record(now.mono - sent_);
    output_.buffer().append(fmt::format("Latency: {}\n", latency_text(now.mono - sent_)));
  }
  if (auto printed = print(options_.printing, publish, now.wall, output_.buffer()); !printed) {
    console_.error(printed.error().text);
  }
  output_.appended();
  timeout_.cancel();
  const bool again = !options_.lines && requests_ < options_.repeat;
  if (again && options_.repeat_delay > Duration::zero()) {
    pause_.set(add(now.mono, options_.repeat_delay));
  } else {
    next();
  }
}

// Of several requests, behind their answers.
void Requester::tell_latencies() {
  const bool several = options_.lines || options_.repeat > 1;
  if (!several || !latencies_ || latencies_->count() == 0) return;
  output_.buffer().append(options_.json_latency ? latencies_->json() : latencies_->text());
  output_.buffer().put_u8('\n');
}

void Requester::output_failed(const Error& error) {
  if (error.code == ErrorCode::kClosed) return end(kExitOk);
  console_.error(error.text);
  end(exit_code(error));
}

void Requester::end(int code, ReasonCode reason) {
  if (std::exchange(ending_, true)) return;
  end_with(code);
  timeout_.cancel();
  pause_.cancel();
  input_.reset();
  tell_latencies();
  runner_.stop(reason, options_.disconnect_properties.view());
}

void Requester::interrupted(int signal) {
  if (ending_) {
    code_ = kExitSignal + signal;
    return loop_.stop();
  }
  end(kExitOk, ReasonCode::kDisconnectWithWill);
}

void Requester::on_ended(const Error* error, Now now) {
  ended_ = true;
  output_.flush();
  if (!output_.empty() && error == nullptr) return;  // output_drained() stops the loop
  ClientProgram::on_ended(error, now);
}

}  // namespace

int request(RequesterOptions options) {
  return Requester(std::move(options)).run();
}

}  // namespace mq
