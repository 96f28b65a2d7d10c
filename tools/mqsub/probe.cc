#include "mqsub/probe.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <random>
#include <string>
#include <utility>

#include <fmt/core.h>

#include "base/random.h"
#include "clients/client_program.h"
#include "clients/refusal.h"
#include "mqsub/probe_report.h"

namespace mq {
namespace {

// A check without an answer by then fails; --connect-timeout can make it less.
constexpr Duration kCheckTime = std::chrono::seconds(5);

struct CheckPlan {
  std::string_view name;
  Qos qos;
  std::string_view filter, topic;  // below the probe's own topic
  bool is_shared = false, is_retained = false;
};

constexpr std::array kPlans = {
    CheckPlan{"QoS 0 round trip", Qos::kAtMostOnce, "qos0", "qos0"},
    CheckPlan{"QoS 1 round trip", Qos::kAtLeastOnce, "qos1", "qos1"},
    CheckPlan{"QoS 2 round trip", Qos::kExactlyOnce, "qos2", "qos2"},
    CheckPlan{"retained message", Qos::kAtMostOnce, "kept", "kept", false, true},
    CheckPlan{"wildcard subscription", Qos::kAtMostOnce, "+/level", "any/level"},
    CheckPlan{"shared subscription", Qos::kAtMostOnce, "shared", "shared", true},
};

class Probe final : public ClientProgram {
 public:
  explicit Probe(ProbeOptions options)
      : ClientProgram(std::move(options.connection)),
        options_(std::move(options)),
        base_(unused_topic()),
        timeout_(loop_, [this](Now) { timed_out(); }),
        check_time_(loop_, [this](Now now) { finish_check(now, std::string(no_answer())); }) {}
  int run();

 private:
  static std::string unused_topic();
  void on_event(const ClientEvent& event, Now now) override;
  void interrupted(int signal) override;

  const CheckPlan& plan() const { return kPlans[at_]; }
  std::string topic() const { return fmt::format("{}/{}", base_, plan().topic); }
  void next_check(Now now);
  bool is_offered(const CheckPlan& plan) const;
  void subscribe(Now now);
  void publish(std::string_view payload, Now now);
  void on_subscribed(const Subscribed& subscribed, Now now);
  void on_acked(const Acked& acked, Now now);
  void on_message(const Publish& publish, Now now);
  void finish_check(Now now, std::string why = {});
  std::string_view no_answer() const;
  void timed_out();
  void end(int code);

  ProbeOptions options_;
  const std::string base_;
  Timer timeout_, check_time_;
  ProbeReport report_;
  size_t at_ = 0;          // of kPlans
  bool checking_ = false;  // at_ has begun and has no outcome
  Time started_{}, sent_{};
};

std::string Probe::unused_topic() {
  Random random((uint64_t{std::random_device{}()} << 32) | std::random_device{}());
  return "mqkit/probe/" + random.alphanumeric(16);
}

int Probe::run() {
  started_ = loop_.read_clock().mono;
  if (options_.timeout) timeout_.set(add(loop_.now().mono, *options_.timeout));
  const int code = run_loop();
  if (report_.is_connected &&
      !write_all(STDOUT_FILENO, options_.json ? report_.json() : report_.text()) &&
      errno != EPIPE) {
    console_.error(fmt::format("cannot write the output: {}", std::strerror(errno)));
    return kExitSystem;
  }
  return code != kExitOk ? code : report_.failed() ? static_cast<int>(kExitFailure) : kExitOk;
}

void Probe::on_event(const ClientEvent& event, Now now) {
  ClientProgram::on_event(event, now);
  if (const auto* connected = std::get_if<Connected>(&event)) {
    report_.is_connected = true;
    report_.broker = where();
    report_.version = session().options().version;
    report_.client_id = session().client_id();
    report_.connect_time = now.mono - started_;
    report_.read(connected->properties, session().keep_alive_s());
    next_check(now);
  } else if (const auto* subscribed = std::get_if<Subscribed>(&event)) {
    on_subscribed(*subscribed, now);
  } else if (const auto* acked = std::get_if<Acked>(&event)) {
    on_acked(*acked, now);
  } else if (const auto* arrived = std::get_if<MessageArrived>(&event)) {
    on_message(arrived->publish, now);
  }
}

// The first that the broker does not rule out.
void Probe::next_check(Now now) {
  for (; at_ < kPlans.size() && !is_offered(plan()); ++at_) {
    report_.checks.push_back({plan().name, CheckOutcome::Kind::kNotOffered});
  }
  if (at_ == kPlans.size()) return end(kExitOk);
  checking_ = true;
  check_time_.set(now.mono + std::min(kCheckTime, connection_.runner.connect_timeout));
  if (plan().is_retained) {
    publish("kept", now);
  } else {
    subscribe(now);
  }
}

bool Probe::is_offered(const CheckPlan& plan) const {
  if (plan.qos > report_.qos_max) return false;
  if (plan.is_retained) return report_.retains;
  if (plan.is_shared) return report_.shares;
  return plan.filter == plan.topic || report_.has_wildcards;
}

void Probe::subscribe(Now now) {
  Buffer encoded;
  FilterListWriter writer(encoded, true);
  const std::string filter = fmt::format("{}/{}", base_, plan().filter);
  writer.add(plan().is_shared ? "$share/mqkit/" + filter : filter, {.qos = plan().qos});
  const auto sent = session().subscribe({writer.list(), {}, static_cast<uint32_t>(at_)});
  runner_.wake();
  if (!sent) finish_check(now, sent.error().text);
}

void Probe::publish(std::string_view payload, Now now) {
  // The answer to a retained one says that it is kept.
  const Qos qos = plan().is_retained ? std::min(Qos::kAtLeastOnce, report_.qos_max) : plan().qos;
  const auto sent = session().publish({.topic = topic(),
                                       .payload = to_bytes(payload),
                                       .qos = qos,
                                       .retain = plan().is_retained,
                                       .token = static_cast<uint32_t>(at_)},
                                      now);
  runner_.wake();
  sent_ = loop_.read_clock().mono;
  if (!sent) return finish_check(now, sent.error().text);
  if (plan().is_retained && qos == Qos::kAtMostOnce && !payload.empty()) subscribe(now);
}

void Probe::on_subscribed(const Subscribed& subscribed, Now now) {
  if (!checking_ || subscribed.token != at_) return;
  const auto code = static_cast<ReasonCode>(subscribed.codes[0]);
  if (is_error(code)) {
    return finish_check(now,
                        refusal_text("the subscription", where(), code, subscribed.properties));
  }
  if (subscribed.codes[0] < static_cast<uint8_t>(plan().qos)) {
    return finish_check(now, fmt::format("the broker grants QoS {} only", subscribed.codes[0]));
  }
  if (!plan().is_retained) publish("probe", now);
}

void Probe::on_acked(const Acked& acked, Now now) {
  if (!checking_ || acked.token != at_) return;
  if (is_error(acked.reason)) {
    return finish_check(now, refusal_text("the message", where(), acked.reason, acked.properties));
  }
  if (plan().is_retained) subscribe(now);
}

void Probe::on_message(const Publish& publish, Now now) {
  if (!checking_ || publish.topic != topic()) return;
  if (plan().is_retained && !publish.retain) return;
  if (publish.qos < plan().qos) {
    return finish_check(now, fmt::format("it came at QoS {}", static_cast<int>(publish.qos)));
  }
  finish_check(now);
}

// `why` it does not work; empty when it does.
void Probe::finish_check(Now now, std::string why) {
  checking_ = false;
  check_time_.cancel();
  CheckOutcome outcome{plan().name, CheckOutcome::Kind::kWorks};
  if (!why.empty()) {
    outcome.kind = CheckOutcome::Kind::kFails;
    outcome.why = std::move(why);
  } else {
    outcome.time = loop_.read_clock().mono - sent_;
  }
  report_.checks.push_back(std::move(outcome));
  if (plan().is_retained) {
    // Nothing of us stays behind.
    static_cast<void>(
        session().publish({.topic = topic(), .retain = true, .token = UINT32_MAX}, now));
  }
  ++at_;
  next_check(now);
}

std::string_view Probe::no_answer() const {
  return plan().qos == Qos::kAtMostOnce && !plan().is_retained
             ? "nothing came back (at QoS 0 a broker drops what it does not allow without a word)"
             : "no answer";
}

void Probe::timed_out() {
  console_.note(runner_.connected() ? fmt::format("Timed out during the check: {}", plan().name)
                                    : not_connected_text());
  end(kExitTimedOut);
}

void Probe::interrupted(int signal) {
  end(kExitSignal + signal);
}

void Probe::end(int code) {
  end_with(code);
  checking_ = false;
  timeout_.cancel();
  check_time_.cancel();
  runner_.stop();
}

}  // namespace

int probe(ProbeOptions options) {
  ConnectOptions& connection = options.connection;
  // A session of its own, which ends with it: what it subscribes to must not outlive it.
  connection.client.clean_start = true;
  connection.client.session_expiry_s.reset();
  connection.client.will.reset();
  connection.runner.reconnect = false;
  connection.runner.retry_first = false;
  return Probe(std::move(options)).run();
}

}  // namespace mq
