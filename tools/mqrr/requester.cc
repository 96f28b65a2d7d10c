#include "mqrr/requester.h"

#include <unistd.h>

#include <utility>

#include <fmt/core.h>

#include "clients/client_program.h"
#include "io/output.h"

namespace mq {
namespace {

// "38.031000us", "605.910752ms", "1.000000000": as mosquitto_rr writes them.
std::string latency_text(Duration latency) {
  const auto ns = latency.count();
  if (ns < 1'000'000) return fmt::format("{}.{:03}000µs", ns / 1000, ns % 1000);
  if (ns < 1'000'000'000) return fmt::format("{}.{:06}ms", ns / 1'000'000, ns % 1'000'000);
  return fmt::format("{}.{:09}", ns / 1'000'000'000, ns % 1'000'000'000);
}

class Requester final : public ClientProgram, private Output::Owner {
 public:
  explicit Requester(RequesterOptions options)
      : ClientProgram(std::move(options.connection)),
        options_(std::move(options)),
        output_(loop_, STDOUT_FILENO, *this),
        timeout_(loop_, [this](Now) {
          console_.note("Timed out");
          end(kExitTimedOut, ReasonCode::kDisconnectWithWill);
        }) {}
  int run();

 private:
  void on_event(const ClientEvent& event, Now now) override;
  void on_ended(const Error* error, Now now) override;
  void interrupted(int signal) override;
  void output_drained() override {
    if (ended_) loop_.stop();
  }
  void output_failed(const Error& error) override;

  void subscribe();
  void on_subscribed(const Subscribed& subscribed);
  void on_acked(const Acked& acked);
  void on_message(const Publish& publish, Now now);
  bool is_answer(const Publish& publish) const;
  void end(int code, ReasonCode reason = ReasonCode::kSuccess);

  RequesterOptions options_;
  Output output_;
  Timer timeout_;
  Time sent_{};
  bool is_sent_ = false;
  bool ending_ = false;
  bool ended_ = false;
};

int Requester::run() {
  if (options_.timeout) timeout_.set(add(loop_.now().mono, *options_.timeout));
  return run_loop();
}

void Requester::on_event(const ClientEvent& event, Now now) {
  if (const auto* arrived = std::get_if<MessageArrived>(&event)) {
    return on_message(arrived->publish, now);
  }
  ClientProgram::on_event(event, now);
  if (std::holds_alternative<Connected>(event)) {
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
  writer.add(options_.response_topic, options_.subscribe_options);
  const auto result = session().subscribe({writer.list(), options_.subscribe_properties.view(), 0});
  if (!result) {
    console_.error(result.error().text);
    end(exit_code(result.error()));
  }
}

// The request goes out when its answer can come back. It is made once, however often the connection
// is: the session sees to its delivery.
void Requester::on_subscribed(const Subscribed& subscribed) {
  const auto code = static_cast<ReasonCode>(subscribed.codes[0]);
  if (is_error(code)) {
    console_.error(fmt::format("The subscription to '{}' was refused: {} (0x{:02X})",
                               options_.response_topic, text(code), subscribed.codes[0]));
    return end(exit_code(code));
  }
  if (std::exchange(is_sent_, true)) return;
  const Now now = loop_.read_clock();
  sent_ = now.mono;
  const auto result = session().publish({.topic = options_.topic,
                                         .payload = to_bytes(options_.payload),
                                         .qos = options_.qos,
                                         .properties = options_.properties.view()},
                                        now);
  if (!result) {
    console_.error(result.error().text);
    end(exit_code(result.error()));
  }
}

void Requester::on_acked(const Acked& acked) {
  if (!is_error(acked.reason)) return;
  console_.error(fmt::format("The message to '{}' was refused: {} (0x{:02X})", options_.topic,
                             text(acked.reason), static_cast<uint8_t>(acked.reason)));
  end(exit_code(acked.reason));
}

bool Requester::is_answer(const Publish& publish) const {
  if (options_.no_retained && publish.retain) return false;
  const auto theirs = publish.properties.text(PropertyId::kCorrelationData);
  return !theirs || theirs == options_.properties.view().text(PropertyId::kCorrelationData);
}

void Requester::on_message(const Publish& publish, Now now) {
  if (ending_ || !is_answer(publish)) return;
  if (options_.latency) {
    output_.buffer().append(fmt::format("Latency: {}\n", latency_text(now.mono - sent_)));
  }
  if (auto printed = print(options_.printing, publish, now.wall, output_.buffer()); !printed) {
    console_.error(printed.error().text);
  }
  end(kExitOk);
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
