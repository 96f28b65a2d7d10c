#include "mqsub/subscriber.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <random>
#include <utility>

#include <fmt/core.h>

#include "base/random.h"
#include "base/units.h"
#include "clients/client_program.h"
#include "clients/refusal.h"
#include "codec/topic.h"

namespace mq {
namespace {

// How long after the last retained message, and after the answer to a PINGREQ sent behind the
// SUBSCRIBE, no more are expected: a broker need not send them before its SUBACK.
constexpr Duration kRetainedQuiet = std::chrono::milliseconds(250);
constexpr int kExitFailIf = 3;

// Whether writing goes wrong with every message: it must not be acknowledged.
bool is_of_disk(const Error& error) {
  return error.code == ErrorCode::kIo && (error.system == ENOSPC || error.system == EDQUOT ||
                                          error.system == EIO || error.system == EROFS);
}

class Subscriber final : public ClientProgram, private MessageSink::Owner {
 public:
  explicit Subscriber(SubscriberOptions options)
      : ClientProgram(std::move(options.connection)),
        options_(std::move(options)),
        selection_(options_.selection),
        random_(std::random_device{}()),
        timeout_(loop_, [this](Now) { timed_out(); }),
        idle_(loop_, [this](Now) { idled(); }),
        retained_quiet_(loop_, [this](Now) { finish(); }) {}
  int run();

 private:
  void on_event(const ClientEvent& event, Now now) override;
  void on_lost(const Error& error, Duration retry_in, Now now) override;
  void on_ended(const Error* error, Now now) override;
  void interrupted(int signal) override;
  void sink_ready() override;
  void sink_failed(const Error& error) override;

  void on_connected(const Connected& connected);
  void subscribe(const std::vector<const WantedFilter*>& filters, uint32_t id);
  void on_subscribed(const Subscribed& subscribed);
  void request(const Result<uint16_t>& packet_id);
  void request_done(Now now);
  void on_message(const Publish& publish, Now now);
  void pass_on(const Publish& publish, Now now);
  void check_ending(const Publish& publish, Now now);
  void remove(const Publish& publish, Now now);
  void timed_out();
  void idled();
  void finish();
  void end(int code, ReasonCode reason = ReasonCode::kSuccess);
  void tell_stats(Now now) const;

  SubscriberOptions options_;
  Selection selection_;
  Random random_;
  std::unique_ptr<MessageSink> sink_;
  Timer timeout_, idle_, retained_quiet_;

  std::vector<std::vector<const WantedFilter*>> requested_;  // by the token of the SUBSCRIBE
  bool is_subscribed_ = false;  // the session at the server has our subscriptions
  size_t requests_ = 0;         // SUBSCRIBE and UNSUBSCRIBE without an answer
  size_t refused_ = 0;          // of the filters
  Time started_{};
  uint64_t arrived_ = 0, arrived_bytes_ = 0;
  uint64_t counted_ = 0;
  uint64_t removed_ = 0;    // retained messages
  uint64_t removing_ = 0;   // of them, without an answer
  bool finishing_ = false;  // done but for the removals
  bool ending_ = false;
  bool drains_ = true;  // wait for the reader of our output before we end
  bool ended_ = false;
};

int Subscriber::run() {
  auto sink = make_sink(loop_, options_.sink, console_, connection_.runner.address, *this);
  if (!sink) {
    console_.error(sink.error().text);
    return kExitFailure;
  }
  sink_ = std::move(*sink);
  const Now now = loop_.now();
  started_ = now.mono;
  if (options_.ending.timeout) timeout_.set(add(now.mono, *options_.ending.timeout));
  if (options_.ending.idle_timeout) idle_.set(add(now.mono, *options_.ending.idle_timeout));
  int code = run_loop();
  if (auto closed = sink_->finish(loop_.read_clock()); !closed) {
    console_.error(closed.error().text);
    code = exit_code(closed.error());
  }
  if (options_.remove_retained) {
    console_.note(fmt::format("{} retained messages {}removed.", removed_,
                              options_.dry_run ? "would be " : ""));
  }
  if (options_.stats) tell_stats(loop_.read_clock());
  return code;
}

void Subscriber::on_event(const ClientEvent& event, Now now) {
  if (const auto* arrived = std::get_if<MessageArrived>(&event)) {
    return on_message(arrived->publish, now);
  }
  ClientProgram::on_event(event, now);
  if (const auto* connected = std::get_if<Connected>(&event)) {
    on_connected(*connected);
  } else if (const auto* subscribed = std::get_if<Subscribed>(&event)) {
    on_subscribed(*subscribed);
    request_done(now);
  } else if (std::holds_alternative<Unsubscribed>(event)) {
    request_done(now);
  } else if (const auto* acked = std::get_if<Acked>(&event)) {
    --removing_;
    if (is_error(acked->reason)) {
      --removed_;
      console_.error(fmt::format("The broker did not remove a retained message: {} (0x{:02X})",
                                 text(acked->reason), static_cast<int>(acked->reason)));
      end_with(exit_code(acked->reason));
    }
    if (finishing_) finish();
  } else if (std::holds_alternative<PongReceived>(event)) {
    if (options_.ending.after_retained) retained_quiet_.set(now.mono + kRetainedQuiet);
  }
}

// All filters without an identifier in one SUBSCRIBE, as mosquitto_sub does, and an UNSUBSCRIBE for
// each -U behind it.
void Subscriber::on_connected(const Connected& connected) {
  if (const auto& origin = options_.sink.printing.origin) {
    *origin = {connection_.runner.address.host, std::string(session().client_id())};
  }
  sink_->connected();
  requests_ = 0;
  if (is_subscribed_ && connected.session_present) return;
  is_subscribed_ = false;
  refused_ = 0;
  requested_.clear();
  std::vector<const WantedFilter*> together;
  for (const WantedFilter& wanted : options_.filters) {
    if (wanted.id == 0) together.push_back(&wanted);
  }
  if (!together.empty()) subscribe(together, 0);
  for (const WantedFilter& wanted : options_.filters) {
    if (wanted.id != 0) subscribe({&wanted}, wanted.id);
  }
  for (const std::string& filter : options_.unsubscribe) {
    Buffer encoded;
    FilterListWriter writer(encoded, false);
    writer.add(filter);
    request(session().unsubscribe({writer.list(), options_.unsubscribe_properties.view()}));
  }
}

void Subscriber::subscribe(const std::vector<const WantedFilter*>& filters, uint32_t id) {
  Buffer encoded;
  FilterListWriter writer(encoded, true);
  // What only 5.0 has was not asked for when the broker may know less (-V auto).
  const bool v5 = session().options().version == Version::kV5;
  for (const WantedFilter* wanted : filters) {
    writer.add(wanted->filter, v5 ? wanted->options : SubscribeOptions{.qos = wanted->options.qos});
  }
  PropertyList properties = options_.subscribe_properties;
  if (id != 0) properties.add(PropertyId::kSubscriptionIdentifier, id);
  const auto token = static_cast<uint32_t>(requested_.size());
  requested_.push_back(filters);
  request(session().subscribe({writer.list(), properties.view(), token}));
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
  const std::vector<const WantedFilter*>& filters = requested_[subscribed.token];
  for (size_t i = 0; i < subscribed.codes.size(); ++i) {
    const auto code = static_cast<ReasonCode>(subscribed.codes[i]);
    if (!is_error(code)) continue;
    ++refused_;
    console_.error(refusal_text(fmt::format("The subscription to '{}'", filters[i]->filter),
                                where(), code, subscribed.properties));
    if (refused_ == options_.filters.size()) {
      console_.note("All subscription requests were denied.");
    }
    if (refused_ == options_.filters.size() || options_.strict) end(exit_code(code));
  }
}

void Subscriber::request_done(Now now) {
  if (--requests_ > 0) return;
  if (options_.ending.after_subscribe) return finish();
  if (options_.ending.after_retained && !ending_) session().ping(now);
}

void Subscriber::on_message(const Publish& publish, Now now) {
  if (finishing_) return;
  ++arrived_;
  arrived_bytes_ += publish.payload.size();
  if (options_.ending.idle_timeout) idle_.set(add(now.mono, *options_.ending.idle_timeout));
  if (retained_quiet_.at() != kNever && publish.retain) {
    retained_quiet_.set(now.mono + kRetainedQuiet);
  }
  if (options_.ending.at_fresh && !publish.retain) return finish();
  if (!selection_.takes(publish, now)) return;
  if (options_.remove_retained && publish.retain) remove(publish, now);
  if (options_.random_percent >= 100 || random_.chance(options_.random_percent / 100)) {
    pass_on(publish, now);
  }
  check_ending(publish, now);
}

void Subscriber::pass_on(const Publish& publish, Now now) {
  if (auto put = sink_->put(publish, now); !put) {
    if (is_of_disk(put.error())) return sink_failed(put.error());
    console_.error(put.error().text);
    // Others may fit the format, or have a file that can be written; but this one is missing.
    if (put.error().code == ErrorCode::kIo) end_with(exit_code(put.error()));
  }
  // What was acknowledged and not passed on would be lost with us: take no more than is taken.
  if (sink_->full()) runner_.pause_reading();
}

void Subscriber::check_ending(const Publish& publish, Now) {
  const EndingOptions& ending = options_.ending;
  ++counted_;
  const std::string_view payload = to_string_view(publish.payload);
  if (ending.fail_if && ending.fail_if->found_in(payload)) return end(kExitFailIf);
  const auto is_last_topic = [&publish](const std::string& filter) {
    return matches(filter, publish.topic);
  };
  if (counted_ == ending.count || (ending.until && ending.until->found_in(payload)) ||
      std::ranges::any_of(ending.until_topic, is_last_topic)) {
    finish();
  }
}

// An empty retained message takes the place of the retained one (section 3.3.1.3).
void Subscriber::remove(const Publish& publish, Now now) {
  ++removed_;
  if (options_.dry_run) return;
  const auto result =
      session().publish({.topic = publish.topic, .qos = Qos::kAtLeastOnce, .retain = true}, now);
  if (result) {
    ++removing_;
  } else {
    console_.error(fmt::format("{}: {}", publish.topic, result.error().text));
    end(exit_code(result.error()));
  }
}

void Subscriber::sink_ready() {
  if (ended_) {
    if (!sink_->busy()) loop_.stop();
  } else if (!sink_->full()) {
    runner_.resume_reading();
  }
}

void Subscriber::sink_failed(const Error& error) {
  drains_ = false;
  // Nobody reads any more: all that was wanted has been seen (mqsub | head).
  if (error.code == ErrorCode::kClosed) return end(kExitOk);
  console_.error(error.text);
  end_with(exit_code(error));  // also when it comes of the last message, and we are ending
  end(exit_code(error));
}

void Subscriber::timed_out() {
  console_.note(runner_.connected() ? "Timed out" : not_connected_text());
  drains_ = false;
  end(kExitTimedOut, ReasonCode::kDisconnectWithWill);
}

void Subscriber::idled() {
  if (arrived_ > 0) return finish();
  timed_out();
}

// Orderly, once the removals are acknowledged.
void Subscriber::finish() {
  finishing_ = true;
  if (removing_ == 0) end(kExitOk);
}

void Subscriber::end(int code, ReasonCode reason) {
  if (std::exchange(ending_, true)) return;
  finishing_ = true;
  end_with(code);
  timeout_.cancel();
  idle_.cancel();
  retained_quiet_.cancel();
  runner_.stop(reason, options_.disconnect_properties.view());
}

void Subscriber::interrupted(int signal) {
  if (ending_) {  // asked twice, or the end takes too long for somebody
    code_ = kExitSignal + signal;
    return loop_.stop();
  }
  drains_ = false;
  end(kExitOk, ReasonCode::kDisconnectWithWill);
}

void Subscriber::on_lost(const Error& error, Duration retry_in, Now now) {
  sink_->connection_lost();
  ClientProgram::on_lost(error, retry_in, now);
}

void Subscriber::on_ended(const Error* error, Now now) {
  ended_ = true;
  sink_->flush();
  if (sink_->busy() && drains_ && error == nullptr) return;  // sink_ready() stops the loop
  ClientProgram::on_ended(error, now);
}

void Subscriber::tell_stats(Now now) const {
  const double elapsed = std::max(seconds(now.mono - started_), 1e-9);
  const double rate = static_cast<double>(arrived_) / elapsed;
  if (options_.json_stats) {
    console_.note(
        fmt::format(R"({{"messages":{},"bytes":{},"passed_on":{},"seconds":{:.3f},"rate":{:.3f}}})",
                    arrived_, arrived_bytes_, counted_, elapsed, rate));
  } else {
    console_.note(fmt::format("{} messages, {}, in {:.3f} s: {}; {} of them passed on", arrived_,
                              format_size(arrived_bytes_), elapsed, format_rate(rate), counted_));
  }
}

}  // namespace

int subscribe(SubscriberOptions options) {
  return Subscriber(std::move(options)).run();
}

}  // namespace mq
