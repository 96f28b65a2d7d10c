#include "mqrr/responder.h"

#include <algorithm>
#include <deque>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "clients/client_program.h"
#include "clients/command_run.h"
#include "clients/refusal.h"

namespace mq {
namespace {

class Responder final : public ClientProgram {
 public:
  explicit Responder(ResponderOptions options)
      : ClientProgram(std::move(options.connection)), options_(std::move(options)) {}
  using ClientProgram::run_loop;

 private:
  struct Job {
    std::string request_topic;
    std::string response_topic;
    std::optional<std::string> correlation_data;
    ChildOptions run;
    std::optional<ChildProcess> process;
  };

  void on_event(const ClientEvent& event, Now now) override;
  void interrupted(int signal) override;

  void subscribe();
  void on_subscribed(const Subscribed& subscribed);
  void on_request(const Publish& publish);
  void start_jobs();
  void ended(Job* job, const Result<int>& status);
  void respond(const Job& job, std::string_view response, int status);
  void end(int code, ReasonCode reason);

  ResponderOptions options_;
  std::deque<std::unique_ptr<Job>> waiting_;  // no more than one read brought
  std::vector<std::unique_ptr<Job>> running_;
  bool is_subscribed_ = false;
  bool ending_ = false;
};

void Responder::on_event(const ClientEvent& event, Now now) {
  if (const auto* arrived = std::get_if<MessageArrived>(&event)) {
    return on_request(arrived->publish);
  }
  ClientProgram::on_event(event, now);
  if (const auto* connected = std::get_if<Connected>(&event)) {
    if (!is_subscribed_ || !connected->session_present) subscribe();
  } else if (const auto* subscribed = std::get_if<Subscribed>(&event)) {
    on_subscribed(*subscribed);
  } else if (const auto* acked = std::get_if<Acked>(&event); acked && is_error(acked->reason)) {
    console_.warning(refusal_text("A response", where(), acked->reason, acked->properties));
  }
}

void Responder::subscribe() {
  Buffer encoded;
  FilterListWriter writer(encoded, true);
  const bool v5 = session().options().version == Version::kV5;
  writer.add(options_.filter, v5 ? options_.subscribe_options
                                 : SubscribeOptions{.qos = options_.subscribe_options.qos});
  const auto result = session().subscribe({writer.list(), options_.subscribe_properties.view(), 0});
  if (!result) {
    console_.error(result.error().text);
    end(exit_code(result.error()), ReasonCode::kSuccess);
  }
}

void Responder::on_subscribed(const Subscribed& subscribed) {
  const auto code = static_cast<ReasonCode>(subscribed.codes[0]);
  is_subscribed_ = !is_error(code);
  if (is_subscribed_) return;
  console_.error(refusal_text(fmt::format("The subscription to '{}'", options_.filter), where(),
                              code, subscribed.properties));
  end(exit_code(code), ReasonCode::kSuccess);
}

void Responder::on_request(const Publish& publish) {
  if (ending_ || (options_.no_retained && publish.retain)) return;
  const auto topic = publish.properties.text(PropertyId::kResponseTopic);
  if (!topic && options_.response_topic.empty()) {
    console_.warning(fmt::format(
        "The request on {} does not say where to respond to; -e names a topic for such.",
        publish.topic));
    return;
  }
  auto job = std::make_unique<Job>();
  job->request_topic = publish.topic;
  job->response_topic = topic.value_or(options_.response_topic);
  if (const auto data = publish.properties.text(PropertyId::kCorrelationData)) {
    job->correlation_data = *data;
  }
  job->run = command_run(options_.command, publish);
  job->run.output_max = options_.response_max;
  waiting_.push_back(std::move(job));
  start_jobs();
}

// While one has to wait, the network is not read.
void Responder::start_jobs() {
  while (!waiting_.empty() && running_.size() < options_.jobs_max) {
    Job* job = running_.emplace_back(std::move(waiting_.front())).get();
    waiting_.pop_front();
    job->process.emplace(loop_, std::move(job->run),
                         [this, job](const Result<int>& status) { ended(job, status); });
  }
  if (waiting_.empty()) {
    runner_.resume_reading();
  } else {
    runner_.pause_reading();
  }
}

void Responder::ended(Job* job, const Result<int>& status) {
  if (!status) {
    console_.error(fmt::format("No response to {}: '{}': {}.", job->request_topic, options_.command,
                               status.error().text));
  } else {
    if (*status != 0) {
      console_.warning(fmt::format("'{}' ended with exit code {}.", options_.command, *status));
    }
    respond(*job, job->process->take_output(), *status);
  }
  std::erase_if(running_, [job](const auto& candidate) { return candidate.get() == job; });
  start_jobs();
  runner_.wake();
}

void Responder::respond(const Job& job, std::string_view response, int status) {
  PropertyList properties;
  if (session().options().version == Version::kV5) {
    if (job.correlation_data) {
      properties.add(PropertyId::kCorrelationData, *job.correlation_data);
    }
    if (status != 0) properties.add_user("exit-status", fmt::format("{}", status));
    properties.add(options_.properties.view());
  }
  const auto result = session().publish({.topic = job.response_topic,
                                         .payload = to_bytes(response),
                                         .qos = options_.qos,
                                         .properties = properties.view()},
                                        loop_.now());
  if (!result) {
    console_.warning(fmt::format("No response to {}: {}.", job.request_topic, result.error().text));
  }
}

void Responder::end(int code, ReasonCode reason) {
  if (std::exchange(ending_, true)) return;
  end_with(code);
  waiting_.clear();
  runner_.stop(reason, options_.disconnect_properties.view());
}

void Responder::interrupted(int signal) {
  if (ending_) {
    code_ = kExitSignal + signal;
    return loop_.stop();
  }
  end(kExitOk, ReasonCode::kDisconnectWithWill);
}

}  // namespace

int respond(ResponderOptions options) {
  return Responder(std::move(options)).run_loop();
}

}  // namespace mq
