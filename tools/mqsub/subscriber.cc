#include "mqsub/subscriber.h"

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <utility>

#include <fmt/core.h>

#include "codec/topic.h"
#include "common/exit_code.h"
#include "common/packet_trace.h"
#include "io/client_runner.h"
#include "io/loop.h"
#include "io/output.h"
#include "io/signals.h"

namespace mq {
namespace {

class Subscriber final : public ClientRunner::Handler, public Output::Owner {
 public:
  explicit Subscriber(SubscriberOptions options);
  int run();

 private:
  void on_event(const ClientEvent& event, Now now) override;
  void on_lost(const Error& error, Duration retry_in, Now now) override;
  void on_ended(const Error* error, Now now) override;
  void output_drained() override;
  void output_failed(const Error& error) override;

  void on_connected(const Connected& connected);
  void on_subscribed(const Subscribed& subscribed);
  void on_message(const Publish& publish, Now now);
  bool is_filtered_out(const Publish& publish) const;
  void request(const Result<uint16_t>& packet_id);
  void request_done();
  void end(int code, ReasonCode reason = ReasonCode::kSuccess);
  void interrupt(int signal);
  ClientSession& session() { return runner_.session(); }

  SubscriberOptions options_;
  const Console& console_;
  Loop loop_;
  std::optional<PacketTrace> trace_;
  Output output_;
  ClientRunner runner_;
  Timer timeout_;
  Signals signals_;
  const bool is_terminal_;

  bool was_connected_ = false;
  std::optional<int> server_code_;  // why it refused or ended the last connection
  bool is_subscribed_ = false;      // the session at the server has our subscriptions
  size_t requests_ = 0;             // SUBSCRIBE and UNSUBSCRIBE without an answer
  uint64_t counted_ = 0;
  bool ending_ = false;
  bool drains_ = true;  // wait for the reader of our output before we end
  bool ended_ = false;
  int code_ = kExitOk;
};

Subscriber::Subscriber(SubscriberOptions options)
    : options_(std::move(options)),
      console_(options_.connection.console),
      trace_(make_trace(options_.connection)),
      output_(loop_, STDOUT_FILENO, *this),
      runner_(loop_, with_trace(options_.connection, trace_), options_.connection.client, *this),
      timeout_(loop_,
               [this](Now) {
                 console_.note("Timed out");
                 drains_ = false;
                 end(kExitTimedOut, ReasonCode::kDisconnectWithWill);
               }),
      signals_(loop_, {SIGINT, SIGTERM}, [this](int signal) { interrupt(signal); }),
      is_terminal_(isatty(STDOUT_FILENO) == 1) {}

int Subscriber::run() {
  if (options_.timeout) timeout_.set(add(loop_.now().mono, *options_.timeout));
  runner_.start();
  loop_.run();
  return code_;
}

void Subscriber::on_event(const ClientEvent& event, Now now) {
  if (const auto* arrived = std::get_if<MessageArrived>(&event)) {
    on_message(arrived->publish, now);
  } else if (const auto* connected = std::get_if<Connected>(&event)) {
    on_connected(*connected);
  } else if (const auto* refused = std::get_if<ConnectRefused>(&event)) {
    server_code_ = exit_code(*refused);
  } else if (const auto* ended = std::get_if<Disconnected>(&event)) {
    if (is_error(ended->reason)) server_code_ = exit_code(ended->reason);
  } else if (const auto* subscribed = std::get_if<Subscribed>(&event)) {
    on_subscribed(*subscribed);
  } else if (std::holds_alternative<Unsubscribed>(event)) {
    request_done();
  }
}

// All filters in one SUBSCRIBE, as mosquitto_sub does, and an UNSUBSCRIBE for each -U behind it.
void Subscriber::on_connected(const Connected& connected) {
  was_connected_ = true;
  requests_ = 0;
  if (is_subscribed_ && connected.session_present) return;
  is_subscribed_ = false;
  Buffer encoded;
  if (!options_.filters.empty()) {
    FilterListWriter writer(encoded, true);
    for (const std::string& filter : options_.filters) {
      writer.add(filter, options_.subscribe_options);
    }
    request(session().subscribe({writer.list(), options_.subscribe_properties.view()}));
  }
  for (const std::string& filter : options_.unsubscribe) {
    encoded.clear();
    FilterListWriter writer(encoded, false);
    writer.add(filter);
    request(session().unsubscribe({writer.list(), options_.unsubscribe_properties.view()}));
  }
}

void Subscriber::request(const Result<uint16_t>& packet_id) {
  if (packet_id) {
    ++requests_;
  } else {
    console_.error(packet_id.error().text);
    end(exit_code(packet_id.error()));
  }
}

void Subscriber::on_subscribed(const Subscribed& subscribed) {
  is_subscribed_ = true;
  size_t refused = 0;
  for (size_t i = 0; i < subscribed.codes.size(); ++i) {
    const auto code = static_cast<ReasonCode>(subscribed.codes[i]);
    if (!is_error(code)) continue;
    ++refused;
    const auto more = subscribed.properties.text(PropertyId::kReasonString);
    console_.error(fmt::format("The subscription to '{}' was refused: {} (0x{:02X}){}{}",
                               options_.filters[i], text(code), subscribed.codes[i],
                               more ? ": " : "", more.value_or("")));
  }
  if (refused == subscribed.codes.size()) {
    console_.note("All subscription requests were denied.");
    return end(exit_code(static_cast<ReasonCode>(subscribed.codes[0])));
  }
  request_done();
}

void Subscriber::request_done() {
  if (--requests_ == 0 && options_.exit_after_subscribe) end(kExitOk);
}

bool Subscriber::is_filtered_out(const Publish& publish) const {
  return std::any_of(
      options_.filter_out.begin(), options_.filter_out.end(),
      [&publish](const std::string& filter) { return matches(filter, publish.topic); });
}

void Subscriber::on_message(const Publish& publish, Now now) {
  if (options_.retained_only && !publish.retain) return end(kExitOk);
  if (options_.no_retained && publish.retain) return;
  if (is_filtered_out(publish)) return;

  if (auto printed = print(options_.printing, publish, now.wall, output_.buffer()); !printed) {
    console_.error(printed.error().text);
  }
  if (is_terminal_) {
    output_.flush();
  } else {
    output_.appended();
  }
  // What was acknowledged and not printed would be lost with us: take no more than is read.
  if (output_.blocked()) runner_.pause_reading();
  if (++counted_ == options_.count) end(kExitOk);
}

void Subscriber::output_drained() {
  if (ended_) return loop_.stop();
  runner_.resume_reading();
}

void Subscriber::output_failed(const Error& error) {
  drains_ = false;
  // Nobody reads any more: all that was wanted has been seen (mqsub | head).
  if (error.code == ErrorCode::kClosed) return end(kExitOk);
  console_.error(error.text);
  end(exit_code(error));
}

void Subscriber::end(int code, ReasonCode reason) {
  if (std::exchange(ending_, true)) return;
  code_ = code;
  timeout_.cancel();
  runner_.stop(reason, options_.disconnect_properties.view());
}

void Subscriber::interrupt(int signal) {
  if (ending_) {  // asked twice, or the end takes too long for somebody
    code_ = kExitSignal + signal;
    return loop_.stop();
  }
  drains_ = false;
  end(kExitOk, ReasonCode::kDisconnectWithWill);
}

void Subscriber::on_lost(const Error& error, Duration retry_in, Now) {
  server_code_.reset();
  console_.warning(fmt::format("{}; trying again in {:.1f} s", error.text, seconds(retry_in)));
}

void Subscriber::on_ended(const Error* error, Now) {
  ended_ = true;
  if (error != nullptr && !ending_) {
    console_.error(error->text);
    code_ = server_code_     ? *server_code_
            : was_connected_ ? exit_code(*error)
                             : static_cast<int>(kExitFailure);
  }
  output_.flush();
  if (output_.empty() || !drains_) loop_.stop();
}

}  // namespace

Result<void> print(const Printing& printing, const Publish& publish, WallTime received,
                   Buffer& out) {
  if (printing.format) {
    MQ_CHECK(printing.format->print(publish, received, out));
  } else if (!publish.payload.empty()) {
    if (printing.verbose) {
      out.append(publish.topic);
      out.put_u8(' ');
    }
    out.append(publish.payload);
  } else if (printing.verbose && printing.newline) {
    out.append(publish.topic);
    out.append(" (null)");
  } else {
    return {};  // nothing at all, not even a line
  }
  if (printing.newline) out.put_u8('\n');
  return {};
}

int subscribe(SubscriberOptions options) {
  return Subscriber(std::move(options)).run();
}

}  // namespace mq
